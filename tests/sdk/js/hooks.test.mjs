import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { until } from './clients.mjs';
import { Backend } from './hooks.mjs';
import { Wigwag } from './server.mjs';
import { ways } from './ways.mjs';

for (const language of ['node', 'python']) {
  describe(`the example back end in ${language}`, { concurrency: true }, () => {
    let backend;
    let server;
    before(async () => {
      backend = await Backend.start(language);
      server = await Wigwag.start({ config: backend.config });
    });
    after(async () => {
      await server?.stop();
      await backend?.stop();
    });

    /** A client that shows what the application's page would. */
    function guest(t, way, session) {
      const place = way.to(server.port);
      const made = new way.Client(place.endpoint, {
        ...place.options,
        data: way.packed({ session }),
        minReconnectDelay: 20,
        maxReconnectDelay: 250,
      });
      t.after(() => made.disconnect());
      made.connect();
      return made;
    }

    for (const way of ways) {
      test(`lets in, answers calls and turns away, over ${way.name}`, async (t) => {
        const ann = guest(t, way, 'cookie-of-ann');
        const { data } = await until(ann, 'connected');
        assert.deepEqual(way.unpacked(data), { hello: 'ann' });

        const sum = await ann.rpc('add', way.packed({ a: 2, b: 3 }));
        assert.deepEqual(way.unpacked(sum.data), { sum: 5 });
        const role = await ann.rpc('role', way.packed({}));
        assert.deepEqual(way.unpacked(role.data), { role: 'guest' });
        await assert.rejects(ann.rpc('other', way.packed({})), { code: 104, message: 'method not found' });
        for (let i = 0; i < 8; i += 1) {
          await assert.rejects(ann.rpc('add', way.packed(null)), { code: 100 });
        }
        await ann.rpc('role', way.packed({}));

        for (const session of ['of nobody', 'constructor', '__proto__']) {
          const stranger = guest(t, way, session);
          const { code, reason } = await until(stranger, 'disconnected');
          assert.deepEqual({ code, reason }, { code: 4501, reason: 'please sign in' });
        }
      });

      test(`decides who subscribes and what is published, over ${way.name}`, async (t) => {
        const ann = guest(t, way, 'cookie-of-ann');
        const own = ann.newSubscription(`chat:ann-${way.name.replace(/\W/g, '-')}`);
        own.subscribe();
        await until(own, 'subscribed');

        const heard = until(own, 'publication');
        await own.publish(way.packed({ text: 'hi', from: 'somebody else' }));
        assert.deepEqual(way.unpacked((await heard).data), { from: 'ann', text: 'hi' });
        await assert.rejects(own.publish(way.packed({})), { code: 422, message: 'no text' });

        const other = ann.newSubscription('chat:bob-1');
        const ended = until(other, 'unsubscribed');
        other.subscribe();
        const { code, reason } = await ended;
        assert.deepEqual({ code, reason }, { code: 403, reason: 'not your room' });
      });
    }
  });
}

test('the example in node believes genuine questions only', async () => {
  const { isGenuine } = await Backend.example();
  const body = Buffer.from('{"test": 2432232314}');
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

  assert.equal(isGenuine(headers, body, secret, 1614265331), true);
  assert.equal(isGenuine(headers, Buffer.from('{}'), secret, 1614265331), false);
  assert.equal(isGenuine(headers, body, 'another', 1614265331), false);
  assert.equal(isGenuine(headers, body, secret, 1614266331), false);
  assert.equal(isGenuine({}, body, secret, 1614265331), false);
});

for (const language of ['node', 'python']) {
  test(`the example in ${language} does not start without a secret`, async () => {
    assert.equal(await Backend.refusal(language), 1);
  });
}
