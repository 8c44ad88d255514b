import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { member, until } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { ways } from './ways.mjs';
import { wired } from './wire.mjs';

for (const way of ways) {
  describe(`recovery over ${way.name}`, () => {
    let server;
    before(async () => {
      server = await Wigwag.start({ config: sdkConfig });
    });
    after(() => server?.stop());
    const publish = async (channel, from, to) => {
      for (let data = from; data <= to; data += 1) {
        await server.api('publish', { channel, data });
      }
    };
    const cuttable = async (t, channel, seen) => {
      const alice = await wired(t, way, server.port, 'alice', channel);
      await publish(channel, 1, seen);
      await alice.got.last(seen);
      return alice;
    };

    test('a dropped client gets all it missed, once and in order', async (t) => {
      const alice = await cuttable(t, 'room:dropped', 3);

      const back = await alice.unplugged(() => publish('room:dropped', 4, 40));
      await publish('room:dropped', 41, 42);
      await alice.got.last(42);

      assert.equal(back.wasRecovering, true);
      assert.equal(back.recovered, true);
      assert.deepEqual(alice.got.items, Array.from({ length: 42 }, (_, index) => index + 1));
    });

    test('a client that missed nothing recovers with nothing', async (t) => {
      const alice = await cuttable(t, 'room:quiet', 2);

      const back = await alice.unplugged(async () => {});

      assert.equal(back.recovered, true);
      assert.deepEqual(alice.got.items, [1, 2]);
    });

    test('a client that is dropped again and again while others talk misses nothing', async (t) => {
      const alice = await cuttable(t, 'room:storm', 1);

      for (let round = 0; round < 8; round += 1) {
        const first = 2 + round * 10;
        const back = await alice.unplugged(() => publish('room:storm', first, first + 8));
        assert.equal(back.recovered, true);
        await publish('room:storm', first + 9, first + 9);
      }
      await alice.got.last(81);

      assert.deepEqual(alice.got.items, Array.from({ length: 81 }, (_, index) => index + 1));
    });

    test('a client that comes back of its own will gets what it missed meanwhile', async (t) => {
      const alice = await member(t, way, server.port, 'alice', 'room:will');
      await publish('room:will', 1, 1);
      await alice.got.last(1);

      alice.connection.disconnect();
      await publish('room:will', 2, 5);
      alice.connection.connect();
      await alice.got.last(5);

      assert.deepEqual(alice.got.items, [1, 2, 3, 4, 5]);
    });

    test('a client that missed more than history keeps is told so and is live again', async (t) => {
      const alice = await cuttable(t, 'short:forgotten', 1);

      const back = await alice.unplugged(() => publish('short:forgotten', 2, 6));
      await publish('short:forgotten', 7, 7);
      await alice.got.last(7);

      assert.equal(back.wasRecovering, true);
      assert.equal(back.recovered, false);
      assert.deepEqual(alice.got.items, [1, 7]);
    });

    test('a restarted server tells the truth and is live again', async (t) => {
      const house = await Wigwag.start({ config: sdkConfig });
      t.after(() => house.stop());
      const alice = await member(t, way, house.port, 'alice', 'room:crash');
      const before = await house.api('publish', { channel: 'room:crash', data: 'before' });
      await alice.got.last('before');

      const subscribed = until(alice.subscription, 'subscribed');
      await house.kill();
      await house.startAgain();
      const back = await subscribed;
      const receipt = await house.api('publish', { channel: 'room:crash', data: 'after' });
      await alice.got.last('after');

      assert.equal(back.wasRecovering, true);
      assert.equal(back.recovered, false);
      assert.notEqual(back.streamPosition.epoch, before.epoch);
      assert.equal(receipt.epoch, back.streamPosition.epoch);
      assert.deepEqual(alice.got.items, ['before', 'after']);
    });

    test('whoever wants only the latest gets it on coming and on coming back', async (t) => {
      await publish('latest:price', 1, 3);
      const alice = await wired(t, way, server.port, 'alice', 'latest:price');
      await alice.got.last(3);

      const back = await alice.unplugged(() => publish('latest:price', 4, 9));
      await alice.got.last(9);
      const again = await alice.unplugged(async () => {});
      await publish('latest:price', 10, 10);
      await alice.got.last(10);

      assert.equal(back.recovered, true);
      assert.equal(again.recovered, true);
      assert.deepEqual(alice.got.items, [3, 9, 10]);
    });
  });
}
