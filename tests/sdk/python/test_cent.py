"""The server API through the published back-end library, with effects as clients of the official SDK see them."""

import asyncio
import json
import time
import unittest
import urllib.error
import urllib.request

import cent
import requests

from house import API_KEY, CALL_SECS, Wigwag
from members import DEADLINE_SECS, client, member


class Backend:
    """The library's synchronous client, called without blocking the clients of this process."""

    def __init__(self, address):
        session = requests.Session()
        session.trust_env = False
        self._client = cent.Client(address, API_KEY, timeout=CALL_SECS, session=session)

    def __getattr__(self, method):
        called, request = getattr(self._client, method), getattr(cent, _request_name(method))

        async def call(**fields):
            return await asyncio.to_thread(called, request(**fields))

        return call


def _request_name(method):
    return "".join(part.title() for part in method.split("_")) + "Request"


class ServerApi(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Wigwag()
        cls.addClassCleanup(cls.server.stop)
        cls.address = cls.server.websocket
        cls.api = f"http://127.0.0.1:{cls.server.port}/api"
        cls.backend = Backend(cls.api)

    async def refused(self, code, call):
        with self.assertRaises(cent.CentApiResponseError) as refusal:
            await call
        self.assertEqual(refusal.exception.code, code)


class Channels(ServerApi):
    async def test_published_data_arrives_with_tags_and_has_a_position(self):
        async with member(self.address, "alice", "room:cent") as (_, heard, _):
            first = await self.backend.publish(channel="room:cent", data={"n": 1}, tags={"lang": "de"})
            again = [
                await self.backend.publish(channel="room:cent", data=2, idempotency_key="once") for _ in range(2)
            ]
            skipped = await self.backend.publish(channel="room:cent", data=3, skip_history=True)
            await self.backend.publish(channel="room:cent", data=None, b64data="NA==")
            await heard.last(4)

        self.assertEqual(heard.data, [{"n": 1}, 2, 3, 4])
        self.assertEqual((first.offset, bool(first.epoch)), (1, True))
        self.assertEqual([result.offset for result in again], [2, 2])
        self.assertEqual((skipped.offset, skipped.epoch), (0, ""))
        self.assertEqual(heard.all("publication")[0].pub.tags, {"lang": "de"})

    async def test_a_broadcast_is_answered_for_each_channel_in_order(self):
        channels = ["room:wide", "nowhere:wide", "room:far"]
        async with member(self.address, "alice", "room:far") as (_, heard, _):
            result = await self.backend.broadcast(channels=channels, data="all")
            await heard.last("all")

        codes = [response.error and response.error.code for response in result.responses]
        self.assertEqual(codes, [None, 102, None])
        self.assertEqual(result.responses[2].result.offset, 1)

    async def test_presence_and_its_numbers_are_those_of_the_connections(self):
        async with member(self.address, "alice", "room:who"), member(self.address, "bob", "room:who"):
            presence = await self.backend.presence(channel="room:who")
            stats = await self.backend.presence_stats(channel="room:who")

        self.assertEqual(sorted(info.user for info in presence.presence.values()), ["alice", "bob"])
        self.assertEqual((stats.num_clients, stats.num_users), (2, 2))

    async def test_history_is_read_and_removed(self):
        for data in (1, 2, 3):
            await self.backend.publish(channel="room:log", data=data)

        async def read(**options):
            result = await self.backend.history(channel="room:log", **options)
            return [publication.data for publication in result.publications], result.offset

        epoch = (await self.backend.history(channel="room:log")).epoch
        self.assertEqual(await read(), ([], 3))
        self.assertEqual(await read(limit=2), ([1, 2], 3))
        self.assertEqual(await read(limit=-1, reverse=True), ([3, 2, 1], 3))
        since = cent.StreamPosition(offset=2, epoch=epoch)
        self.assertEqual(await read(limit=-1, since=since), ([3], 3))
        await self.refused(112, read(limit=1, since=cent.StreamPosition(offset=2, epoch="another")))

        await self.backend.history_remove(channel="room:log")
        self.assertEqual(await read(limit=-1), ([], 3))

    async def test_live_channels_are_listed_by_pattern(self):
        async with member(self.address, "alice", "room:list-a"), member(self.address, "bob", "room:list-b"):
            some = await self.backend.channels(pattern="room:list-*")
            one = await self.backend.channels(pattern="room:list-[!b]")
            everything = await self.backend.channels()

        numbers = {name: info.num_clients for name, info in some.channels.items()}
        self.assertEqual(numbers, {"room:list-a": 1, "room:list-b": 1})
        self.assertEqual(list(one.channels), ["room:list-a"])
        self.assertLessEqual(set(some.channels), set(everything.channels))

    async def test_errors_have_their_codes(self):
        backend = self.backend
        await self.refused(102, backend.publish(channel="nowhere:x", data=1))
        await self.refused(107, backend.publish(channel="", data=1))
        await self.refused(107, backend.publish(channel="room:x", data=None, b64data="!"))
        await self.refused(107, backend.channels(pattern="["))
        await self.refused(108, backend.presence(channel="short:x"))
        await self.refused(104, backend.connections(user="alice", expression=""))


class Connections(ServerApi):
    async def test_a_subscribe_makes_a_server_side_subscription_before_it_returns(self):
        async with client(self.address, "sub-alice") as (_, line):
            await line.until("connected")
            await self.backend.subscribe(user="sub-alice", channel="room:given", data={"welcome": True})
            await self.backend.publish(channel="room:given", data="at once")
            subscribed = await line.until("subscribed")
            await line.last("at once")

        self.assertEqual((subscribed.channel, subscribed.data), ("room:given", {"welcome": True}))
        order = [event for event, _ in line.items if event in ("subscribed", "publication")]
        self.assertEqual(order, ["subscribed", "publication"])

    async def test_a_subscribe_may_mean_one_connection_only_and_override_options(self):
        overrides = cent.ChannelOptionsOverride(presence=cent.BoolValue(value=True))
        async with (
            client(self.address, "sub-bob") as (_, first),
            client(self.address, "sub-bob") as (_, second),
        ):
            chosen = (await first.until("connected")).client
            await second.until("connected")
            await self.backend.subscribe(
                user="sub-bob", client=chosen, channel="short:one", info={"seat": 7}, override=overrides
            )
            await first.until("subscribed")
            await self.backend.subscribe(user="nobody", channel="short:one")
            await self.backend.publish(channel="short:one", data="for one")
            await first.last("for one")

        self.assertEqual(second.all("subscribed"), [])

    async def test_an_unsubscribe_ends_subscriptions_of_both_kinds(self):
        async with member(self.address, "unsub-alice", "room:left") as (_, heard, line):
            await self.backend.subscribe(user="unsub-alice", channel="room:also-left")
            await line.until("subscribed")

            await self.backend.unsubscribe(user="unsub-alice", channel="room:left")
            ended = await heard.until("unsubscribed")
            await self.backend.unsubscribe(user="unsub-alice", channel="")
            server_side = await line.until("unsubscribed")

        self.assertEqual((ended.code, server_side.channel), (2000, "room:also-left"))

    async def test_a_disconnect_stops_a_user_but_for_those_on_the_whitelist(self):
        async with (
            client(self.address, "out-alice") as (_, spared),
            client(self.address, "out-alice") as (_, closed),
        ):
            keep = (await spared.until("connected")).client
            await closed.until("connected")
            await self.backend.disconnect(user="out-alice", whitelist=[keep])
            end = await closed.until("disconnected")

            self.assertEqual(end.code, 3503)
            self.assertEqual(spared.all("disconnected") + spared.all("connecting")[1:], [])

    async def test_a_disconnect_may_have_a_code_and_reason_of_its_own(self):
        async with client(self.address, "out-bob") as (_, line):
            await line.until("connected")
            await self.backend.disconnect(
                user="out-bob", disconnect=cent.Disconnect(code=4501, reason="over quota")
            )
            end = await line.until("disconnected")

        self.assertEqual((end.code, end.reason), (4501, "over quota"))
        for code, reason in ((3999, ""), (4000, '{"a":1}'), (4000, "x" * 124)):
            disconnect = cent.Disconnect(code=code, reason=reason)
            await self.refused(107, self.backend.disconnect(user="out-bob", disconnect=disconnect))

    async def test_a_refresh_ends_a_connection_at_once_or_later(self):
        async with client(self.address, "late-alice") as (_, line):
            await line.until("connected")
            await self.backend.refresh(user="late-alice", expired=True)
            await line.until("connecting", lambda context: context.code == 3005)

        async with client(self.address, "late-bob") as (_, line):
            await line.until("connected")
            await self.backend.refresh(user="late-bob", expire_at=int(time.time()) + 1)
            await line.until("connecting", lambda context: context.code == 3005)


class Calls(ServerApi):
    async def test_info_counts_what_there_is(self):
        async def numbers():
            node = (await self.backend.info()).nodes[0]
            self.assertTrue(node.uid and node.name and node.version)
            return node.num_clients, node.num_users, node.num_channels, node.num_subs

        async def right():
            # Shards report after they have answered, and channels linger a second.
            while await numbers() != (1, 1, 1, 1):
                await asyncio.sleep(0.05)

        async with member(self.address, "info-alice", "room:info"):
            await asyncio.wait_for(right(), DEADLINE_SECS)

    async def test_a_batch_is_answered_in_order(self):
        for parallel in (False, True):
            made = [
                cent.PublishRequest(channel=f"room:batch-{parallel}", data=1),
                cent.PublishRequest(channel=f"room:batch-{parallel}-b", data=2),
                cent.HistoryRequest(channel="room:batch-False", limit=-1),
                cent.UnsubscribeRequest(user="nobody", channel="room:batch"),
            ]
            replies = (await self.backend.batch(requests=made, parallel=parallel)).replies

            self.assertEqual([reply.offset for reply in replies[:2]], [1, 1])
            self.assertEqual([publication.data for publication in replies[2].publications], [1])
            self.assertIsInstance(replies[3], cent.UnsubscribeResult)

    async def test_the_asynchronous_client_works_as_well(self):
        backend = cent.AsyncClient(self.api, API_KEY)
        try:
            await backend.publish(cent.PublishRequest(channel="room:async", data=1))
            history = await backend.history(cent.HistoryRequest(channel="room:async", limit=-1))
        finally:
            await backend.close()

        self.assertEqual([publication.data for publication in history.publications], [1])

    async def test_a_wrong_key_is_unauthorized(self):
        session = requests.Session()
        session.trust_env = False
        stranger = cent.Client(self.api, "wrong", session=session)

        with self.assertRaises(cent.CentUnauthorizedError):
            await asyncio.to_thread(stranger.info, cent.InfoRequest())


class Wire(ServerApi):
    """What the library hides: errors in statuses, commands that name their methods, the bounds."""

    async def post(self, path, body, **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        call = urllib.request.Request(self.api + path, body, {"X-API-Key": API_KEY, **headers})

        def send():
            try:
                with urllib.request.urlopen(call, timeout=CALL_SECS) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        return await asyncio.to_thread(send)

    async def test_errors_may_be_statuses(self):
        mode = {"X-Centrifugo-Error-Mode": "transport"}
        cases = [
            ("/publish", {"channel": "nowhere:x", "data": 1}, 404, 102),
            ("/dance", {}, 404, 104),
            ("/rpc", {"method": "sing"}, 404, 104),
            ("/publish", {"channel": "room:x"}, 400, 107),
            ("/presence", {"channel": "short:x"}, 400, 108),
            ("/map_publish", {"channel": "room:x"}, 400, 108),
            ("/history", {"channel": "room:x", "since": {"offset": 1, "epoch": "x"}}, 416, 112),
        ]
        for path, body, status, code in cases:
            found, text = await self.post(path, body, **mode)
            self.assertEqual((found, json.loads(text)["code"]), (status, code), path)
            found, text = await self.post(path, body)
            self.assertEqual((found, json.loads(text)["error"]["code"]), (200, code), path)

    async def test_old_libraries_name_the_method_in_the_body(self):
        publish = {"method": "publish", "params": {"channel": "room:old", "data": 1}}
        history = {"method": "history", "params": {"channel": "room:old", "limit": 1}}
        unknown = {"method": "dance"}

        alone = await self.post("", publish)
        several = await self.post("", "\n".join(json.dumps(one) for one in (history, unknown, publish)).encode())

        self.assertEqual((alone[0], json.loads(alone[1])["result"]["offset"]), (200, 1))
        first, second, third = (json.loads(line) for line in several[1].splitlines())
        self.assertEqual(first["result"]["publications"][0]["data"], 1)
        self.assertEqual((second["error"]["code"], third["result"]["offset"]), (104, 2))
        self.assertEqual((await self.post("", b""))[0], 400)

    async def test_a_batch_marks_what_failed(self):
        commands = [
            {"publish": {"channel": "room:marks", "data": 1}},
            {"publish": {"channel": "nowhere:marks", "data": 1}},
            {"batch": {"commands": []}},
            {"publish": {"channel": 7}},
            {"presence_stats": {"channel": "room:marks"}},
        ]
        _, text = await self.post("/batch", {"commands": commands})
        replies = json.loads(text)["replies"]

        self.assertEqual([reply.get("error", {}).get("code") for reply in replies], [None, 102, 107, 107, None])
        self.assertEqual(replies[0]["publish"]["offset"], 1)

    async def test_batches_and_broadcasts_are_bounded(self):
        for path, body in (
            ("/batch", {"commands": [{"info": {}}] * 1001}),
            ("/broadcast", {"channels": ["room:x"] * 1001, "data": 1}),
        ):
            _, text = await self.post(path, body)
            error = json.loads(text)["error"]
            self.assertEqual((error["code"], "1000" in error["message"]), (107, True))


if __name__ == "__main__":
    unittest.main()
