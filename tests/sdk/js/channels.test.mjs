import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { client, member, until } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { ways } from './ways.mjs';

for (const way of ways) {
  describe(`channels over ${way.name}`, () => {
    let server;
    before(async () => {
      server = await Wigwag.start({ config: sdkConfig });
    });
    after(() => server?.stop());
    const join = (t, user, channel) => member(t, way, server.port, user, channel);

    test('a client connects with a token of the command line', async (t) => {
      const token = await server.token('--user', 'alice', '--ttl', '1h');
      const alice = client(t, way, server.port, 'alice', { token });

      const connected = await until(alice, 'connected');

      assert.equal(connected.transport, way.transport);
      assert.match(connected.client, /^[0-9a-f-]{36}$/);
    });

    test('a subscriber hears what it and others publish, in one order', async (t) => {
      const alice = await join(t, 'alice', 'room:talk');
      const bob = await join(t, 'bob', 'room:talk');

      await alice.publish('from alice');
      await bob.publish('from bob');
      await server.api('publish', { channel: 'room:talk', data: 'from the api' });
      await Promise.all([alice.got.last('from the api'), bob.got.last('from the api')]);

      assert.deepEqual(alice.got.items, ['from alice', 'from bob', 'from the api']);
      assert.deepEqual(bob.got.items, alice.got.items);
    });

    test('a publication says which user published it, and none for the api', async (t) => {
      const alice = await join(t, 'alice', 'room:origin');
      const bob = await join(t, 'bob', 'room:origin');

      await bob.publish(1);
      const receipt = await server.api('publish', { channel: 'room:origin', data: 2, tags: { kind: 'second' } });
      await alice.got.last(2);
      const [fromBob, fromApi] = alice.got.contexts;

      assert.equal(fromBob.info.user, 'bob');
      assert.equal(fromApi.info, undefined);
      assert.equal(Number(fromApi.offset), receipt.offset);
      assert.equal(fromApi.tags.kind, 'second');
    });

    test('payloads of every shape of json arrive as they were sent', async (t) => {
      const alice = await join(t, 'alice', 'room:shapes');
      const shapes = [null, false, 0, -1.5, '', 'línea\n\u2028', [], {}, { deep: [{ a: '"' }] }];

      for (const shape of shapes) {
        await alice.publish(shape);
      }
      await alice.publish('end');
      await alice.got.last('end');

      assert.deepEqual(alice.got.items, [...shapes, 'end']);
    });

    test('presence names each connection, presence stats count them', async (t) => {
      const alice = await join(t, 'alice', 'room:present');
      await join(t, 'bob', 'room:present');
      await join(t, 'bob', 'room:present');

      const { clients } = await alice.subscription.presence();
      const stats = await alice.subscription.presenceStats();

      assert.deepEqual(Object.values(clients).map(({ user }) => user).sort(), ['alice', 'bob', 'bob']);
      assert.deepEqual(stats, { numClients: 3, numUsers: 2 });
    });

    test('members hear others join and leave', async (t) => {
      const alice = await join(t, 'alice', 'room:doors');

      const joined = until(alice.subscription, 'join', ({ info }) => info.user === 'bob');
      const left = until(alice.subscription, 'leave', ({ info }) => info.user === 'bob');
      const bob = await join(t, 'bob', 'room:doors');
      const { info } = await joined;
      bob.connection.disconnect();

      assert.equal((await left).info.client, info.client);
    });

    test('history reads forwards, backwards, from a position and the position alone', async (t) => {
      const alice = await join(t, 'alice', 'room:past');
      for (const data of [1, 2, 3, 4]) {
        await server.api('publish', { channel: 'room:past', data });
      }
      const read = async (options) => {
        const { publications, offset } = await alice.subscription.history(options);
        return [publications.map(({ data }) => way.unpacked(data)), Number(offset)];
      };

      const { epoch } = await alice.subscription.history({ limit: 0 });

      assert.deepEqual(await read({ limit: 0 }), [[], 4]);
      assert.deepEqual(await read({ limit: 3 }), [[1, 2, 3], 4]);
      assert.deepEqual(await read({ limit: 3, reverse: true }), [[4, 3, 2], 4]);
      assert.deepEqual(await read({ limit: 10, since: { offset: 2, epoch } }), [[3, 4], 4]);
      await assert.rejects(read({ limit: 1, since: { offset: 2, epoch: 'another' } }), { code: 112 });
    });

    test('an unsubscribed client hears no more and may come back', async (t) => {
      const alice = await join(t, 'alice', 'room:break');
      const bob = await join(t, 'bob', 'room:break');
      await server.api('publish', { channel: 'room:break', data: 'before' });
      await alice.got.last('before');

      const left = until(bob.subscription, 'leave', ({ info }) => info.user === 'alice');
      alice.subscription.unsubscribe();
      await left;
      await server.api('publish', { channel: 'room:break', data: 'unheard' });
      await bob.got.last('unheard');
      const heardWhileAway = [...alice.got.items];
      alice.subscription.subscribe();
      await alice.subscription.ready();
      await server.api('publish', { channel: 'room:break', data: 'heard' });
      await alice.got.last('heard');

      assert.deepEqual(heardWhileAway, ['before']);
      assert.equal(alice.got.items.at(-1), 'heard');
    });

    test('a client that cannot make up its mind is subscribed in the end, once', async (t) => {
      const alice = await join(t, 'alice', 'room:mind');
      // Posts may overtake each other, and the SDK waits for the answer of one unsubscribe only.
      const rounds = way.isWebSocket ? 10 : 1;

      for (let round = 0; round < rounds; round += 1) {
        alice.subscription.unsubscribe();
        alice.subscription.subscribe();
      }
      await alice.subscription.ready();
      await alice.publish('settled');
      await alice.got.last('settled');
      const { clients } = await alice.subscription.presence();

      assert.deepEqual(alice.got.items, ['settled']);
      assert.equal(Object.keys(clients).length, 1);
    });

    test('a channel of no namespace is refused for good with 102', async (t) => {
      const alice = client(t, way, server.port, 'alice');
      const subscription = alice.newSubscription('nowhere:at-all');

      const refused = until(subscription, 'unsubscribed');
      subscription.subscribe();

      assert.equal((await refused).code, 102);
    });

    test('presence where there is none and a call that nobody answers are refused with 108', async (t) => {
      const { connection, subscription } = await join(t, 'alice', 'short:none');

      await assert.rejects(subscription.presence(), { code: 108 });
      await assert.rejects(connection.rpc('sing', way.packed({ loud: true })), { code: 108 });
    });

    test('the api answers history, presence and info', async (t) => {
      await join(t, 'alice', 'room:api');
      await server.api('publish', { channel: 'room:api', data: { n: 1 } });

      const history = await server.api('history', { channel: 'room:api', limit: 10 });
      const { presence } = await server.api('presence', { channel: 'room:api' });
      const { nodes } = await server.api('info');

      assert.deepEqual(history.publications.map(({ data }) => data), [{ n: 1 }]);
      assert.deepEqual(Object.values(presence).map(({ user }) => user), ['alice']);
      assert.equal(nodes.length, 1);
    });
  });
}
