// Pages of other origins, over streams, with cookies as far as the browser sends them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { sdkConfig, Wigwag } from '../sdk/js/server.mjs';
import { signed } from '../sdk/js/tokens.mjs';
import { launch } from './chromium.mjs';

const DEADLINE_MS = 20_000;
const WAYS = [
  { transport: 'http_stream', encoding: 'JSON', script: 'centrifuge.js' },
  { transport: 'http_stream', encoding: 'Protobuf', script: 'centrifuge.protobuf.js' },
  { transport: 'sse', encoding: 'JSON', script: 'centrifuge.js' },
];
const scripts = join(dirname(fileURLToPath(import.meta.url)), '../sdk/js/node_modules/centrifuge/dist');

/** An empty page and the SDK beside it, at an origin of their own. */
async function site() {
  const pages = createServer((request, response) => {
    if (request.url.endsWith('.js')) {
      response.setHeader('Content-Type', 'text/javascript');
      createReadStream(join(scripts, basename(request.url))).pipe(response);
    } else {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><link rel="icon" href="data:,"><title>a page</title>');
    }
  });
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  return { origin: `http://127.0.0.1:${pages.address().port}`, close: () => pages.close() };
}

let friend;
let stranger;
let server;
let browser;
before(async () => {
  friend = await site();
  stranger = await site();
  const settings = { WIGWAG_SERVER__ALLOWED_ORIGINS: friend.origin };
  server = await Wigwag.start({ config: sdkConfig, settings });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  friend?.close();
  stranger?.close();
});

/** What comes of a client in a page of this origin: what it hears of what it says, or how connecting fails. */
async function outcome(t, origin, { transport, encoding, script }) {
  const page = await browser.newPage();
  t.after(() => page.close());
  page.setDefaultTimeout(DEADLINE_MS);
  await page.goto(origin);
  await page.addScriptTag({ url: `/${script}` });
  return page.evaluate(talk, { transport, encoding, http: server.http, token: signed({ sub: 'alice' }) });
}

/** Runs in the page. */
function talk({ transport, encoding, http, token }) {
  const isBinary = encoding === 'Protobuf';
  class Credentialed extends EventSource {
    constructor(address) {
      super(address, { withCredentials: true });
    }
  }
  const client = new Centrifuge([{ transport, endpoint: `${http}/connection/${transport}` }], {
    token,
    emulationEndpoint: `${http}/emulation`,
    fetch: (address, options) => fetch(address, { ...options, credentials: 'include' }),
    eventsource: Credentialed,
  });
  const subscription = client.newSubscription('room:pages');
  return new Promise((resolve) => {
    client.on('error', ({ type }) => resolve({ failed: type }));
    subscription.on('publication', ({ data }) => resolve({ heard: isBinary ? new TextDecoder().decode(data) : data }));
    subscription.on('subscribed', () => subscription.publish(isBinary ? new TextEncoder().encode('hello') : 'hello'));
    subscription.subscribe();
    client.connect();
  }).finally(() => client.disconnect());
}

for (const way of WAYS) {
  const name = `${way.transport}, ${way.encoding}`;

  test(`a page of an allowed origin talks over ${name}`, async (t) => {
    assert.deepEqual(await outcome(t, friend.origin, way), { heard: 'hello' });
  });

  test(`a page of another origin does not get in over ${name}`, async (t) => {
    const refused = () => server.metric('wigwag_connections_refused_total', /reason="origin"/);
    const before = await refused();

    assert.deepEqual(await outcome(t, stranger.origin, way), { failed: 'transport' });
    assert.ok((await refused()) > before);
  });
}
