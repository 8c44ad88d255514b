"""Clients of the official SDK that write down what they hear, so that tests can wait for it."""

import asyncio
import contextlib
import json

import centrifuge

from house import signed

DEADLINE_SECS = 15


class Heard(centrifuge.ClientEventHandler, centrifuge.SubscriptionEventHandler):
    """Everything one client or subscription was told, in order, as (event, context)."""

    def __init__(self):
        self.items = []
        self._more = asyncio.Condition()

    async def _note(self, event, context):
        async with self._more:
            self.items.append((event, context))
            self._more.notify_all()

    def all(self, event):
        return [context for name, context in self.items if name == event]

    @property
    def data(self):
        """The payloads of all publications."""
        return [value(context.pub.data) for context in self.all("publication")]

    async def until(self, event, matches=lambda context: True, after=0):
        """The first context of this event that matches, among those after the first `after` items."""

        def found():
            return [context for name, context in self.items[after:] if name == event and matches(context)]

        async def wait():
            async with self._more:
                await self._more.wait_for(found)

        try:
            await asyncio.wait_for(wait(), DEADLINE_SECS)
        except asyncio.TimeoutError:
            raise AssertionError(f"no {event} in {DEADLINE_SECS} s, only {self.items}") from None
        return found()[0]

    async def last(self, data):
        await self.until("publication", lambda context: value(context.pub.data) == data)


def _listener(event):
    async def listen(self, context):
        await self._note(event, context)

    return listen


for _event in (
    "connecting connected disconnected error subscribing subscribed unsubscribed publication join leave".split()
):
    setattr(Heard, f"on_{_event}", _listener(_event))


def value(data):
    """What was published: Protobuf clients get the bytes of the JSON."""
    return json.loads(data) if isinstance(data, bytes) else data


@contextlib.asynccontextmanager
async def client(address, user, **options):
    """A connecting client and what it hears."""
    if "get_token" not in options:
        options.setdefault("token", signed(user))
    heard = Heard()
    made = centrifuge.Client(
        address, events=heard, min_reconnect_delay=0.02, max_reconnect_delay=0.25, proxy=None, **options
    )
    await made.connect()
    try:
        yield made, heard
    finally:
        await made.disconnect()


@contextlib.asynccontextmanager
async def member(address, user, channel, use_protobuf=False, **options):
    """A live subscription, what it hears, and what its client hears."""
    async with client(address, user, use_protobuf=use_protobuf) as (connection, line):
        heard = Heard()
        subscription = connection.new_subscription(channel, events=heard, **options)
        await subscription.subscribe()
        await subscription.ready(DEADLINE_SECS)
        yield subscription, heard, line
