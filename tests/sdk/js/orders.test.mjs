// What the back end orders through the server API, as clients see it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { client, collected, member, until } from './clients.mjs';
import { sdkConfig, Wigwag } from './server.mjs';
import { signed } from './tokens.mjs';
import { ways } from './ways.mjs';
import { Wire } from './wire.mjs';

for (const way of ways) {
  describe(`orders over ${way.name}`, () => {
    let server;
    before(async () => {
      server = await Wigwag.start({
        config: sdkConfig,
        settings: { WIGWAG_CLIENT__PERSONAL_CHANNEL: 'true', WIGWAG_CLIENT__PERSONAL_CHANNEL_NAMESPACE: 'room' },
      });
    });
    after(() => server?.stop());
    const connected = async (t, user, options) => {
      const one = client(t, way, server.port, user, options);
      const { client: id } = await until(one, 'connected');
      return { one, id };
    };
    const inChannel = (channel) => (context) => context.channel === channel;
    // Under node the end of an event stream overtakes what was last in it: the SDK knows no code before it reconnects.
    const told = (code) => (way.transport === 'sse' ? 1 : code);

    test('whoever has a personal channel hears what is published there', async (t) => {
      const alice = client(t, way, server.port, 'alice');
      const got = collected(way, alice);

      await until(alice, 'subscribed', inChannel('room:#alice'));
      await server.api('publish', { channel: 'room:#alice', data: 'for you' });
      await got.last('for you');

      assert.equal(got.contexts[0].channel, 'room:#alice');
    });

    test('the channels of a token are there at once and recover after a cut line', async (t) => {
      const wire = await Wire.to(server.port);
      t.after(() => wire.close());
      const channel = 'room:given';
      const token = signed({ sub: 'bob', channels: [channel] });
      const bob = client(t, way, wire.port, 'bob', { token });
      const got = collected(way, bob);
      await until(bob, 'subscribed', inChannel(channel));
      await server.api('publish', { channel, data: 1 });
      await got.last(1);

      const noticed = until(bob, 'connecting');
      wire.unplug();
      await noticed;
      await server.api('broadcast', { channels: [channel], data: 2 });
      const back = until(bob, 'subscribed', inChannel(channel));
      wire.plug();
      await got.last(2);

      assert.equal((await back).recovered, true);
      assert.deepEqual(got.items, [1, 2]);
    });

    test('a subscribe order makes a subscription before it is answered', async (t) => {
      const { one } = await connected(t, 'carol');
      const got = collected(way, one);
      const channel = 'room:ordered';
      const subscribed = until(one, 'subscribed', inChannel(channel));

      await server.api('subscribe', { user: 'carol', channel, data: { welcome: true } });
      await server.api('publish', { channel, data: 'at once' });
      const { data } = await subscribed;
      await got.last('at once');

      assert.deepEqual(way.unpacked(data), { welcome: true });
    });

    test('an unsubscribe order ends subscriptions of both kinds', async (t) => {
      const { connection, subscription } = await member(t, way, server.port, 'dave', 'room:left');
      const subscribed = until(connection, 'subscribed', inChannel('room:also-left'));
      await server.api('subscribe', { user: 'dave', channel: 'room:also-left' });
      await subscribed;

      const ended = until(subscription, 'unsubscribed');
      const alsoEnded = until(connection, 'unsubscribed', inChannel('room:also-left'));
      await server.api('unsubscribe', { user: 'dave', channel: 'room:left' });
      await server.api('unsubscribe', { user: 'dave', channel: 'room:also-left' });

      assert.equal((await ended).code, 2000);
      await alsoEnded;
    });

    test('a disconnect order stops a user but for those on the whitelist', async (t) => {
      const { one: spared, id } = await connected(t, 'erin');
      const { one: closed } = await connected(t, 'erin');
      const lost = [];
      spared.on('connecting', (context) => lost.push(context));
      spared.on('disconnected', (context) => lost.push(context));

      const stopped = until(closed, 'disconnected');
      await server.api('disconnect', { user: 'erin', whitelist: [id] });

      assert.equal((await stopped).code, 3503);
      assert.deepEqual(lost, []);
    });

    test('codes of the application stop a client or make it come back', async (t) => {
      const { one, id } = await connected(t, 'frank');

      const leaving = until(one, 'connecting');
      const back = until(one, 'connected');
      await server.api('disconnect', { user: 'frank', disconnect: { code: 4001, reason: 'come back' } });
      assert.equal((await leaving).code, told(4001));
      assert.notEqual((await back).client, id);

      const stopped = until(one, 'disconnected');
      await server.api('disconnect', { user: 'frank', disconnect: { code: 4501, reason: 'over quota' } });
      const { code, reason } = await stopped;
      assert.deepEqual([code, reason], [4501, 'over quota']);
    });

    test('a refresh order ends a connection at once or when its time has come', async (t) => {
      const { one } = await connected(t, 'grace');
      const leave = () => until(one, 'connecting', ({ code }) => code === told(3005));

      const [atOnce, back] = [leave(), until(one, 'connected')];
      await server.api('refresh', { user: 'grace', expired: true });
      await Promise.all([atOnce, back]);
      const later = leave();
      await server.api('refresh', { user: 'grace', expire_at: Math.floor(Date.now() / 1000) + 1 });

      await later;
    });
  });
}
