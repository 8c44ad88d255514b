import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { client, member, until } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { signed } from './tokens.mjs';
import { ways } from './ways.mjs';

const TTL_SECS = 3;

/** Hands out tokens that live for a moment; `third` resolves when it is asked for the third time. */
function moments(claims) {
  const calls = new EventEmitter();
  let number = 0;
  const third = until(calls, 'call', () => number === 3);
  const getToken = async () => {
    number += 1;
    calls.emit('call');
    return signed(claims, { ttlSecs: TTL_SECS });
  };
  return { getToken, third };
}

let server;
before(async () => {
  server = await Wigwag.start({ config: sdkConfig });
});
after(() => server?.stop());

// The settings give two seconds of grace: had the first refresh not been accepted, the connection or the subscription
// would be closed before the third token is asked for.
describe('time passes', { concurrency: true }, () => {
  for (const way of ways) {
    test(`an expiring token is refreshed and the connection outlives it, over ${way.name}`, async (t) => {
      const { getToken, third } = moments({ sub: 'alice' });
      const alice = client(t, way, server.port, 'alice', { getToken });
      await until(alice, 'connected');
      const lost = [];
      alice.on('connecting', (context) => lost.push(context));
      alice.on('disconnected', (context) => lost.push(context));

      await third;
      const subscription = alice.newSubscription('room:refreshed');
      subscription.subscribe();
      await until(subscription, 'subscribed');

      assert.deepEqual(lost, []);
    });

    test(`an expiring subscription token is refreshed as well, over ${way.name}`, async (t) => {
      const channel = '$room:refreshed';
      const { getToken, third } = moments({ sub: 'alice', channel });
      const alice = await member(t, way, server.port, 'alice', channel, { getToken });
      const lost = [];
      alice.subscription.on('subscribing', (context) => lost.push(context));
      alice.subscription.on('unsubscribed', (context) => lost.push(context));

      await third;
      await alice.publish(way.name);
      await alice.got.last(way.name);

      assert.deepEqual(lost, []);
    });
  }
});

for (const way of ways) {
  describe(`tokens over ${way.name}`, () => {
    test('a token that expired beforehand makes the client fetch another', async (t) => {
      const alice = client(t, way, server.port, 'alice', {
        token: signed({ sub: 'alice' }, { ttlSecs: -10 }),
        getToken: async () => signed({ sub: 'alice' }),
      });

      const connected = await until(alice, 'connected');

      assert.ok(connected.client);
    });

    test('a forged token stops the client with 3500', async (t) => {
      const forged = signed({ sub: 'alice' }, { secret: 'a guess' });
      const mallory = client(t, way, server.port, 'mallory', { token: forged });

      const stopped = await until(mallory, 'disconnected');

      assert.equal(stopped.code, 3500);
    });

    test('a client without a token stops with 3501', async (t) => {
      const nobody = client(t, way, server.port, '', { token: '' });

      const stopped = await until(nobody, 'disconnected');

      assert.equal(stopped.code, 3501);
    });

    test('a private channel wants a token of its own', async (t) => {
      const channel = '$room:private';
      const alice = client(t, way, server.port, 'alice');
      const without = alice.newSubscription(channel);
      const refused = until(without, 'unsubscribed');
      without.subscribe();
      assert.equal((await refused).code, 103);
      alice.removeSubscription(without);

      const expired = signed({ sub: 'alice', channel }, { ttlSecs: -10 });
      const getToken = async () => signed({ sub: 'alice', channel });
      const subscription = alice.newSubscription(channel, { token: expired, getToken });
      const subscribed = until(subscription, 'subscribed');
      subscription.subscribe();

      assert.equal((await subscribed).channel, channel);
    });
  });
}
