// A line between a client and the server that can be pulled out and put back.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

import { member, until } from './clients.mjs';

export class Wire {
  #ends = new Set();
  #plugged = true;
  #server;

  /** Bytes that have come from the server. */
  received = 0;

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
      far.on('data', ({ length }) => {
        this.received += length;
      });
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

  get port() {
    return this.#server.address().port;
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

/** A live subscription over a line of its own; `unplugged(meanwhile)` cuts it and resolves when it is live again. */
export async function wired(test, way, port, user, channel, options = {}) {
  const wire = await Wire.to(port);
  test.after(() => wire.close());
  const one = await member(test, way, wire.port, user, channel, options);
  const unplugged = async (meanwhile) => {
    const noticed = until(one.connection, 'connecting');
    wire.unplug();
    await noticed;
    await meanwhile();
    const subscribed = until(one.subscription, 'subscribed');
    wire.plug();
    return subscribed;
  };
  return { ...one, wire, unplugged };
}
