// Uses the client as a program would: node use.js BASE KEY. Ends with an error if anything is not as it should be.

import { deepStrictEqual, rejects, strictEqual } from 'node:assert';

import { Refused, Wigwag } from './client.js';

const [base = '', key = ''] = process.argv.slice(2);
const client = new Wigwag(base, key);
const channel = 'typescript/room#1?';

const first = await client.publish({ channel, data: { a: 1 }, tags: { b: 'c' } }, { idempotencyKey: 'one' });
strictEqual(first.skipped, false);
const again = await client.publishToChannel(channel, { data: null }, { idempotencyKey: 'one' });
deepStrictEqual([again.skipped, again.offset, again.epoch], [true, first.offset, first.epoch]);

const history = await client.historyOfChannel(channel, { limit: 10, order: 'newest' });
deepStrictEqual(history.publications.map(({ data, tags }) => [data, tags]), [[{ a: 1 }, { b: 'c' }]]);
deepStrictEqual(await client.history({ channel, limit: 10 }), history);

const broadcast = await client.broadcast({ channels: [channel, 'nowhere:x'], data: 2 });
deepStrictEqual([broadcast.failed, broadcast.results.map((result) => result.status)], [1, [200, 404]]);
const batch = await client.batch({ commands: [{ publish: { channel, data: 3 } }, { history: { channel: 'nowhere:x' } }] });
deepStrictEqual(batch.results.map(({ status, problem }) => [status, problem?.error]), [[200, undefined], [404, 'unknown_channel']]);

deepStrictEqual(await client.presence({ channel }), { clients: [] });
deepStrictEqual(await client.presenceStatsOfChannel(channel), { clients: 0, users: 0 });
deepStrictEqual((await client.connections({ user: 'nobody' })).connections, []);
deepStrictEqual(await client.channels({ prefix: 'typescript' }), { channels: [] });
strictEqual(await client.disconnect('nobody', { except: [], code: 4001 }), undefined);
strictEqual(await client.subscribe('nobody', { channel, override: { presence: true } }), undefined);
strictEqual(await client.forgetHistory({ channel }), undefined);
strictEqual((await client.info()).channels, 0);
strictEqual((await client.namespaces()).namespaces[0]?.name, '');

await rejects(client.history({ channel: 'nowhere:x' }), (error: unknown) =>
  error instanceof Refused && error.status === 404 && error.problem?.error === 'unknown_channel');
await rejects(new Wigwag(base, 'wrong').info(), (error: unknown) =>
  error instanceof Refused && error.problem?.code === 101 && error.problem.request_id !== undefined);
console.log('typescript: ok');
