"""A server that does to the byte what a test's script says, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

from multidict import CIMultiDict

if TYPE_CHECKING:
    import ssl

END = b"0\r\n\r\n"


class Asked(NamedTuple):
    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def unversioned(self) -> str:
        """The path without the API version before it."""
        return re.sub(r"^/v\d+\.\d+(?=/)", "", self.path)


def head(status: int = 200, *, version: str | None = "1.45", **fields: Any) -> bytes:
    """The head of an answer; `version` is its Api-Version, `content_type="text/plain"` a field."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    named |= {"api-version": version} if version else {}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    return "\r\n".join(lines).encode()


def answered(body: Any = b"", status: int = 200, version: str | None = "1.45", **headers: Any) -> bytes:
    """A whole answer: bytes as they are, anything else as JSON. Its headers may lie, about the length as well."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/plain" if isinstance(body, bytes) else "application/json"
    fields = CIMultiDict[Any]({"content-type": kind, "content-length": len(content)})
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    return head(status, version=version, **fields) + content


CHUNKED = head(content_type="application/json", transfer_encoding="chunked")


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def line(**fields: Any) -> bytes:
    """A line of a JSON stream, as engines send it."""
    return json.dumps(fields).encode() + b"\r\n"


class Peer:
    """The server's end of a connection; `number` counts them."""

    def __init__(self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = server.connections
        self.reader = reader
        self.transport = writer.transport
        self.streaming = False
        self._server = server
        self._writer = writer

    async def request(self) -> Asked:
        """The next request, which the server remembers."""
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        method, target, _ = first.split(" ")
        fields = (one.partition(": ") for one in lines if one)
        headers = CIMultiDict((name, value) for name, _, value in fields)
        if headers.get("transfer-encoding") == "chunked":
            body = await self._chunks()
        else:
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, target, headers, body)
        self._server.asked.append(asked)
        return asked

    async def _chunks(self) -> bytes:
        body, size = b"", -1
        while size:
            size = int(await self.reader.readline(), 16)
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        return body

    async def send(self, data: bytes) -> None:
        """Write, and wait while the client takes nothing."""
        self._writer.write(data)
        await self._writer.drain()

    async def gone(self) -> None:
        """Read and say nothing until the client leaves, which ends the script."""
        while True:
            await self.reader.read(65536)

    def close(self) -> None:
        """End the connection when all is written."""
        self.transport.close()

    def reset(self) -> None:
        """End the connection with a reset, whatever was read; TCP alone has that."""
        linger = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()


Script: TypeAlias = Callable[[Peer], Awaitable[None]]
Answer: TypeAlias = bytes | Script


def answering(answer: Callable[[Asked], Answer]) -> Script:
    """Requests one after the other, each answered as `answer` says: bytes are sent, a script is played."""

    async def script(peer: Peer) -> None:
        while True:
            asked = await peer.request()
            answers = answer(asked)
            if callable(answers):
                peer.streaming = True
                await answers(peer)
            else:
                fields, end, body = answers.partition(b"\r\n\r\n")
                await peer.send(fields + end + (b"" if asked.method == "HEAD" else body))

    return script


def once(answer: bytes) -> Script:
    """Answers the first request of each connection, and closes it."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer)

    return script


async def silent(peer: Peer) -> None:
    """Takes requests and says nothing at all, not even a head."""
    while True:
        await peer.request()


def telling(*pieces: bytes, begin: bytes = CHUNKED, then: Callable[[Peer], None] | None = None) -> Script:
    """Sends a head and a chunked body, each piece by itself; then ends it well, or does what it is told."""

    async def script(peer: Peer) -> None:
        await peer.send(begin)
        for piece in pieces:
            await peer.send(piece)
            await asyncio.sleep(0)
        if then is None:
            await peer.send(END)
        else:
            then(peer)

    return script


def follow(peer: Peer) -> None:
    """Stay open, and say no more."""


def pulled(*statuses: str, then: Callable[[Peer], None] | None = None) -> Script:
    """A pull that tells these statuses."""
    return telling(*(chunk(line(status=status)) for status in statuses), then=then)


class ScriptedServer:
    """Plays `script` on every connection, until it returns or the client leaves; both close the connection.

    `asked` is what came, in order; `connections` how many there were. At the end of a block all that is under way is
    cut off, and a script that failed fails the test.
    """

    def __init__(
        self,
        script: Script,
        *,
        host: str = "127.0.0.1",
        socket: str | None = None,
        tls: ssl.SSLContext | None = None,
        backlog: int = 4096,
    ) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.connections = 0
        self._script = script
        self._place = (host, socket, tls, backlog)
        self._peers: set[Peer] = set()
        self._playing: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    @property
    def streams(self) -> int:
        """Connections that are open and were answered by a script, whether anything is sent on them or not."""
        return sum(peer.streaming for peer in self._peers)

    def calls(self) -> list[str]:
        """What came, in order, as in "GET /info"."""
        return [f"{one.method} {one.unversioned}" for one in self.asked]

    async def until(self, reached: Callable[[], Any]) -> None:
        """Wait until something has come to be; the time limit only turns a hang into a failure."""
        async with asyncio.timeout(20):
            while not reached():
                await asyncio.sleep(0.001)

    async def __aenter__(self) -> Self:
        host, path, tls, backlog = self._place
        loop = asyncio.get_running_loop()
        if path is not None:
            self._listening = await loop.create_unix_server(lambda: _Connection(self), path, backlog=backlog)
            self.url = f"unix://{path}"
        else:
            self._listening = await loop.create_server(lambda: _Connection(self), host, 0, ssl=tls, backlog=backlog)
            port = self._listening.sockets[0].getsockname()[1]
            self.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._listening.close()
        for peer in self._peers:
            peer.transport.abort()
        while self._peers or self._playing:
            await asyncio.sleep(0)
        await self._listening.wait_closed()
        if error is None and self._failures:
            raise self._failures[0]

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Callable[[], None]:
        """Play the script on a connection; what comes back is called when that is lost."""
        self.connections += 1
        peer = Peer(self, reader, writer)
        task = asyncio.get_running_loop().create_task(self._play(peer))
        self._peers.add(peer)
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)

        def lost() -> None:
            self._peers.discard(peer)
            task.cancel()

        return lost

    async def _play(self, peer: Peer) -> None:
        try:
            await self._script(peer)
        except Exception as error:  # noqa: BLE001  (told at the end)
            self._failures.append(error)
        finally:
            peer.close()


class ScriptedEngine(ScriptedServer):
    """`says[path]` is what it answers at a path, whatever the API version before it.

    `/_ping`, `/info` and the image busybox are there from the start.
    """

    def __init__(self, **place: Any) -> None:
        super().__init__(answering(lambda asked: self.says[asked.unversioned]), **place)
        self.says: dict[str, Answer] = {
            "/_ping": answered(b"OK"),
            "/info": answered({"ID": "x"}),
            "/images/busybox:latest/json": answered({"Id": "sha256:1d", "RepoDigests": ["busybox@sha256:d1"]}),
        }


class _Connection(asyncio.StreamReaderProtocol):
    """Ends a script at once when its client has left, whatever it waits for."""

    def __init__(self, server: ScriptedServer) -> None:
        super().__init__(asyncio.StreamReader(), self._begin)
        self._server = server

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lost = self._server.begin(reader, writer)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._lost()
