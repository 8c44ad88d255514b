// A back end that answers hooks: node backend.mjs PORT, with the secret in HOOKS_SECRET.

import { createServer } from 'node:http';

import { isGenuine } from './verify.mjs';

const BODY_BYTES_MAX = 1 << 20;

const secret = process.env.HOOKS_SECRET;
if (!secret) {
  console.error('HOOKS_SECRET is missing: without it anybody could ask');
  process.exit(1);
}

// A Map, for what clients name as a key may be called `constructor`.
const users = new Map([
  ['cookie-of-ann', 'ann'],
  ['cookie-of-bob', 'bob'],
]);

const answers = {
  connect({ data }, headers) {
    const user = users.get(headers.cookie?.replace('session=', '') ?? data?.session);
    return user
      ? { result: { user, data: { hello: user }, meta: { role: 'guest' }, channels: [`inbox:${user}`] } }
      : { disconnect: { code: 4501, reason: 'please sign in' } };
  },
  refresh: () => ({ result: { expire_at: Math.floor(Date.now() / 1000) + 3600 } }),
  subscribe: ({ channel, user }) =>
    channel.startsWith(`chat:${user}-`) ? { result: {} } : { error: { code: 403, message: 'not your room' } },
  sub_refresh: () => ({ result: {} }),
  publish: ({ data, user }) =>
    data?.text ? { result: { data: { from: user, text: data.text } } } : { error: { code: 422, message: 'no text' } },
  rpc({ method, data, meta }) {
    switch (method) {
      case 'add':
        return { result: { data: { sum: data.a + data.b } } };
      case 'role':
        return { result: { data: meta } };
      default:
        return { error: { code: 104, message: 'method not found' } };
    }
  },
};

async function read(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) {
      throw new Error('too long');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const server = createServer(async (request, response) => {
  try {
    const body = await read(request);
    if (!isGenuine(request.headers, body, secret)) {
      response.writeHead(401).end();
      return;
    }
    const question = JSON.parse(body);
    const answer = JSON.stringify(answers[question.event](question, request.headers));
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  } catch {
    // Some client's data made no sense to it, which is no fault of this program.
    response.writeHead(400).end();
  }
});
// Longer than the node keeps its own end, so that it never meets a connection that is just being closed.
server.keepAliveTimeout = 15_000;
server.listen(Number(process.argv[2] ?? 3000), '127.0.0.1', () => console.log(server.address().port));
