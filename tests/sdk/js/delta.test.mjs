// Patches of the server's encoder, by the hundred thousand, given to what the official SDK decodes its publications with.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { Centrifuge } from 'centrifuge';
import { Centrifuge as CentrifugeProtobuf } from 'centrifuge/build/protobuf';

import { binary } from './server.mjs';

const LINES = 100_000;
const edits = process.env.WIGWAG_EDITS ?? join(dirname(binary), 'wigwag-edits');

// Clients that never connect: only their codecs are used, as a subscription uses them for each publication.
const json = new Centrifuge('ws://127.0.0.1:9')._codec;
const protobuf = new CentrifugeProtobuf('ws://127.0.0.1:9')._codec;

/** Bytes of a part of a line. */
function bytes(line, part) {
  return Buffer.from(line[part], line.kind === 'binary' ? 'base64' : 'utf8');
}

/** Lines end with `\n` only; payloads have other separators in them. */
async function* lines(stream) {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const whole = (rest + chunk).split('\n');
    rest = whole.pop();
    yield* whole;
  }
}

/** Decodes one line with a patch, documents also in JSON; there the base is what the codec itself made before. */
function decode(line, number, made) {
  const [base, target] = [bytes(line, 'base'), bytes(line, 'target')];
  const patch = bytes(line, 'patch');
  assert.ok(patch.length < target.length, `line ${number}: the patch is not smaller`);

  const got = protobuf.applyDeltaIfNeeded({ delta: true, data: new Uint8Array(patch) }, new Uint8Array(base));
  assert.ok(target.equals(got.newData), `line ${number}: Protobuf decodes to something else`);
  if (line.kind === 'json') {
    const { newData, newPrevValue } = json.applyDeltaIfNeeded({ delta: true, data: line.patch }, made ?? base);
    assert.ok(target.equals(newPrevValue), `line ${number}: JSON decodes to something else`);
    assert.deepEqual(newData, JSON.parse(line.target), `line ${number}`);
    return newPrevValue;
  }
  return made;
}

test(`${LINES} edits of text, documents and bytes are decoded`, async (t) => {
  const child = spawn(edits, [String(LINES)], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const ended = once(child, 'close').catch((error) => error);
  const seen = { json: 0, text: 0, binary: 0 };
  const patched = { json: 0, text: 0, binary: 0 };
  let made = null;
  let number = 0;

  for await (const text of lines(child.stdout)) {
    const line = JSON.parse(text);
    number += 1;
    seen[line.kind] += 1;
    if (line.patch !== null) {
      patched[line.kind] += 1;
      made = decode(line, number, made);
    } else if (line.kind === 'json') {
      made = null;
    }
  }

  assert.deepEqual(await ended, [0, null], `${edits} failed; is it there? cargo build -p wigwag-tests makes it`);
  assert.equal(number, LINES);
  for (const kind of Object.keys(seen)) {
    assert.ok(patched[kind] > seen[kind] * 0.9, `${patched[kind]} patches for ${seen[kind]} edits of ${kind}`);
  }
});
