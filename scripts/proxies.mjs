// Proxies with the files in deploy/, on free ports, in folders of their own; and a tap that hears what reaches the server.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { freePort } from '../tests/sdk/js/server.mjs';

const READY_MS = 15_000;
const POLL_MS = 50;
const HEAD_BYTES_MAX = 64 * 1024;

const run = promisify(execFile);
const deploy = new URL('../deploy/', import.meta.url);

/** A text with all of these replaced; what is not there is a mistake in this file or in the proxy's. */
function replaced(text, pairs) {
  return pairs.reduce((result, [from, to]) => {
    if (!result.includes(from)) {
      throw new Error(`no ${JSON.stringify(from)} in the file`);
    }
    return result.replaceAll(from, to);
  }, text);
}

/** nginx wants folders, and the block of a server stands in a larger file. */
const nginxShell = (folder, file) => `
daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  include ${file};
}`;

/** How each proxy is set up: its file, what is different here, how it is checked and started. */
const kinds = {
  nginx: {
    file: 'nginx.conf',
    cuts: true,
    here: ({ port, server, idleSecs }) => [
      ['listen 80;', `listen 127.0.0.1:${port};`],
      ['127.0.0.1:8000', `127.0.0.1:${server}`],
      ['60s', `${idleSecs}s`],
    ],
    shell: nginxShell,
    check: (file, folder) => ['-t', '-p', folder, '-c', file],
    start: (file, folder) => ['-p', folder, '-c', file],
  },
  haproxy: {
    file: 'haproxy.cfg',
    cuts: true,
    here: ({ port, server, idleSecs }) => [
      ['bind :80', `bind 127.0.0.1:${port}`],
      ['maxconn 20000', 'maxconn 500'],
      ['127.0.0.1:8000', `127.0.0.1:${server}`],
      ['60s', `${idleSecs}s`],
    ],
    check: (file) => ['-c', '-f', file],
    start: (file) => ['-db', '-f', file],
  },
  caddy: {
    file: 'Caddyfile',
    // It has no bound on idle connections.
    cuts: false,
    here: ({ port, server }) => [
      ['live.example.com {', `{\n\tadmin off\n}\n\nhttp://:${port} {\n\tbind 127.0.0.1`],
      ['127.0.0.1:8000', `127.0.0.1:${server}`],
    ],
    check: (file) => ['validate', '--adapter', 'caddyfile', '--config', file],
    start: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
  },
};

const has = (name) => run('sh', ['-c', `command -v ${name}`]).then(() => true, () => false);
const found = await Promise.all(Object.keys(kinds).map(has));

/** The names of the proxies that are here. */
export const proxies = Object.keys(kinds).filter((_, index) => found[index]);

/** Whether a proxy cuts connections on which nothing is said. */
export const cuts = (name) => kinds[name].cuts;

/** Has a proxy look at its file as it stands in deploy/. */
export async function check(name) {
  const kind = kinds[name];
  const folder = await mkdtemp(join(tmpdir(), 'wigwag-proxy-'));
  try {
    const file = new URL(kind.file, deploy).pathname;
    const shell = join(folder, 'shell');
    if (kind.shell) {
      await writeFile(shell, kind.shell(folder, file));
    }
    await run(name, kind.check(kind.shell ? shell : file, folder), { env: { ...process.env, HOME: folder } });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A proxy in front of a port. */
export class Proxy {
  #child;
  #folder;

  static async start(name, { server, idleSecs = 60 }) {
    const kind = kinds[name];
    const proxy = new Proxy();
    proxy.port = await freePort();
    proxy.said = '';
    proxy.#folder = await mkdtemp(join(tmpdir(), 'wigwag-proxy-'));
    const text = await readFile(new URL(kind.file, deploy), 'utf8');
    const file = join(proxy.#folder, kind.file);
    await writeFile(file, replaced(text, kind.here({ port: proxy.port, server, idleSecs })));
    const shell = join(proxy.#folder, 'shell');
    if (kind.shell) {
      await writeFile(shell, kind.shell(proxy.#folder, file));
    }
    const child = spawn(name, kind.start(kind.shell ? shell : file, proxy.#folder), {
      env: { ...process.env, HOME: proxy.#folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    proxy.#child = child;
    const hear = (chunk) => (proxy.said = (proxy.said + chunk).slice(-16_384));
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('error', (error) => hear(String(error)));
    const deadline = Date.now() + READY_MS;
    while (!(await fetch(`http://127.0.0.1:${proxy.port}/readyz`).catch(() => null))?.ok) {
      if (Date.now() > deadline || child.exitCode !== null) {
        await proxy.stop();
        throw new Error(`${name} is not ready:\n${proxy.said}`);
      }
      await new Promise((next) => setTimeout(next, POLL_MS));
    }
    return proxy;
  }

  async stop() {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Stands between a proxy and a server, passes everything on, and keeps the heads of requests. */
export async function tap(server) {
  const heads = [];
  const lines = new Set();
  const listener = createServer((near) => {
    const far = connect(server, '127.0.0.1');
    lines.add(near).add(far);
    let head = '';
    near.on('data', (chunk) => {
      if (head.length < HEAD_BYTES_MAX) {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end >= 0) {
          heads.push(head.slice(0, end));
          head = '';
        }
      }
    });
    near.pipe(far).pipe(near);
    for (const [one, other] of [[near, far], [far, near]]) {
      one.setNoDelay(true).on('error', () => {});
      one.on('close', () => {
        lines.delete(one);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const stop = () => {
    listener.close();
    lines.forEach((line) => line.destroy());
  };
  return { port: listener.address().port, heads, stop };
}
