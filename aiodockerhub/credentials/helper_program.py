"""Credential helpers: programs named `docker-credential-NAME` that keep secrets in a key ring.

One run is one question: an action as the argument, text on stdin, an answer or a complaint on stdout. What it writes
to stderr is for people, and goes where ours goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from aiodockerhub.decoding import decoded
from aiodockerhub.errors import BadCredentials

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HelperReply", "run_helper"]

_NOT_FOUND = "credentials not found in native keychain"
_LARGEST_ANSWER = 1 << 20
_LONGEST_COMPLAINT = 200

_T = TypeVar("_T")


class _Said(msgspec.Struct, rename="pascal"):
    username: str | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        return "_Said(***)"


class HelperReply:
    """What a helper answered. Its repr shows nothing of it."""

    def __init__(self, helper: str, status: int, output: bytes) -> None:
        self._helper = helper
        self._status = status
        self._output = output

    def login(self) -> tuple[str, str] | None:
        """User name and secret, or None when the helper has none. Raises BadCredentials."""
        if self._status != 0:
            if self._words() == _NOT_FOUND:
                return None
            raise self._bad(f"says {self._complaint()}")
        said = self._decoded(_Said)
        if not (said.username or said.secret):
            return None  # "pass" answers so, with status 0
        if not said.username:
            raise self._bad("gave a secret without a user name")
        return said.username, said.secret or ""

    def listed(self) -> dict[str, str]:
        """User names by server URL. Raises BadCredentials."""
        if self._status != 0:
            raise self._bad(f"says {self._complaint()}")
        return self._decoded(dict[str, str])

    def _decoded(self, kind: type[_T]) -> _T:
        if len(self._output) > _LARGEST_ANSWER:
            raise self._bad(f"gave more than {_LARGEST_ANSWER} bytes")
        try:
            return decoded(self._output, kind)
        except ValueError as error:
            raise self._bad(f"gave no answer of its protocol: {error}") from None

    def _words(self) -> str:
        return self._output.decode(errors="replace").strip()

    def _complaint(self) -> str:
        words = self._words().partition("\n")[0]
        if not words or "{" in words:  # JSON may hold the secret
            return f"nothing that can be repeated, with status {self._status}"
        return repr(words[:_LONGEST_COMPLAINT])

    def _bad(self, what: str) -> BadCredentials:
        return BadCredentials(f"the credential helper {program(self._helper)} {what}", helper=self._helper)


class _Run(asyncio.SubprocessProtocol):
    """One run of a helper: collects stdout; `exited` when the process is gone, `closed` when its pipes are too."""

    def __init__(self) -> None:
        self.output = bytearray()
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002
        if len(self.output) <= _LARGEST_ANSWER:
            self.output += data

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.closed.set()


def program(helper: str) -> str:
    """The file name of a helper, as it stands in PATH."""
    return f"docker-credential-{helper}"


async def run_helper(helper: str, action: str, text: str, environ: Mapping[str, str], limit: float) -> HelperReply:
    """Asks a helper found in the PATH of `environ`, for at most `limit` seconds.

    However this ends, the process has ended too, with all that it started. Raises BadCredentials.
    """
    transport, run = await _started(helper, action, environ)
    try:
        stdin = cast("asyncio.WriteTransport", transport.get_pipe_transport(0))
        stdin.write(text.encode())
        stdin.close()
        async with asyncio.timeout(limit):
            await run.closed.wait()
    except TimeoutError:
        raise BadCredentials(
            f"the credential helper {program(helper)} did not answer in {limit:g} s", helper=helper
        ) from None
    finally:
        await _ended(transport, run)
    return HelperReply(helper, transport.get_returncode() or 0, bytes(run.output))


async def _started(helper: str, action: str, environ: Mapping[str, str]) -> tuple[asyncio.SubprocessTransport, _Run]:
    if os.sep in helper:
        raise BadCredentials(f"a credential helper can't be named {helper!r}", helper=helper)
    try:
        # a session of its own: what it starts can be ended with it
        return await asyncio.get_running_loop().subprocess_exec(
            _Run, program(helper), action, stderr=None, env=dict(environ), start_new_session=True
        )
    except FileNotFoundError:
        raise BadCredentials(f"the credential helper {program(helper)} is not in PATH", helper=helper) from None
    except OSError as error:
        raise BadCredentials(
            f"the credential helper {program(helper)} can't be run: {error.strerror}", helper=helper
        ) from error


async def _ended(transport: asyncio.SubprocessTransport, run: _Run) -> None:
    try:
        if not run.exited.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(transport.get_pid(), signal.SIGKILL)
            await run.exited.wait()
    finally:
        transport.close()
    await run.closed.wait()
