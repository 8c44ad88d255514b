// A line between a client and the server that can be pulled out and put back.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Wire {
  #ends = new Set();
  #plugged = true;
  #server;

  /** A line to a port on this machine. */
  static async to(port) {
    const wire = new Wire(port);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  constructor(port) {
    this.#server = createServer((near) => {
      if (!this.#plugged) {
        near.destroy();
        return;
      }
      const far = connect(port, '127.0.0.1');
      for (const [end, other] of [[near, far], [far, near]]) {
        this.#ends.add(end);
        end.setNoDelay(true);
        end.on('error', () => {});
        end.on('close', () => {
          this.#ends.delete(end);
          other.destroy();
        });
        end.pipe(other);
      }
    });
  }

  get websocket() {
    return `ws://127.0.0.1:${this.#server.address().port}/connection/websocket`;
  }

  /** Cuts what is connected and lets nobody through. */
  unplug() {
    this.#plugged = false;
    this.#ends.forEach((end) => end.destroy());
  }

  plug() {
    this.#plugged = true;
  }

  async close() {
    this.unplug();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
