"""A connection with a process: its output as it comes, and its input."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, cast

from aiodockerhub.engine.logs import LogStream, is_framed
from aiodockerhub.errors import Misused, StreamBroken
from aiodockerhub.tar import file_chunks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiodockerhub.engine.api import Engine
    from aiodockerhub.tar import Source
    from aiodockerhub.wire.hijacked import Hijacked

__all__ = ["Duplex", "duplex"]

_PIECE = 256 * 1024


class Duplex(LogStream):
    r"""What a process writes, as any `LogStream`, and with `write` what it reads.

        async with docker.exec.start(created) as process:
            await process.write(b"ls /\n")
            await process.write_eof()
            async for line in process.lines():
                print(line.text)

    One task may write while another reads. A process that fills its output waits until it is read, and then takes no
    input: who has much of both does both at once. After the output's end input may still be taken, inside the block.
    """

    async def write(self, data: bytes) -> None:
        """Send input, and wait while it is not taken. Needs the `async with` block, which opens the connection.

        Raises StreamBroken when nobody reads it any more (what was written before that can still be read), TimedOut,
        Closed, and Misused outside of the block or after `write_eof`.
        """
        await self._connection.write(data)

    async def write_eof(self) -> None:
        """End the input, as ctrl-D does; the output goes on. Also twice. Raises what `write` raises."""
        await self._connection.write_eof()

    async def communicate(self, stdin: Source | None = None) -> tuple[bytes, bytes]:
        """Write all of `stdin` and end it, and meanwhile read to the end: stdout and stderr.

        What is not read of the input is dropped. Raises what reading raises, and what the source of the input raises.
        """
        output: dict[str, list[bytes]] = {"stdin": [], "stdout": [], "stderr": []}
        feeding = asyncio.create_task(self._feed(stdin)) if stdin is not None else None
        try:
            async for chunk in self:
                output[chunk.stream].append(chunk.data)
        finally:
            if feeding is not None:
                feeding.cancel()
                await asyncio.wait([feeding])
        return b"".join(output["stdout"]), b"".join(output["stderr"])

    async def _feed(self, stdin: Source) -> None:
        try:
            async with contextlib.aclosing(aiter(await file_chunks(stdin, size=_PIECE))) as pieces:
                async for piece in pieces:
                    await self.write(piece)
            await self.write_eof()
        except StreamBroken:
            pass  # it reads no more
        except Exception as error:  # noqa: BLE001  (who reads raises it)
            self._flow.close(error)

    @property
    def _connection(self) -> Hijacked:
        if self._flow.source is None:
            raise Misused(f"{self._flow.name}: to be written to inside its async with block")
        return cast("Hijacked", self._flow.source)


def duplex(
    engine: Engine,
    name: str,
    connect: Callable[[], Awaitable[Hijacked]],
    has_terminal: Callable[[], Awaitable[bool]],
) -> Duplex:
    """A connection that `connect` opens when it is first wanted.

    `has_terminal` is asked where the engine's answer does not tell: a terminal's output has no frames.
    """

    async def begin() -> tuple[Hijacked, bool]:
        connection = await connect()
        try:
            framed = is_framed(connection.headers, await engine.version())
            return connection, framed if framed is not None else not await has_terminal()
        except BaseException:
            connection.close()
            raise

    return Duplex(name, begin, line=engine.http.pool.limits.line)
