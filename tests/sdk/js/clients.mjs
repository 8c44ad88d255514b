// Clients of the official SDK, and ways to wait for what they say.

import { signed } from './tokens.mjs';

const DEADLINE_MS = 15_000;

/** A connecting client; it is closed when the test ends. */
export function client(test, way, port, user, options = {}) {
  const made = prepared(test, way, port, user, options);
  made.connect();
  return made;
}

/** The same before it connects. */
export function prepared(test, way, port, user, options = {}) {
  const place = way.to(port);
  const made = new way.Client(place.endpoint, {
    ...place.options,
    token: options.getToken ? '' : signed({ sub: user }),
    minReconnectDelay: 20,
    maxReconnectDelay: 250,
    ...options,
  });
  test.after(() => made.disconnect());
  return made;
}

/** A client and its live subscription to a channel. */
export async function member(test, way, port, user, channel, options = {}) {
  const connection = client(test, way, port, user);
  const subscription = connection.newSubscription(channel, options);
  const got = collected(way, subscription);
  subscription.subscribe();
  await subscription.ready(DEADLINE_MS);
  const publish = (value) => subscription.publish(way.packed(value));
  return { connection, subscription, publish, got };
}

/** The next event that matches. */
export function until(emitter, event, matches = () => true) {
  return new Promise((resolve, reject) => {
    const listen = (context) => {
      if (matches(context)) {
        finish(resolve, context);
      }
    };
    const timer = setTimeout(() => finish(reject, new Error(`no ${event} in ${DEADLINE_MS} ms`)), DEADLINE_MS);
    const finish = (settle, value) => {
      clearTimeout(timer);
      emitter.removeListener(event, listen);
      settle(value);
    };
    emitter.on(event, listen);
  });
}

/**
 * Everything a subscription receives, in order; `first(matches)` resolves when such a thing has arrived, `last(value)`
 * when that very value has.
 */
export function collected(way, emitter) {
  const items = [];
  const contexts = [];
  emitter.on('publication', (context) => {
    items.push(way.unpacked(context.data));
    contexts.push(context);
  });
  const first = (matches) =>
    items.some(matches) ? Promise.resolve() : until(emitter, 'publication', ({ data }) => matches(way.unpacked(data)));
  const last = (value) => first((item) => item === value);
  return { items, contexts, first, last };
}
