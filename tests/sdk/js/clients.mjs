// Clients of the official SDK, and ways to wait for what they say.

import { Centrifuge } from 'centrifuge';
import WebSocket from 'ws';

import { signed } from './tokens.mjs';

const DEADLINE_MS = 15_000;

/** A connecting client; it is closed when the test ends. */
export function client(test, address, user, options = {}) {
  const made = new Centrifuge(address, {
    websocket: WebSocket,
    token: options.getToken ? '' : signed(user),
    minReconnectDelay: 20,
    maxReconnectDelay: 250,
    ...options,
  });
  test.after(() => made.disconnect());
  made.connect();
  return made;
}

/** A client and its live subscription to a channel. */
export async function member(test, address, user, channel) {
  const connection = client(test, address, user);
  const subscription = connection.newSubscription(channel);
  const got = collected(subscription);
  subscription.subscribe();
  await subscription.ready(DEADLINE_MS);
  return { connection, subscription, got };
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

/** Everything a subscription receives, in order; `last(data)` resolves when that has arrived. */
function collected(subscription) {
  const items = [];
  subscription.on('publication', ({ data }) => items.push(data));
  const last = (data) =>
    items.includes(data) ? Promise.resolve() : until(subscription, 'publication', (context) => context.data === data);
  return { items, last };
}
