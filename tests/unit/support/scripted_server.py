# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server of a few lines that does on a real socket whatever a test's script says, proper or not."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    Act = Union[bytes, Callable[["Turn"], bool]]
    """What to do with one request: bytes to answer it with, or a function that says whether the connection is kept."""


def answer(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer. A ``body`` that is neither bytes nor text becomes JSON."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    fields = {"Content-Length": str(len(body)), **(headers or {})}
    if status == 204:
        fields.pop("Content-Length")
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


class Turn:
    """One request and the socket to answer it on."""

    def __init__(self, server: ScriptedServer, connection: socket.socket, request: str) -> None:
        self.server = server
        self.connection = connection
        self.request = request

    def reset(self) -> bool:
        """End the connection with a RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def send_and_reset(self, data: bytes) -> bool:
        self.connection.sendall(data)
        return self.reset()

    def send_and_close(self, data: bytes) -> bool:
        self.connection.sendall(data)
        return False

    def send_and_stall(self, data: bytes) -> bool:
        """Send ``data`` and then nothing more until the test is over."""
        self.connection.sendall(data)
        self.server.closing.wait()
        return False

    def send_and_drip(self, data: bytes) -> bool:
        """Send ``data`` and then a digit every fifth of a second, until the client hangs up or the test is over."""
        self.connection.sendall(data)
        while not self.server.closing.wait(0.2):
            self.connection.sendall(b"0")
        return False


class ScriptedServer:
    """Listens on loopback and takes one act of the script for each request; the last one is repeated."""

    def __init__(self, *script: Act, wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain) -> None:
        self.script = list(script)
        self.requests: list[str] = []
        self.connections = 0
        self.closing = threading.Event()
        self._wrap = wrap
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v2/chat"

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        workers = []
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                break
            self.connections += 1
            workers.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            workers[-1].start()
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side has closed it
        for worker in workers:
            worker.join()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with self._wrap(plain) as connection:
                self._open.append(connection)
                while self._take_turn(connection):
                    pass
        except OSError:
            return  # a client that hangs up, or refuses the certificate, is part of many a test

    def _take_turn(self, connection: socket.socket) -> bool:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            data = connection.recv(65_536)
            if not data:
                return False
            request += data
        with self._lock:
            self.requests.append(request.decode("latin-1"))
            act = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(act, bytes):
            connection.sendall(act)
            return True
        return act(Turn(self, connection, self.requests[-1]))
