import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, before, test } from 'node:test';

import { client, until } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { signed } from './tokens.mjs';

const TTL_SECS = 3;

let server;
before(async () => {
  server = await Wigwag.start({ config: sdkConfig });
});
after(() => server?.stop());

// The settings give two seconds of grace: had the first refresh not been accepted, the connection would be closed
// before the third token is asked for.
test('an expiring token is refreshed and the connection outlives it', async (t) => {
  const calls = new EventEmitter();
  const alice = client(t, server.websocket, 'alice', {
    getToken: async () => {
      calls.emit('call');
      return server.token('--user', 'alice', '--ttl', `${TTL_SECS}s`);
    },
  });
  await until(alice, 'connected');
  const lost = [];
  alice.on('connecting', (context) => lost.push(context));
  alice.on('disconnected', (context) => lost.push(context));

  await until(calls, 'call');
  await until(calls, 'call');
  const subscription = alice.newSubscription('room:refreshed');
  subscription.subscribe();
  await until(subscription, 'subscribed');

  assert.deepEqual(lost, []);
});

test('a token that expired beforehand makes the client fetch another', async (t) => {
  const alice = client(t, server.websocket, 'alice', {
    token: signed('alice', { ttlSecs: -10 }),
    getToken: async () => signed('alice'),
  });

  const connected = await until(alice, 'connected');

  assert.ok(connected.client);
});

test('a forged token stops the client with 3500', async (t) => {
  const mallory = client(t, server.websocket, 'mallory', { token: signed('alice', { secret: 'a guess' }) });

  const stopped = await until(mallory, 'disconnected');

  assert.equal(stopped.code, 3500);
});

test('a client without a token stops with 3501', async (t) => {
  const nobody = client(t, server.websocket, '', { token: '' });

  const stopped = await until(nobody, 'disconnected');

  assert.equal(stopped.code, 3501);
});
