"""Tests that run in both encodings of the SDK."""

import json
import unittest

from house import Wigwag
from members import client, member


class InJson(unittest.IsolatedAsyncioTestCase):
    """A test case with clients that speak JSON; a subclass turns it to Protobuf with `use_protobuf`."""

    use_protobuf = False

    def setUp(self):
        self.server = Wigwag()
        self.addCleanup(self.server.stop)

    def packed(self, value):
        """A value as this encoding publishes it."""
        return json.dumps(value).encode() if self.use_protobuf else value

    def client(self, user, **options):
        return client(self.server.websocket, user, use_protobuf=self.use_protobuf, **options)

    def member(self, user, channel, address=None, **options):
        address = address or self.server.websocket
        return member(address, user, channel, use_protobuf=self.use_protobuf, **options)
