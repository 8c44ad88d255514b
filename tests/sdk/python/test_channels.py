"""Channels through the official Python SDK."""

import unittest

import centrifuge

from house import Wigwag
from members import client, member


class Channels(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Wigwag()
        cls.addClassCleanup(cls.server.stop)
        cls.address = cls.server.websocket

    async def test_a_client_connects_with_a_token_of_the_command_line(self):
        token = await self.server.token("--user", "alice", "--ttl", "1h")

        async with client(self.address, "alice", token=token) as (_, line):
            connected = await line.until("connected")

        self.assertRegex(connected.client, r"^[0-9a-f-]{36}$")

    async def test_a_subscriber_hears_what_it_and_others_publish_in_one_order(self):
        async with (
            member(self.address, "alice", "room:talk") as (alice, at_alice, _),
            member(self.address, "bob", "room:talk") as (bob, at_bob, _),
        ):
            await alice.publish("from alice")
            await bob.publish({"from": ["bob"]})
            await self.server.api("publish", channel="room:talk", data="from the api")
            await at_alice.last("from the api")
            await at_bob.last("from the api")

        self.assertEqual(at_alice.data, ["from alice", {"from": ["bob"]}, "from the api"])
        self.assertEqual(at_bob.data, at_alice.data)

    async def test_a_publication_says_which_user_published_it(self):
        async with (
            member(self.address, "alice", "room:origin") as (_, heard, _),
            member(self.address, "bob", "room:origin") as (bob, _, _),
        ):
            await bob.publish(1)
            await self.server.api("publish", channel="room:origin", data=2)
            await heard.last(2)

        first, second = (context.pub for context in heard.all("publication"))
        self.assertEqual((first.info.user, first.offset), ("bob", 1))
        self.assertEqual((second.info, second.offset), (None, 2))

    async def test_presence_names_each_connection_and_presence_stats_count_them(self):
        async with (
            member(self.address, "alice", "room:present") as (alice, _, _),
            member(self.address, "bob", "room:present"),
            member(self.address, "bob", "room:present"),
        ):
            presence = await alice.presence()
            stats = await alice.presence_stats()

        self.assertEqual(sorted(info.user for info in presence.clients.values()), ["alice", "bob", "bob"])
        self.assertEqual((stats.num_clients, stats.num_users), (3, 2))

    async def test_members_hear_others_join_and_leave(self):
        async with member(self.address, "alice", "room:doors") as (_, heard, _):
            async with member(self.address, "bob", "room:doors"):
                joined = await heard.until("join", lambda context: context.info.user == "bob")
            left = await heard.until("leave", lambda context: context.info.user == "bob")

        self.assertEqual(left.info.client, joined.info.client)

    async def test_history_reads_forwards_backwards_from_a_position_and_the_position_alone(self):
        async with member(self.address, "alice", "room:past") as (alice, _, _):
            for data in (1, 2, 3, 4):
                await self.server.api("publish", channel="room:past", data=data)

            async def read(**options):
                result = await alice.history(**options)
                return [publication.data for publication in result.publications], result.offset

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


if __name__ == "__main__":
    unittest.main()
