// The ways by which the SDK reaches a server: its transports in its encodings.

import { Centrifuge } from 'centrifuge';
import { Centrifuge as CentrifugeProtobuf } from 'centrifuge/build/protobuf';
import EventSource from 'eventsource';
import WebSocket from 'ws';

const text = { encoder: new TextEncoder(), decoder: new TextDecoder() };

const json = {
  encoding: 'JSON',
  Client: Centrifuge,
  /** A value as this encoding sends it. */
  packed: (value) => value,
  /** What was received, as a value. */
  unpacked: (data) => data,
};
// The server API publishes JSON, whose bytes Protobuf clients get as they are.
const protobuf = {
  encoding: 'Protobuf',
  Client: CentrifugeProtobuf,
  packed: (value) => text.encoder.encode(JSON.stringify(value)),
  unpacked: (data) => JSON.parse(text.decoder.decode(data)),
};

/** All of them. */
export const ways = [
  way('websocket', json),
  way('websocket', protobuf),
  way('http_stream', json),
  way('http_stream', protobuf),
  way('sse', json),
];

/** Where `new Client(endpoint, options)` finds the server on a port of this machine. */
function way(transport, encoding) {
  const isWebSocket = transport === 'websocket';
  const to = (port) => {
    const place = `127.0.0.1:${port}`;
    const endpoint = `${isWebSocket ? 'ws' : 'http'}://${place}/connection/${transport}`;
    return {
      endpoint: isWebSocket ? endpoint : [{ transport, endpoint }],
      options: {
        websocket: WebSocket,
        eventsource: EventSource,
        fetch: heedless(fetch),
        emulationEndpoint: `http://${place}/emulation`,
      },
    };
  };
  return { ...encoding, transport, isWebSocket, name: `${transport}, ${encoding.encoding}`, to };
}

/** The SDK waits for no answer to what it posts, and nobody would mind a failure, which ends a process of node. */
export function heedless(send) {
  return (...request) => {
    const answer = send(...request);
    answer.catch(() => {});
    return answer;
  };
}
