"""The script in the README, as it stands there."""

import asyncio
import re
import sys
import tempfile
import textwrap
import unittest

from house import ROOT, Wigwag

DEADLINE_SECS = 15


class Readme(unittest.IsolatedAsyncioTestCase):
    async def test_the_script_joins_the_lobby_and_hears_what_it_says(self):
        server = Wigwag(config=None)
        self.addCleanup(server.stop)
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        script = textwrap.dedent(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1])
        token = await server.token("--user", "python")

        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(script.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}"))
            file.flush()
            process = await asyncio.create_subprocess_exec(
                sys.executable, file.name, token, stdout=asyncio.subprocess.PIPE
            )
            try:
                line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_SECS)
            finally:
                process.kill()
                await process.wait()

        self.assertIn(b"hello from python", line)


if __name__ == "__main__":
    unittest.main()
