"""The real binary as a child process, tokens for it, and a line to it that can be pulled out."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BINARY = os.environ.get("WIGWAG_BIN") or str(ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug/wigwag")
CONFIG = HERE.parent / "sdk.toml"
API_KEY = "sdk-tests-api-key-of-no-worth"
SECRET = b"sdk-tests-token-secret-of-no-worth"
READY_SECS = 20
STOP_SECS = 10
CALL_SECS = 5


def signed(user, ttl_secs=600, secret=SECRET):
    """A connection token as an application's back end would sign it; a negative life gives an expired one."""

    def encoded(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    header, claims = {"alg": "HS256", "typ": "JWT"}, {"sub": user, "exp": int(time.time()) + ttl_secs}
    content = b".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return (content + b"." + encoded(hmac.new(secret, content, hashlib.sha256).digest())).decode()


class Refused(Exception):
    """An error of the server API."""


class Wigwag:
    """A server on a free port with a folder of its own, ended by its id; without `config` as `wigwag` alone runs."""

    def __init__(self, config=CONFIG):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._folder = tempfile.mkdtemp(prefix="wigwag-")
        self._place = ["--data-dir", os.path.join(self._folder, "data")]
        if config is not None:
            self._place += ["--config", str(config)]
        self._process = None
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def websocket(self):
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    def start(self):
        """Starts the process, with the same port and data folder each time, and waits until it is ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WIGWAG_")}
        with open(os.path.join(self._folder, "said"), "ab") as said:
            command = [BINARY, "serve", "--listen", f"127.0.0.1:{self.port}", *self._place]
            self._process = subprocess.Popen(command, cwd=self._folder, env=environment, stdout=said, stderr=said)
        deadline = time.monotonic() + READY_SECS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = pathlib.Path(self._folder, "said").read_text(errors="replace")
                raise RuntimeError(f"{BINARY} is not ready (exit code {self._process.poll()}):\n{said}")
            time.sleep(0.05)

    def _ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    async def api(self, method, **request):
        """Calls the server API without blocking the clients of this process."""
        return await asyncio.to_thread(self._api, method, request)

    def _api(self, method, request):
        headers = {"Content-Type": "application/json", "X-API-Key": API_KEY}
        body = json.dumps(request).encode()
        call = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/{method}", body, headers)
        with urllib.request.urlopen(call, timeout=CALL_SECS) as answer:
            reply = json.load(answer)
        if "error" in reply:
            raise Refused(reply["error"])
        return reply["result"]

    async def token(self, *options):
        """Has the command line make a token."""
        command = [BINARY, "token", *self._place, *options]
        made = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True, timeout=CALL_SECS)
        return made.stdout.decode().strip()

    def kill(self):
        """Ends the process without a word, as a crash would."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        """Ends the process in good order and removes its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECS)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class Wire:
    """A line between a client and the server that can be pulled out and put back."""

    def __init__(self, port):
        self._port = port
        self._plugged = True
        self._ends = set()
        self._carrying = set()
        self._server = None

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_):
        self.unplug()
        self._server.close()
        await asyncio.gather(*self._carrying)

    @property
    def websocket(self):
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/connection/websocket"

    def plug(self):
        self._plugged = True

    def unplug(self):
        """Cuts what is connected and lets nobody through."""
        self._plugged = False
        for end in self._ends:
            end.transport.abort()

    async def _carry(self, near_reader, near):
        if not self._plugged:
            near.transport.abort()
            return
        task = asyncio.current_task()
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        far_reader, far = await asyncio.open_connection("127.0.0.1", self._port)
        ends = {near, far}
        self._ends |= ends
        await asyncio.gather(self._pipe(near_reader, far), self._pipe(far_reader, near))
        self._ends -= ends

    @staticmethod
    async def _pipe(reader, writer):
        try:
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()
