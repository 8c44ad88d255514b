// What goes into one frame.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import WebSocket from 'ws';

import { prepared, until } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { heedless, ways } from './ways.mjs';

/** Options that count the frames a client sends. */
function counted(way) {
  const sent = { frames: 0 };
  class Counting extends WebSocket {
    send(...frame) {
      sent.frames += 1;
      super.send(...frame);
    }
  }
  const post = heedless(fetch);
  const counting = (...request) => {
    sent.frames += 1;
    return post(...request);
  };
  return { sent, options: way.isWebSocket ? { websocket: Counting } : { fetch: counting } };
}

for (const way of ways) {
  describe(`batching over ${way.name}`, () => {
    let server;
    before(async () => {
      server = await Wigwag.start({ config: sdkConfig });
    });
    after(() => server?.stop());

    // Over a WebSocket the first frame holds the connect and, before its answer is known, the subscribes. Streams
    // begin with the connect alone, which is in the query of an event source.
    test('subscriptions made before the connect share a frame; one that is forbidden spoils none', async (t) => {
      const { sent, options } = counted(way);
      const alice = prepared(t, way, server.port, 'alice', options);
      const channels = ['room:one', '$room:forbidden', 'short:two', 'room:three'];
      const ends = channels.map((channel) => {
        const subscription = alice.newSubscription(channel);
        subscription.subscribe();
        return channel.startsWith('$')
          ? until(subscription, 'unsubscribed').then(({ code }) => code)
          : until(subscription, 'subscribed').then((context) => context.channel);
      });

      alice.connect();
      const outcome = await Promise.all(ends);

      assert.deepEqual(outcome, ['room:one', 103, 'short:two', 'room:three']);
      assert.equal(sent.frames, way.transport === 'http_stream' ? 2 : 1);
    });

    test('what is done between two brackets goes in one frame and in order', async (t) => {
      const { sent, options } = counted(way);
      const alice = prepared(t, way, server.port, 'alice', options);
      alice.connect();
      const subscription = alice.newSubscription('room:bracket');
      subscription.subscribe();
      await until(subscription, 'subscribed');
      const before = sent.frames;

      alice.startBatching();
      const done = Array.from({ length: 20 }, (_, number) => subscription.publish(way.packed(number)));
      const history = subscription.history({ limit: 100 });
      await new Promise((next) => setImmediate(next));
      alice.stopBatching();
      await Promise.all(done);
      const { publications } = await history;

      assert.deepEqual(
        publications.map(({ data }) => way.unpacked(data)),
        Array.from({ length: 20 }, (_, number) => number),
      );
      assert.equal(sent.frames - before, 1);
    });
  });
}
