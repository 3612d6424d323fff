"""An engine that answers before it has read all, and leaves: its answer is heard, whatever became of the rest."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from aiodockerhub import Docker, LoadFailed, NotFound

BODY = b'{"message":"no room for it"}'
ANSWER = b"HTTP/1.1 404 x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


@pytest.fixture
def refusing(tmp_path):
    """An engine in a thread of its own, which is faster than an event loop that has to send as well."""
    path = str(tmp_path / "engine.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(100)

        def serve():
            with contextlib.suppress(OSError):  # shut down
                while True:
                    peer, _ = listening.accept()
                    with peer:
                        peer.recv(65536)
                        peer.sendall(ANSWER)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix://{path}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


class Pieces:
    def __init__(self, size):
        self.length = 200 * size
        self._size = size

    async def __aiter__(self):
        for _ in range(200):
            yield bytes(self._size)


async def test_an_answer_before_the_end_of_an_upload_is_heard_though_the_engine_has_left(refusing):
    async with Docker(refusing, version="1.45") as docker:
        for attempt in range(300):
            with pytest.raises(LoadFailed, match="no room for it"):
                await docker.images.load(Pieces(1000 + attempt * 97))
        for size in range(10_000, 1_000_000, 30_000):
            with pytest.raises(NotFound, match="no room for it"):
                await docker.containers.put_archive("x", "/", bytes(size))
        assert docker.stats().open_streams == docker.stats().open_calls == 0
