"""The roots that `install.sh` made, and how programs run in them."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE = Path(__file__).parent
_SECONDS_TO_START = 60
_SECONDS_TO_STOP = 30
_BEGINS_ANEW = b"until_eof.sh: begins anew"


def root(suite: str) -> Path:
    """Where the root of a Debian suite is; an error that tells how to make it when it is not there."""
    found = Path(os.environ.get("AIODOCKERHUB_RIG", "/tmp/aiodockerhub-rig")) / suite
    if not found.is_dir():
        raise RuntimeError(f"there is no root of Debian {suite} at {found}; make it with: bash {_HERE / 'install.sh'}")
    return found.resolve()


def run(suite: str, *command: str) -> str:
    """What a command of a root prints; it sees the machine's network, but no files outside its root."""
    return _printed("chroot", str(root(suite)), *command)


def run_in_tmp(suite: str, *command: str) -> str:
    """`run` for a command that finds its files in the machine's /tmp."""
    return _printed(str(_HERE / "in_root.sh"), str(root(suite)), *command)


def _printed(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Confined:
    """A program running in a root, in namespaces of its own: it and all that it started are gone after `stop`.

    It ends as well when this process dies, however that happens: it watches the pipe that it has from here.
    """

    def __init__(self, suite: str, command: list[str], log: Path, files: Path | None = None) -> None:
        self._log = log
        inner = ["/bin/bash", "-uc", (_HERE / "until_eof.sh").read_text(), command[0], *command]
        environ = os.environ | ({"IN_ROOT_FILES": str(files)} if files else {})
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(_HERE / "in_root.sh"), str(root(suite)), *inner],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environ,
                start_new_session=True,  # ctrl-C is for the owner, who then stops it in order
            )

    def wait_until(self, answers: Callable[[], bool]) -> None:
        """Return as soon as `answers()` is true; raise with the log's end when the program ended, or after a minute."""
        deadline = time.monotonic() + _SECONDS_TO_START
        while not _without_refusal(answers):
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self._log.read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"{self._log.stem} did not start:\n{log[-3000:]}")
            time.sleep(0.02)

    def restart(self, answers: Callable[[], bool]) -> None:
        """Ask the program to end, and start it again when it has: `wait_until` it answers then, and no sooner.

        The namespaces stay, and so does what the program left running in them.
        """
        assert self._process.stdin is not None
        logged = self._log.stat().st_size
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        self.wait_until(lambda: _BEGINS_ANEW in self._log.read_bytes()[logged:] and answers())

    def stop(self) -> None:
        """Ask the program to end, and end whatever is left of it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()  # takes the namespace's first process along, and that one all others
            self._process.wait()


def _without_refusal(answers: Callable[[], bool]) -> bool:
    try:
        return answers()
    except OSError:
        return False
