"""Channels through the official Python SDK."""

import unittest

import centrifuge

from cases import InJson
from members import value


class Channels(InJson):
    async def test_a_client_connects_with_a_token_of_the_command_line(self):
        token = await self.server.token("--user", "alice", "--ttl", "1h")

        async with self.client("alice", token=token) as (_, line):
            connected = await line.until("connected")

        self.assertRegex(connected.client, r"^[0-9a-f-]{36}$")

    async def test_a_subscriber_hears_what_it_and_others_publish_in_one_order(self):
        async with (
            self.member("alice", "room:talk") as (alice, at_alice, _),
            self.member("bob", "room:talk") as (bob, at_bob, _),
        ):
            await alice.publish(self.packed("from alice"))
            await bob.publish(self.packed({"from": ["bob"]}))
            await self.server.api("publish", channel="room:talk", data="from the api")
            await at_alice.last("from the api")
            await at_bob.last("from the api")

        self.assertEqual(at_alice.data, ["from alice", {"from": ["bob"]}, "from the api"])
        self.assertEqual(at_bob.data, at_alice.data)

    async def test_a_publication_says_which_user_published_it(self):
        async with (
            self.member("alice", "room:origin") as (_, heard, _),
            self.member("bob", "room:origin") as (bob, _, _),
        ):
            await bob.publish(self.packed(1))
            await self.server.api("publish", channel="room:origin", data=2)
            await heard.last(2)

        first, second = (context.pub for context in heard.all("publication"))
        self.assertEqual((first.info.user, first.offset), ("bob", 1))
        self.assertEqual((second.info, second.offset), (None, 2))

    async def test_presence_names_each_connection_and_presence_stats_count_them(self):
        async with (
            self.member("alice", "room:present") as (alice, _, _),
            self.member("bob", "room:present"),
            self.member("bob", "room:present"),
        ):
            presence = await alice.presence()
            stats = await alice.presence_stats()

        self.assertEqual(sorted(info.user for info in presence.clients.values()), ["alice", "bob", "bob"])
        self.assertEqual((stats.num_clients, stats.num_users), (3, 2))

    async def test_members_hear_others_join_and_leave(self):
        async with self.member("alice", "room:doors") as (_, heard, _):
            async with self.member("bob", "room:doors"):
                joined = await heard.until("join", lambda context: context.info.user == "bob")
            left = await heard.until("leave", lambda context: context.info.user == "bob")

        self.assertEqual(left.info.client, joined.info.client)

    async def test_history_reads_forwards_backwards_from_a_position_and_the_position_alone(self):
        async with self.member("alice", "room:past") as (alice, _, _):
            for data in (1, 2, 3, 4):
                await self.server.api("publish", channel="room:past", data=data)

            async def read(**options):
                result = await alice.history(**options)
                return [value(publication.data) for publication in result.publications], result.offset

            epoch = (await alice.history(limit=0)).epoch
            since = centrifuge.StreamPosition(offset=2, epoch=epoch)
            stale = centrifuge.StreamPosition(offset=2, epoch="another")

            self.assertEqual(await read(limit=0), ([], 4))
            self.assertEqual(await read(limit=3), ([1, 2, 3], 4))
            self.assertEqual(await read(limit=3, reverse=True), ([4, 3, 2], 4))
            self.assertEqual(await read(limit=10, since=since), ([3, 4], 4))
            with self.assertRaises(centrifuge.ReplyError) as refused:
                await read(limit=1, since=stale)
            self.assertEqual(refused.exception.code, 112)

    async def test_a_call_that_nobody_answers_is_refused_with_108(self):
        async with self.client("alice") as (alice, line):
            await line.until("connected")
            with self.assertRaises(centrifuge.ReplyError) as refused:
                await alice.rpc("sing", self.packed({"loud": True}))

        self.assertEqual(refused.exception.code, 108)

    async def test_a_subscriber_hears_what_passes_its_filter_and_nothing_else(self):
        cold = centrifuge.Filter.all(centrifuge.Filter.eq("kind", "weather"), centrifuge.Filter.lt("degrees", "10"))
        async with self.member("alice", "tagged:live", tags_filter=cold) as (_, heard, _):
            for data in range(1, 13):
                kind = "news" if data % 3 == 0 else "weather"
                tags = {"kind": kind, "degrees": str(data)}
                await self.server.api("publish", channel="tagged:live", data=data, tags=tags)
            end = {"kind": "weather", "degrees": "-0.5"}
            await self.server.api("publish", channel="tagged:live", data="end", tags=end)
            await heard.last("end")

        self.assertEqual(heard.data, [1, 2, 4, 5, 7, 8, "end"])


class ChannelsInProtobuf(Channels):
    use_protobuf = True


if __name__ == "__main__":
    unittest.main()
