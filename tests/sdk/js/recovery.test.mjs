import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { member, until } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { Wire } from './wire.mjs';

let server;
before(async () => {
  server = await Wigwag.start({ config: sdkConfig });
});
after(() => server?.stop());

async function publish(channel, from, to) {
  for (let data = from; data <= to; data += 1) {
    await server.api('publish', { channel, data });
  }
}

/** A subscribed member whose line can be pulled, with `seen` publications received. */
async function wired(t, channel, seen) {
  const wire = await Wire.to(server.port);
  t.after(() => wire.close());
  const alice = await member(t, wire.websocket, 'alice', channel);
  await publish(channel, 1, seen);
  await alice.got.last(seen);
  const unplugged = async (meanwhile) => {
    const noticed = until(alice.connection, 'connecting');
    wire.unplug();
    await noticed;
    await meanwhile();
    const subscribed = until(alice.subscription, 'subscribed');
    wire.plug();
    return subscribed;
  };
  return { ...alice, unplugged };
}

test('a dropped client gets all it missed, once and in order', async (t) => {
  const alice = await wired(t, 'room:dropped', 3);

  const back = await alice.unplugged(() => publish('room:dropped', 4, 40));
  await publish('room:dropped', 41, 42);
  await alice.got.last(42);

  assert.equal(back.wasRecovering, true);
  assert.equal(back.recovered, true);
  assert.deepEqual(alice.got.items, Array.from({ length: 42 }, (_, index) => index + 1));
});

test('a client that missed nothing recovers with nothing', async (t) => {
  const alice = await wired(t, 'room:quiet', 2);

  const back = await alice.unplugged(async () => {});

  assert.equal(back.recovered, true);
  assert.deepEqual(alice.got.items, [1, 2]);
});

test('a client that missed more than history keeps is told so and is live again', async (t) => {
  const alice = await wired(t, 'short:forgotten', 1);

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
  const alice = await member(t, house.websocket, 'alice', 'room:crash');
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
