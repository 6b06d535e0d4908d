# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small HTTP server that sends on a real socket whatever the script of a test contains, valid or not."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from typing_extensions import Self

    Step = Union[bytes, Callable[["Exchange"], bool]]
    """How to handle one request: the bytes to send, or a function that returns whether the connection stays open."""


def response(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Return a complete HTTP response. A ``body`` that is neither bytes nor a string becomes JSON."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    fields = {"Content-Length": str(len(body)), **(headers or {})}
    if status == 204:
        fields.pop("Content-Length")
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Reason\r\n{head}\r\n".encode() + body


def _is_complete(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    return bool(end) and len(body) >= (int(length.group(1)) if length else 0)


class Exchange:
    """One request, and the connection for its response."""

    def __init__(self, server: ScriptedServer, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection

    def reset(self) -> bool:
        """Close the connection with a RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def send_and_reset(self, data: bytes) -> bool:
        """Send ``data``, then close the connection with a RST."""
        self.connection.sendall(data)
        return self.reset()

    def send_and_close(self, data: bytes) -> bool:
        """Send ``data``, then close the connection."""
        self.connection.sendall(data)
        return False

    def send_and_stall(self, data: bytes) -> bool:
        """Send ``data``, then nothing more until the test ends."""
        self.connection.sendall(data)
        self.server.closing.wait()
        return False

    def send_slowly(self, data: bytes, interval: float = 0.2) -> bool:
        """Send ``data``, then one digit per ``interval`` seconds, until the client disconnects or the test ends."""
        self.connection.sendall(data)
        while not self.server.closing.wait(interval):
            self.connection.sendall(b"0")
        return False

    def send_endlessly(self, data: bytes, repeated: bytes) -> bool:
        """Send ``data``, then ``repeated`` again and again, until the client disconnects or the test ends."""
        self.connection.sendall(data)
        while not self.server.closing.is_set():
            self.connection.sendall(100 * repeated)
        return False


class ScriptedServer(socketserver.ThreadingTCPServer):
    """Listens on loopback and executes one step of the script for each request. The last step is repeated."""

    def __init__(self, *script: Step, wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain) -> None:
        """``wrap`` is called with each accepted connection, for example to start TLS."""
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.script = list(script)
        self.requests: list[str] = []
        self.connections = 0
        self.closing = threading.Event()
        self.port = int(self.server_address[1])
        self._wrap = wrap
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self.port}/api/v2/chat"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self.closing.set()
        self.shutdown()
        for connection in self._open:
            with contextlib.suppress(OSError):  # the client has closed it
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def finish_request(self, request: Any, client_address: object) -> None:
        """Handle one connection, in its own thread."""
        self.connections += 1
        # Many tests have a client that disconnects or rejects the certificate.
        with contextlib.suppress(OSError), self._wrap(request) as connection:
            self._open.append(connection)
            while self._handle_request(connection):
                pass

    def _handle_request(self, connection: socket.socket) -> bool:
        request = b""
        while not _is_complete(request):
            data = connection.recv(65_536)
            if not data:
                return False
            request += data
        with self._lock:
            self.requests.append(request.decode("latin-1"))
            step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, bytes):
            connection.sendall(step)
            return True
        return step(Exchange(self, connection))
