// Pages that are edited and travel as differences.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { member } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { ways } from './ways.mjs';
import { wired } from './wire.mjs';

const EDITS = 500;
const PAGE_LETTERS = 1500;
const LETTERS = [...'aeiou nrst.,\n"\\<>&', ...'äßéñ—„“…', ...'жщыёъ', ...'あ漢字', ...'😀🏔️'];

/** A random number below a bound, from a seed, so that a failure can be repeated. */
function dice(seed) {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** Versions of one page: letters are replaced, put in and taken out, often several bytes long. */
function* edits() {
  const random = dice(7);
  const letter = () => LETTERS[random(LETTERS.length)];
  const page = Array.from({ length: PAGE_LETTERS }, letter);
  for (let version = 1; version <= EDITS; version += 1) {
    const inserted = Array.from({ length: random(4) }, letter);
    page.splice(random(page.length), random(4), ...inserted);
    yield { version, text: page.join('') };
  }
}

for (const way of ways) {
  describe(`differences over ${way.name}`, () => {
    let server;
    before(async () => {
      server = await Wigwag.start({ config: sdkConfig });
    });
    after(() => server?.stop());

    test(`${EDITS} edits arrive as they were made and are short on the way`, async (t) => {
      const channel = 'page:draft';
      const versions = [...edits()];
      const publish = async (from, to) => {
        for (const data of versions.slice(from, to)) {
          await server.api('publish', { channel, data });
        }
      };
      const whole = await member(t, way, server.port, 'whole', channel);
      const alice = await wired(t, way, server.port, 'alice', channel, { delta: 'fossil' });
      const arrived = ({ got }, version) => got.first((item) => item.version === version);

      await publish(0, 150);
      await arrived(alice, 150);
      const afterSome = await alice.unplugged(() => publish(150, 200));
      await publish(200, 350);
      await arrived(alice, 350);
      const afterNone = await alice.unplugged(async () => {});
      await publish(350, EDITS);
      await Promise.all([arrived(alice, EDITS), arrived(whole, EDITS)]);

      assert.deepEqual([afterSome.recovered, afterNone.recovered], [true, true]);
      assert.deepEqual(alice.got.items, versions);
      assert.deepEqual(whole.got.items, versions);
      const bytes = Buffer.byteLength(JSON.stringify(versions));
      assert.ok(alice.wire.received < bytes / 5, `${alice.wire.received} bytes came for ${bytes}`);
    });

    test('history is read whole by those who get differences', async (t) => {
      const channel = 'page:past';
      const alice = await member(t, way, server.port, 'alice', channel, { delta: 'fossil' });
      const versions = [...edits()].slice(0, 5);
      for (const data of versions) {
        await server.api('publish', { channel, data });
      }

      const { publications } = await alice.subscription.history({ limit: 10 });

      assert.deepEqual(publications.map(({ data }) => way.unpacked(data)), versions);
    });
  });
}
