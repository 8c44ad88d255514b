"""Recovery through the official Python SDK."""

import asyncio
import unittest

from house import Wigwag, Wire
from members import member


class Recovery(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.server = Wigwag()
        self.addCleanup(self.server.stop)

    async def publish(self, channel, first, last):
        for data in range(first, last + 1):
            await self.server.api("publish", channel=channel, data=data)

    async def away(self, channel, seen, missed, after):
        """A member that sees some publications, misses some with its line cut, and sees some more."""
        async with Wire(self.server.port) as wire, member(wire.websocket, "alice", channel) as (_, heard, line):
            await self.publish(channel, 1, seen)
            await heard.last(seen)
            before, told = len(heard.items), len(line.items)
            wire.unplug()
            await line.until("connecting", after=told)
            await self.publish(channel, seen + 1, missed)
            wire.plug()
            back = await heard.until("subscribed", after=before)
            await self.publish(channel, missed + 1, after)
            await heard.last(after)
            return back, heard.data

    async def test_a_dropped_client_gets_all_it_missed_once_and_in_order(self):
        back, data = await self.away("room:dropped", seen=3, missed=40, after=42)

        self.assertTrue(back.was_recovering)
        self.assertTrue(back.recovered)
        self.assertEqual(data, list(range(1, 43)))

    async def test_a_client_that_missed_more_than_history_keeps_is_told_so_and_is_live_again(self):
        back, data = await self.away("short:forgotten", seen=1, missed=6, after=7)

        self.assertTrue(back.was_recovering)
        self.assertFalse(back.recovered)
        self.assertEqual(data, [1, 7])

    async def test_a_restarted_server_tells_the_truth_and_is_live_again(self):
        async with member(self.server.websocket, "alice", "room:crash") as (_, heard, line):
            before = await self.server.api("publish", channel="room:crash", data="before")
            await heard.last("before")
            known, told = len(heard.items), len(line.items)

            self.server.kill()
            await line.until("connecting", after=told)
            await asyncio.to_thread(self.server.start)
            back = await heard.until("subscribed", after=known)
            receipt = await self.server.api("publish", channel="room:crash", data="after")
            await heard.last("after")

        self.assertTrue(back.was_recovering)
        self.assertFalse(back.recovered)
        self.assertNotEqual(back.stream_position.epoch, before["epoch"])
        self.assertEqual(receipt["epoch"], back.stream_position.epoch)
        self.assertEqual(heard.data, ["before", "after"])


if __name__ == "__main__":
    unittest.main()
