import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { client, member, until } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';

let server;
before(async () => {
  server = await Wigwag.start({ config: sdkConfig });
});
after(() => server?.stop());

test('a client connects with a token of the command line', async (t) => {
  const token = await server.token('--user', 'alice', '--ttl', '1h');
  const alice = client(t, server.websocket, 'alice', { token });

  const connected = await until(alice, 'connected');

  assert.equal(connected.transport, 'websocket');
  assert.match(connected.client, /^[0-9a-f-]{36}$/);
});

test('a subscriber hears what it and others publish, in one order', async (t) => {
  const alice = await member(t, server.websocket, 'alice', 'room:talk');
  const bob = await member(t, server.websocket, 'bob', 'room:talk');

  await alice.subscription.publish('from alice');
  await bob.subscription.publish('from bob');
  await server.api('publish', { channel: 'room:talk', data: 'from the api' });
  await Promise.all([alice.got.last('from the api'), bob.got.last('from the api')]);

  assert.deepEqual(alice.got.items, ['from alice', 'from bob', 'from the api']);
  assert.deepEqual(bob.got.items, alice.got.items);
});

test('a publication says which user published it, and none for the api', async (t) => {
  const alice = await member(t, server.websocket, 'alice', 'room:origin');
  const bob = await member(t, server.websocket, 'bob', 'room:origin');

  const fromBob = until(alice.subscription, 'publication', ({ data }) => data === 1);
  await bob.subscription.publish(1);
  const fromApi = until(alice.subscription, 'publication', ({ data }) => data === 2);
  const receipt = await server.api('publish', { channel: 'room:origin', data: 2 });

  assert.equal((await fromBob).info.user, 'bob');
  assert.equal((await fromApi).info, undefined);
  assert.equal((await fromApi).offset, receipt.offset);
});

test('payloads of every shape of json arrive as they were sent', async (t) => {
  const alice = await member(t, server.websocket, 'alice', 'room:shapes');
  const shapes = [null, false, 0, -1.5, '', 'línea\n\u2028', [], {}, { deep: [{ a: '"' }] }];

  for (const shape of shapes) {
    await alice.subscription.publish(shape);
  }
  await alice.subscription.publish('end');
  await alice.got.last('end');

  assert.deepEqual(alice.got.items, [...shapes, 'end']);
});

test('presence names each connection, presence stats count them', async (t) => {
  const alice = await member(t, server.websocket, 'alice', 'room:present');
  await member(t, server.websocket, 'bob', 'room:present');
  await member(t, server.websocket, 'bob', 'room:present');

  const { clients } = await alice.subscription.presence();
  const stats = await alice.subscription.presenceStats();

  assert.deepEqual(Object.values(clients).map(({ user }) => user).sort(), ['alice', 'bob', 'bob']);
  assert.deepEqual(stats, { numClients: 3, numUsers: 2 });
});

test('members hear others join and leave', async (t) => {
  const alice = await member(t, server.websocket, 'alice', 'room:doors');

  const joined = until(alice.subscription, 'join', ({ info }) => info.user === 'bob');
  const left = until(alice.subscription, 'leave', ({ info }) => info.user === 'bob');
  const bob = await member(t, server.websocket, 'bob', 'room:doors');
  const { info } = await joined;
  bob.connection.disconnect();

  assert.equal((await left).info.client, info.client);
});

test('history reads forwards, backwards, from a position and the position alone', async (t) => {
  const alice = await member(t, server.websocket, 'alice', 'room:past');
  for (const data of [1, 2, 3, 4]) {
    await server.api('publish', { channel: 'room:past', data });
  }
  const read = async (options) => {
    const { publications, offset } = await alice.subscription.history(options);
    return [publications.map(({ data }) => data), offset];
  };

  const { epoch } = await alice.subscription.history({ limit: 0 });

  assert.deepEqual(await read({ limit: 0 }), [[], 4]);
  assert.deepEqual(await read({ limit: 3 }), [[1, 2, 3], 4]);
  assert.deepEqual(await read({ limit: 3, reverse: true }), [[4, 3, 2], 4]);
  assert.deepEqual(await read({ limit: 10, since: { offset: 2, epoch } }), [[3, 4], 4]);
  await assert.rejects(read({ limit: 1, since: { offset: 2, epoch: 'another' } }), { code: 112 });
});

test('an unsubscribed client hears no more and may come back', async (t) => {
  const alice = await member(t, server.websocket, 'alice', 'room:break');
  const bob = await member(t, server.websocket, 'bob', 'room:break');

  const left = until(bob.subscription, 'leave', ({ info }) => info.user === 'alice');
  alice.subscription.unsubscribe();
  await left;
  await server.api('publish', { channel: 'room:break', data: 'unheard' });
  alice.subscription.subscribe();
  await alice.subscription.ready();
  await server.api('publish', { channel: 'room:break', data: 'heard' });
  await alice.got.last('heard');

  assert.equal(alice.got.items.at(-1), 'heard');
});

test('a channel of no namespace is refused for good with 102', async (t) => {
  const alice = client(t, server.websocket, 'alice');
  const subscription = alice.newSubscription('nowhere:at-all');

  const refused = until(subscription, 'unsubscribed');
  subscription.subscribe();

  assert.equal((await refused).code, 102);
});

test('the api answers history, presence and info', async (t) => {
  await member(t, server.websocket, 'alice', 'room:api');
  await server.api('publish', { channel: 'room:api', data: { n: 1 } });

  const history = await server.api('history', { channel: 'room:api', limit: 10 });
  const { presence } = await server.api('presence', { channel: 'room:api' });
  const { nodes } = await server.api('info');

  assert.deepEqual(history.publications.map(({ data }) => data), [{ n: 1 }]);
  assert.deepEqual(Object.values(presence).map(({ user }) => user), ['alice']);
  assert.equal(nodes.length, 1);
});
