// What clients need of a proxy: see scripts/proxies.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';

import { member, until } from '../tests/sdk/js/clients.mjs';
import { sdkConfig, Wigwag } from '../tests/sdk/js/server.mjs';
import { ways } from '../tests/sdk/js/ways.mjs';
import { check, cuts, proxies, Proxy, tap } from './proxies.mjs';

/** Where proxies have a minute, here they have this. */
const IDLE_SECS = 4;
const IDLE_MS = IDLE_SECS * 1_000;
/** No message may take longer; one that is held back until a buffer is full takes for ever. */
const AT_ONCE_MS = 1_000;

const pause = (ms) => new Promise((next) => setTimeout(next, ms));
const pinging = (interval) => ({ WIGWAG_CLIENT__PING_INTERVAL: interval, WIGWAG_CLIENT__PONG_TIMEOUT: '1s' });

/** Asks for a WebSocket with these headers from an address of this machine; the status of the answer. */
async function knock(port, headers, localAddress = '127.0.0.1') {
  const request = http.get({
    host: '127.0.0.1',
    port,
    localAddress,
    path: '/connection/websocket',
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
      ...headers,
    },
  });
  const [response] = await Promise.race([once(request, 'upgrade'), once(request, 'response')]);
  response.socket.destroy();
  return response.statusCode;
}

assert.notEqual(proxies.length, 0, 'no proxy at all');

for (const name of proxies) {
  describe(`behind ${name}`, { concurrency: true }, () => {
    // One that pings often enough for the proxy, and one that does not.
    let lively;
    let silent;
    let heard;
    let front;
    let silentFront;
    before(async () => {
      lively = await Wigwag.start({ config: sdkConfig, settings: pinging('2s') });
      silent = await Wigwag.start({ config: sdkConfig, settings: pinging('25s') });
      heard = await tap(lively.port);
      front = await Proxy.start(name, { server: heard.port, idleSecs: IDLE_SECS });
      silentFront = await Proxy.start(name, { server: silent.port, idleSecs: IDLE_SECS });
    });
    after(async () => {
      await front?.stop();
      await silentFront?.stop();
      heard?.stop();
      await lively?.stop();
      await silent?.stop();
    });

    test('the file is valid as it stands', () => check(name));

    for (const way of ways) {
      test(`what is said over ${way.name} comes back, and each message at once`, async (t) => {
        const channel = `room:at-once-${way.transport}-${way.encoding}`;
        const alice = await member(t, way, front.port, 'alice', channel);

        await alice.publish('hello');
        await alice.got.last('hello');
        for (let number = 0; number < 5; number += 1) {
          const began = performance.now();
          await lively.api('publish', { channel, data: number });
          await alice.got.last(number);
          const took = performance.now() - began;
          assert.ok(took < AT_ONCE_MS, `message ${number} took ${took} ms`);
        }

        assert.deepEqual(alice.got.items, ['hello', 0, 1, 2, 3, 4]);
      });
    }

    for (const way of ways.filter(({ encoding }) => encoding === 'JSON')) {
      test(`pings keep an idle connection over ${way.name} longer than the proxy's bound`, async (t) => {
        const channel = `short:idle-${way.transport}`;
        const alice = await member(t, way, front.port, 'alice', channel);
        let breaks = 0;
        alice.connection.on('connecting', () => (breaks += 1));

        await pause(2.5 * IDLE_MS);
        await lively.api('publish', { channel, data: 'still here' });
        await alice.got.last('still here');

        assert.equal(breaks, 0);
      });
    }

    test('a connection that the proxy cuts comes back with what it missed', { skip: !cuts(name) }, async (t) => {
      const channel = 'short:cut';
      const alice = await member(t, ways[0], silentFront.port, 'alice', channel);
      const began = performance.now();

      await until(alice.connection, 'connecting');
      const took = performance.now() - began;
      await silent.api('publish', { channel, data: 'missed' });
      await alice.got.last('missed');

      assert.ok(took > IDLE_MS / 2 && took < 3 * IDLE_MS, `cut after ${took} ms`);
    });

    test('what a client claims about its address does not reach the server', async () => {
      const claims = {
        'X-Forwarded-For': '203.0.113.9',
        'X-Forwarded-Proto': 'https',
        Forwarded: 'for=203.0.113.9;proto=https',
        'User-Agent': 'spoofer',
      };
      assert.equal(await knock(front.port, claims, '127.0.0.7'), 101);

      const head = heard.heads.find((one) => one.includes('spoofer')).toLowerCase();
      const lines = head.split('\r\n').filter((line) => /^(x-)?forwarded/.test(line));
      const wanted = lines.filter((line) => /^(x-forwarded-(for|proto)|forwarded):/.test(line)).sort();
      assert.deepEqual(wanted, ['x-forwarded-for: 127.0.0.7', 'x-forwarded-proto: http']);
      assert.ok(!head.includes('203.0.113.9'), head);
    });

    test('pages of the same host may connect, others not', async () => {
      const page = (origin) => knock(front.port, { Origin: origin });

      assert.equal(await page(`http://127.0.0.1:${front.port}`), 101);
      assert.equal(await page('https://evil.example'), 403);
    });

    test('what is for back ends and operators is not passed on', async () => {
      for (const path of ['/api/publish', '/metrics', '/', '/v1/info']) {
        assert.equal((await fetch(`http://127.0.0.1:${front.port}${path}`)).status, 404, path);
      }
    });
  });
}
