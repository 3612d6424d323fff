"""Connections with the main process of a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiodockerhub.engine.duplex import Duplex, duplex
from aiodockerhub.engine.identity import Named, id_of
from aiodockerhub.wire.timeouts import UNSET, CallTimeout

if TYPE_CHECKING:
    from aiodockerhub.engine.api import Engine
    from aiodockerhub.wire.hijacked import Hijacked

__all__ = ["Attachments"]

_CHOOSES = (1, 42)
"""The API version from which a WebSocket is connected with what is asked for."""


class Attachments:
    """How `docker.containers` talks with containers."""

    _engine: Engine

    def attach(
        self,
        container: Named,
        *,
        stdin: bool = False,
        stdout: bool = True,
        stderr: bool = True,
        stream: bool = True,
        logs: bool | None = None,
        detach_keys: str | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Duplex:
        """A connection with its main process: what it writes from now on, and with `stdin` what it reads.

        `logs` gives first what it wrote before; without `stream` nothing else. Input reaches only a container that was
        created with `open_stdin`, and its end only one with `stdin_once` too. Attach before `start`, so as not to miss
        the beginning; what a container that has ended wrote is in `logs`. `detach_keys` end the connection when they
        are written, as the engine's own `"ctrl-p,ctrl-q"` do. `timeout` bounds the whole connection,
        `Timeout(idle=...)` the silence.

            await docker.containers.create("busybox", "cat", name="job", open_stdin=True, stdin_once=True)
            async with docker.containers.attach("job", stdin=True) as process:
                await docker.containers.start("job")
                await process.write(b"hello")
                await process.write_eof()
                async for chunk in process:
                    print(chunk.text, end="")

        Raises ContainerNotFound, Conflict where it is paused or restarts. API: `ContainerAttach`.
        """
        name = id_of(container)
        query = {"stdin": stdin, "stdout": stdout, "stderr": stderr, "stream": stream, "logs": logs}

        async def connect() -> Hijacked:
            return await self._engine.hijack(
                "ContainerAttach",
                "POST",
                "/containers/{}/attach",
                name,
                query={**query, "detachKeys": detach_keys},
                timeout=timeout,
            )

        async def has_terminal() -> bool:
            return await self._has_terminal(name, timeout)

        return duplex(self._engine, f"attach {name}", connect, has_terminal)

    def attach_ws(
        self,
        container: Named,
        *,
        stdin: bool | None = None,
        stdout: bool | None = None,
        stderr: bool | None = None,
        stream: bool = True,
        logs: bool | None = None,
        detach_keys: str | None = None,
        timeout: CallTimeout = UNSET,
    ) -> Duplex:
        """As `attach`, over a WebSocket, for proxies that pass nothing else: stdout and stderr come as one stream.

        It can't end the input alone: `write_eof` raises Misused. Connected are all three of `stdin`, `stdout` and
        `stderr` unless False; to choose needs API 1.42. podman has none: NotFound. API: `ContainerAttachWebsocket`.
        """
        name = id_of(container)
        query: dict[str, object] = {"stream": stream, "logs": logs, "detachKeys": detach_keys}

        async def connect() -> Hijacked:
            # older engines connect all three, newer ones none unless told
            usual = True if await self._engine.version() >= _CHOOSES else None
            for way, chosen in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
                query[way] = chosen if chosen is not None else usual
            return await self._engine.hijack(
                "ContainerAttachWebsocket",
                "GET",
                "/containers/{}/attach/ws",
                name,
                query=query,
                websocket=True,
                timeout=timeout,
            )

        async def has_terminal() -> bool:
            return True  # as far as frames go: there are none

        return duplex(self._engine, f"attach {name}", connect, has_terminal)

    async def _has_terminal(self, container: str, timeout: CallTimeout) -> bool:
        told = await self._engine.json("ContainerInspect", "GET", "/containers/{}/json", container, timeout=timeout)
        return bool(told["Config"]["Tty"])
