"""Connection tokens through the official Python SDK."""

import asyncio
import unittest

from cases import InJson
from house import signed
from members import DEADLINE_SECS

TTL_SECS = 3


class Tokens(InJson):
    async def test_an_expiring_token_is_refreshed_and_the_connection_outlives_it(self):
        # The settings give two seconds of grace: had the first refresh not been accepted, the connection would be
        # closed before the third token is asked for.
        third, calls = asyncio.Event(), []

        async def get_token():
            calls.append(True)
            if len(calls) == 3:
                third.set()
            return await self.server.token("--user", "alice", "--ttl", f"{TTL_SECS}s")

        async with self.client("alice", get_token=get_token) as (alice, line):
            await line.until("connected")
            await asyncio.wait_for(third.wait(), DEADLINE_SECS)
            await alice.new_subscription("room:refreshed").subscribe()
            await alice.get_subscription("room:refreshed").ready(DEADLINE_SECS)

            events = [event for event, _ in line.items]

        self.assertEqual(events, ["connecting", "connected"])

    async def test_a_token_that_expired_beforehand_makes_the_client_fetch_another(self):
        async def get_token():
            return signed("alice")

        expired = signed("alice", ttl_secs=-10)
        async with self.client("alice", token=expired, get_token=get_token) as (_, line):
            connected = await line.until("connected")

        self.assertTrue(connected.client)

    async def test_a_forged_token_stops_the_client_with_3500(self):
        async with self.client("mallory", token=signed("alice", secret=b"a guess")) as (_, line):
            stopped = await line.until("disconnected")

        self.assertEqual(stopped.code, 3500)


class TokensInProtobuf(Tokens):
    use_protobuf = True


if __name__ == "__main__":
    unittest.main()
