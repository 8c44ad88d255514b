// The example back ends as child processes, ended by their ids.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const READY_MS = 10_000;
const SECRET = 'whsec_c2RrLXRlc3RzLWhvb2tzLXNlY3JldC1vZi1uby13b3J0aA==';

const examples = resolve(dirname(fileURLToPath(import.meta.url)), '../../../docs/examples/hooks');
const commands = {
  node: [process.execPath, resolve(examples, 'node/backend.mjs')],
  python: ['python3', resolve(examples, 'python/backend.py')],
};

/** The configuration of a server that asks a back end about everything. */
const asking = (port) => `
[hooks]
endpoint = "http://127.0.0.1:${port}/hooks"
allow_private_networks = true
secret = "${SECRET}"
headers = ["cookie"]
connect = true
refresh = true
rpc = true

[[namespace]]
name = "chat"
proxy_subscribe = true
proxy_sub_refresh = true
proxy_publish = true

[[namespace]]
name = "inbox"
`;

export class Backend {
  #child;
  #folder;

  /** Starts an example on a free port and waits until it listens. */
  static async start(language) {
    const backend = new Backend();
    const [program, file] = commands[language];
    const environment = { ...process.env, HOOKS_SECRET: SECRET, PYTHONDONTWRITEBYTECODE: '1' };
    backend.#child = spawn(program, [file, '0'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: backend.#child.stdout });
    const [port] = await once(lines, 'line', { signal: AbortSignal.timeout(READY_MS) });
    backend.#folder = await mkdtemp(join(tmpdir(), 'wigwag-hooks-'));
    backend.config = join(backend.#folder, 'wigwag.toml');
    await writeFile(backend.config, asking(Number(port)));
    return backend;
  }

  /** How an example ends that is given no secret. */
  static async refusal(language) {
    const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    delete environment.HOOKS_SECRET;
    const [program, file] = commands[language];
    const child = spawn(program, [file, '0'], { env: environment, stdio: 'ignore', timeout: READY_MS });
    const [code] = await once(child, 'exit');
    return code;
  }

  /** What the example in node offers to others. */
  static async example() {
    return import(resolve(examples, 'node/verify.mjs'));
  }

  async stop() {
    if (this.#child.exitCode === null) {
      this.#child.kill();
      await once(this.#child, 'exit');
    }
    await rm(this.#folder, { recursive: true });
  }
}
