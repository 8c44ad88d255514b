"""Recovery through the official Python SDK."""

import asyncio
import random
import unittest

import centrifuge

from cases import InJson
from house import Wire


class Recovery(InJson):
    async def publish(self, channel, values):
        for data in values:
            await self.server.api("publish", channel=channel, data=data)

    async def away(self, channel, seen, missed, after, **options):
        """A member that sees some publications, misses some with its line cut, and sees some more."""
        async with (
            Wire(self.server.port) as wire,
            self.member("alice", channel, address=wire.websocket, **options) as (_, heard, line),
        ):
            await self.publish(channel, seen)
            await heard.last(seen[-1])
            before, told = len(heard.items), len(line.items)
            wire.unplug()
            await line.until("connecting", after=told)
            await self.publish(channel, missed)
            wire.plug()
            back = await heard.until("subscribed", after=before)
            await self.publish(channel, after)
            await heard.last(after[-1])
            self.assertTrue(back.was_recovering)
            return back, heard.data

    async def test_a_dropped_client_gets_all_it_missed_once_and_in_order(self):
        back, data = await self.away("room:dropped", seen=[1, 2, 3], missed=range(4, 41), after=[41, 42])

        self.assertTrue(back.recovered)
        self.assertEqual(data, list(range(1, 43)))

    async def test_a_client_that_missed_more_than_history_keeps_is_told_so_and_is_live_again(self):
        back, data = await self.away("short:forgotten", seen=[1], missed=range(2, 7), after=[7])

        self.assertFalse(back.recovered)
        self.assertEqual(data, [1, 7])

    async def test_whoever_wants_only_the_latest_gets_it_on_coming_back(self):
        back, data = await self.away("latest:price", seen=[1], missed=range(2, 7), after=[7])

        self.assertTrue(back.recovered)
        self.assertEqual(data, [1, 6, 7])

    async def test_differences_between_edits_arrive_as_the_edits_also_after_a_cut_line(self):
        dice, text = random.Random(7), list("Wörter, буквы, 漢字 and 😀 — " * 40)
        versions = []
        for number in range(200):
            text[dice.randrange(len(text))] = dice.choice("aß–жщあ漢😀")
            versions.append({"number": number, "text": "".join(text)})

        parts = {"seen": versions[:80], "missed": versions[80:120], "after": versions[120:]}
        back, data = await self.away("page:draft", **parts, delta=centrifuge.DeltaType.FOSSIL)

        self.assertTrue(back.recovered)
        self.assertEqual(data, versions)

    async def test_a_restarted_server_tells_the_truth_and_is_live_again(self):
        async with self.member("alice", "room:crash") as (_, heard, line):
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


class RecoveryInProtobuf(Recovery):
    use_protobuf = True


if __name__ == "__main__":
    unittest.main()
