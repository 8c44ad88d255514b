"""The example back end in Python, asked on behalf of the official Python SDK."""

import base64
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import centrifuge

from cases import InJson
from house import ROOT, Wigwag
from members import value

EXAMPLE = ROOT / "docs/examples/hooks/python/backend.py"
SECRET = "whsec_" + base64.b64encode(b"sdk-tests-hooks-secret-of-no-worth").decode()
CONFIG = """
[hooks]
endpoint = "http://127.0.0.1:{port}/hooks"
allow_private_networks = true
secret = "{secret}"
connect = true
refresh = true
rpc = true

[[namespace]]
name = "chat"
proxy_subscribe = true
proxy_publish = true

[[namespace]]
name = "inbox"
"""


class Hooks(InJson):
    def setUp(self):
        environment = {**os.environ, "HOOKS_SECRET": SECRET, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, str(EXAMPLE), "0"]
        backend = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self.addCleanup(backend.stdout.close)
        self.addCleanup(backend.wait)
        self.addCleanup(backend.kill)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        config = pathlib.Path(folder.name, "wigwag.toml")
        config.write_text(CONFIG.format(port=int(backend.stdout.readline()), secret=SECRET))
        self.server = Wigwag(config)
        self.addCleanup(self.server.stop)

    def guest(self, session):
        """A client that shows what the application's page would."""
        return self.client("", token="", data=self.packed({"session": session}))

    async def test_the_back_end_lets_in_and_answers_calls(self):
        async with self.guest("cookie-of-ann") as (ann, line):
            connected = await line.until("connected")
            self.assertEqual(value(connected.data), {"hello": "ann"})

            answer = await ann.rpc("add", self.packed({"a": 2, "b": 3}))
            self.assertEqual(value(answer.data), {"sum": 5})
            with self.assertRaises(centrifuge.ReplyError) as refused:
                await ann.rpc("other", self.packed({}))
            self.assertEqual(refused.exception.code, 104)
            self.assertIn("method not found", str(refused.exception))

    async def test_the_back_end_turns_strangers_away(self):
        async with self.guest("of nobody") as (_, line):
            ended = await line.until("disconnected")
        self.assertEqual((ended.code, ended.reason), (4501, "please sign in"))

    async def test_the_back_end_decides_what_is_published(self):
        async with self.guest("cookie-of-ann") as (ann, line):
            own = ann.new_subscription("chat:ann-1", events=line)
            await own.subscribe()
            await own.ready(5)
            await own.publish(self.packed({"text": "hi"}))
            await line.last({"from": "ann", "text": "hi"})
            with self.assertRaises(centrifuge.ReplyError) as refused:
                await own.publish(self.packed({}))
            self.assertEqual(refused.exception.code, 422)


class HooksInProtobuf(Hooks):
    use_protobuf = True


class Signatures(unittest.TestCase):
    def test_the_example_believes_genuine_questions_only(self):
        spec = importlib.util.spec_from_file_location("hooks_backend", EXAMPLE)
        example = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(example)
        body, secret, now = b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1614265331
        headers = {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }

        self.assertTrue(example.is_genuine(headers, body, secret, now))
        self.assertFalse(example.is_genuine(headers, b"{}", secret, now))
        self.assertFalse(example.is_genuine(headers, body, "another", now))
        self.assertFalse(example.is_genuine(headers, body, secret, now + 1000))
        self.assertFalse(example.is_genuine({}, body, secret, now))


if __name__ == "__main__":
    unittest.main()
