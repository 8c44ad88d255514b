// A client that never gets a good token must not become a storm. Over an HTTP stream the SDK comes back at once,
// whatever delay it is given, until it has been connected for the first time; only the server can slow it down.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { prepared } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { signed } from './tokens.mjs';
import { ways } from './ways.mjs';

const CLIENTS = 3;
const WATCHED_SECS = 8;
// Two a second, and the one at the very beginning.
const ATTEMPTS_MAX = 2 * WATCHED_SECS + 1;

let server;
before(async () => {
  server = await Wigwag.start({ config: sdkConfig });
});
after(() => server?.stop());

describe('clients whose tokens have always expired', { concurrency: true }, () => {
  for (const way of ways) {
    test(`they try no more than twice a second over ${way.name}`, async (t) => {
      const clients = Array.from({ length: CLIENTS }, () => {
        const attempts = { count: 0 };
        const getToken = async () => {
          attempts.count += 1;
          return signed({ sub: 'alice' }, { ttlSecs: -10 });
        };
        const delays = { minReconnectDelay: 500, maxReconnectDelay: 20_000 };
        return { attempts, made: prepared(t, way, server.port, 'alice', { getToken, ...delays }) };
      });
      const codes = [];
      for (const { made } of clients) {
        made.on('error', ({ error }) => codes.push(error.code));
        made.connect();
      }

      await new Promise((next) => setTimeout(next, WATCHED_SECS * 1000));
      const counted = clients.map(({ attempts }) => attempts.count);

      assert.ok(codes.length > 0 && codes.every((code) => code === 109), `refused with ${codes}`);
      for (const attempts of counted) {
        assert.ok(attempts >= 2, `gave up after ${attempts} attempts`);
        assert.ok(attempts <= ATTEMPTS_MAX, `${attempts} attempts in ${WATCHED_SECS} s`);
      }
    });
  }
});
