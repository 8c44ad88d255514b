import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { client, member, until } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { ways } from './ways.mjs';
import { wired } from './wire.mjs';

const cold = {
  op: 'and',
  nodes: [
    { key: 'kind', cmp: 'eq', val: 'weather' },
    { key: 'degrees', cmp: 'lt', val: '10' },
  ],
};

for (const way of ways) {
  describe(`tag filters over ${way.name}`, () => {
    let server;
    before(async () => {
      server = await Wigwag.start({ config: sdkConfig });
    });
    after(() => server?.stop());
    const weather = async (channel, from, to) => {
      for (let data = from; data <= to; data += 1) {
        const tags = data % 3 === 0 ? { kind: 'news' } : { kind: 'weather', degrees: String(data) };
        await server.api('publish', { channel, data, tags });
      }
    };

    test('a subscriber hears what passes its filter and nothing else', async (t) => {
      const channel = 'tagged:live';
      const alice = await member(t, way, server.port, 'alice', channel, { tagsFilter: cold });
      const bob = await member(t, way, server.port, 'bob', channel);
      const kinds = { key: 'kind', cmp: 'nin', vals: ['weather'] };
      const carol = await member(t, way, server.port, 'carol', channel, { tagsFilter: kinds });

      await weather(channel, 1, 20);
      await server.api('publish', { channel, data: 'the end', tags: { kind: 'weather', degrees: '-1.5' } });
      await Promise.all([alice.got.last('the end'), bob.got.last('the end'), carol.got.last(18)]);

      assert.deepEqual(alice.got.items, [1, 2, 4, 5, 7, 8, 'the end']);
      assert.equal(bob.got.items.length, 21);
      assert.deepEqual(carol.got.items, [3, 6, 9, 12, 15, 18]);
    });

    test('what passes is recovered after a cut line, and what does not leaves no gap', async (t) => {
      const channel = 'tagged:cut';
      const alice = await wired(t, way, server.port, 'alice', channel, { tagsFilter: cold });
      const lost = [];
      alice.subscription.on('subscribing', (context) => lost.push(context));
      await weather(channel, 1, 3);
      await alice.got.last(2);

      const back = await alice.unplugged(() => weather(channel, 4, 15));
      await server.api('publish', { channel, data: 'the end', tags: { kind: 'weather', degrees: '0' } });
      await alice.got.last('the end');

      assert.equal(back.recovered, true);
      assert.deepEqual(alice.got.items, [1, 2, 4, 5, 7, 8, 'the end']);
      assert.equal(lost.length, 1);
    });

    test('a filter where there are none, or one that makes no sense, is refused with 107', async (t) => {
      const alice = client(t, way, server.port, 'alice');
      const bad = [
        ['room:unfiltered', cold],
        ['tagged:nonsense', { op: 'xor', nodes: [cold] }],
      ];

      for (const [channel, tagsFilter] of bad) {
        const subscription = alice.newSubscription(channel, { tagsFilter });
        const refused = until(subscription, 'unsubscribed');
        subscription.subscribe();

        assert.equal((await refused).code, 107);
      }
    });
  });
}
