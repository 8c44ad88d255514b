// The real binary as a child process: started on a free port in a folder of its own, ended by its id.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const READY_MS = 20_000;
const STOP_MS = 10_000;
const POLL_MS = 50;
const SAID_BYTES_MAX = 64 * 1024;

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../../..');

/** Where the binary under test is. */
export const binary = process.env.WIGWAG_BIN ?? resolve(root, process.env.CARGO_TARGET_DIR ?? 'target', 'debug/wigwag');

/** The settings shared by all SDK tests. */
export const sdkConfig = resolve(here, '../sdk.toml');

/** The API key in those settings. */
export const API_KEY = 'sdk-tests-api-key-of-no-worth';

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class Wigwag {
  #arguments;
  #child = null;
  #folder;
  #settings;

  /**
   * Starts a server and waits until it is ready; without `config` it runs as `wigwag` alone does. `settings` are
   * environment variables that replace what the file says.
   */
  static async start({ config, settings = {} } = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'wigwag-'));
    const server = new Wigwag(folder, await freePort(), config, settings);
    try {
      await server.startAgain();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  constructor(folder, port, config, settings) {
    this.#folder = folder;
    this.#settings = settings;
    this.port = port;
    this.said = '';
    this.#arguments = ['serve', '--listen', `127.0.0.1:${port}`, '--data-dir', join(folder, 'data')];
    if (config) {
      this.#arguments.push('--config', config);
    }
  }

  get http() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the process with the same port and data folder as before. */
  async startAgain() {
    const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('WIGWAG_'));
    const child = spawn(binary, this.#arguments, {
      cwd: this.#folder,
      env: { ...Object.fromEntries(environment), ...this.#settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const hear = (chunk) => {
      this.said = (this.said + chunk).slice(-SAID_BYTES_MAX);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    const failed = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`${binary} ended (${code ?? signal}):\n${this.said}`)));
    });
    failed.catch(() => {});
    await Promise.race([this.#ready(child), failed]);
  }

  async #ready(child) {
    const deadline = Date.now() + READY_MS;
    while (this.#child === child && Date.now() < deadline) {
      const answer = await fetch(`${this.http}/readyz`).catch(() => null);
      if (answer?.ok) {
        return;
      }
      await new Promise((next) => setTimeout(next, POLL_MS));
    }
    throw new Error(`not ready after ${READY_MS} ms:\n${this.said}`);
  }

  /** Calls the server API; resolves with the result, rejects with the error. */
  async api(method, request = {}) {
    const response = await fetch(`${this.http}/api/${method}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': API_KEY },
      body: JSON.stringify(request),
    });
    const { result, error } = await response.json();
    if (error) {
      throw Object.assign(new Error(error.message), error);
    }
    return result;
  }

  /** The sum of a metric over the label values that the text after its name matches. */
  async metric(name, labels = /^/) {
    const text = await (await fetch(`${this.http}/metrics`)).text();
    const samples = text.split('\n').map((line) => /^(\w+)(\S*) (\S+)$/.exec(line) ?? []);
    const wanted = samples.filter(([, metric, labelled]) => metric === name && labels.test(labelled));
    return wanted.reduce((sum, [, , , value]) => sum + Number(value), 0);
  }

  /** Has the command line make a token. */
  async token(...options) {
    const place = this.#arguments.slice(3);
    const { stdout } = await promisify(execFile)(binary, ['token', ...place, ...options], { cwd: this.#folder });
    return stdout.trim();
  }

  /** Ends the process without a word, as a crash would. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** Ends the process in good order and removes its folder. */
  async stop() {
    await this.#end('SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal) {
    const child = this.#child;
    this.#child = null;
    if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const gone = once(child, 'exit');
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(impatience);
  }
}
