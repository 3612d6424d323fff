"""What it costs to begin: importing, and the first answer of an engine, each in a fresh interpreter."""

from __future__ import annotations

from benchmarks import peers

AIOHTTP_AND_MSGSPEC = "aiohttp and msgspec"
IMPORTS = {
    "aiodockerhub": (peers.OURS, "import aiodockerhub"),
    "aiodockerhub.Docker": (peers.OURS, "import aiodockerhub; aiodockerhub.Docker"),
    AIOHTTP_AND_MSGSPEC: ("bare_aiohttp", "import aiohttp, msgspec"),
    "aiodocker": ("aiodocker", "import aiodocker"),
    "docker": ("docker_py", "import docker"),
}
"""What is imported: the peer that it belongs to, and the statement."""

FIRST_PINGS = {
    peers.OURS: """
import asyncio, aiodockerhub
async def main():
    async with aiodockerhub.Docker(address) as docker:
        await docker.ping()
        report()
asyncio.run(main())
""",
    "bare": """
import asyncio
async def main():
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET /_ping HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    await reader.readuntil(b"\\r\\n\\r\\nOK")
    report()
    writer.close()
asyncio.run(main())
""",
    "bare_aiohttp": """
import asyncio, aiohttp
async def main():
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session:
        async with session.get("http://localhost/_ping") as answer:
            await answer.text()
        report()
asyncio.run(main())
""",
    # It has no ping: with the version given, its version() is one short call too.
    "aiodocker": """
import asyncio, aiodocker
async def main():
    async with aiodocker.Docker(url=address, api_version="v1.51") as docker:
        await docker.version()
        report()
asyncio.run(main())
""",
    "docker_py": """
import docker
client = docker.APIClient(base_url=address, version="1.51")
client.ping()
report()
client.close()
""",
}

_PRELUDE = """
import json, sys, time
address = sys.argv[1]
path = address.removeprefix("unix://")
def report():
    print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}))
cpu, wall = time.process_time(), time.perf_counter()
"""


def import_program(statement: str) -> str:
    return f"{_PRELUDE}{statement}\nreport()\n"


def first_ping_program(peer: str) -> str:
    return _PRELUDE + FIRST_PINGS[peer]
