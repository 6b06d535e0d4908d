# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server: HTTP/1.1 with kept connections over loopback, and answers that go astray below HTTP when told to."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from .app import CHAT_BASE, LEGACY_BASE, WIRE, Wire, create_app
from .checks import InputError
from .faults import Fault
from .options import Options
from .state import State

_STOP_SECONDS = 5.0
"""How long to wait at most for the connections' threads to end."""
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, no time: closing sends RST."""
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_ONE_SEND = 65_536
"""Bytes of a body up to which it is sent together with its headers; a longer one is not worth the copy."""


class _Handler(WSGIRequestHandler):
    """One connection. Unlike its parent it keeps the connection open, as the API does, and sends an answer at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the request log is there to be asked."""

    def log_error(self, format: str, *args: Any) -> None:
        """Say nothing of a client that went away or spoke no HTTP."""

    def run_wsgi(self) -> None:
        """Answer one request."""
        body = self._request_body()
        if body is None:
            return
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(body)
        started: list[Any] = []

        def start_response(status: str, headers: Sequence[tuple[str, str]], exc_info: object = None) -> Any:
            started[:] = [status, headers]

        chunks = self.server.app(environ, start_response)
        try:
            payload = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        if self.server.stopping.is_set():
            self.close_connection = True
            return
        self._send(started[0], started[1], payload, environ.get(WIRE, Wire()))

    def _request_body(self) -> bytes | None:
        """Return the request's body, None after having refused one whose end cannot be known."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            self._send("411 Length Required", [], b"", Wire())
            return None
        return self.rfile.read(int(length))

    def _send(self, status: str, headers: Sequence[tuple[str, str]], payload: bytes, wire: Wire) -> None:
        """Send an answer, as whole as ``wire`` leaves it."""
        if wire.drop and wire.truncate is None:
            self._reset()
            return
        code = int(status[:3])
        without_body = code in (204, 304)
        lines = [
            f"HTTP/1.1 {code} {_PHRASES.get(code, '')}",
            f"Date: {self.date_time_string()}",
            "Server: zchat-sandbox",
        ]
        unsent = ("connection", "content-length", "content-type") if without_body else ("connection",)
        lines += [f"{name}: {value}" for name, value in headers if name.lower() not in unsent]
        if without_body:
            payload = b""
        elif not any(header[0].lower() == "content-length" for header in headers):
            lines.append(f"Content-Length: {len(payload)}")
        if self.close_connection:
            lines.append("Connection: close")
        if self.command == "HEAD":
            payload = b""
        if wire.truncate is not None:
            payload = payload[: wire.truncate]
        # As raw as it was given: a fault may send what is not latin-1, as the one who answers badly would.
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if wire.stall is not None:
            self.wfile.write(head[:1])
            self.server.stopping.wait(wire.stall)
            self.close_connection = True
            return
        if len(payload) <= _ONE_SEND:
            self.wfile.write(head + payload)
        else:
            self.wfile.write(head)
            self.wfile.write(payload)
        if wire.drop:
            self._reset()
        elif wire.close or wire.truncate is not None:
            self.close_connection = True

    def _reset(self) -> None:
        """Close the connection so that the other side meets a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # Not connection.close(), which waits for the files that were made of it; and a FIN must not come first.
        os.close(self.connection.detach())


class _Server(ThreadedWSGIServer):
    """A server that knows its connections, so that it can end them."""

    def __init__(self, listening: socket.socket, state: State) -> None:
        self.stopping = threading.Event()
        self._guard = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        host, port = listening.getsockname()
        super().__init__(host, port, create_app(state, self.stopping), _Handler, fd=listening.fileno())

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection until it ends."""
        with self._guard:
            self._connections[threading.current_thread()] = request
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                del self._connections[threading.current_thread()]

    def stop(self) -> None:
        """End listening, waiting and every connection."""
        self.stopping.set()
        self.shutdown()
        with self._guard:
            connections = dict(self._connections)
        for connection in connections.values():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in connections:
            thread.join(_STOP_SECONDS)


class Sandbox:
    """A running stand-in for the Chat API::

        with Sandbox(Options(latency=0.05)) as sandbox:
            requests.get(f"{sandbox.api_url}/oauth/tokens", headers={"Authorization": f"Bearer {sandbox.access_token}"})

    It serves from a thread of this process and ends with the block.
    """

    def __init__(self, options: Options | None = None) -> None:
        """Make the account, listen at nothing yet."""
        self.options = options or Options()
        self.state = State(self.options)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Sandbox:
        """Listen and serve. Raises InputError if the port is taken."""
        try:
            listening = socket.create_server((self.options.host, self.options.port), backlog=128)
        except OSError as error:
            raise InputError(f"port: cannot listen at {self.options.host}:{self.options.port}: {error}") from error
        with listening:
            self._server = _Server(listening, self.state)
        # The interval bounds how long stopping takes.
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.05,), name="zchat-sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End serving and every connection. Requests that wait are let go without an answer."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join(_STOP_SECONDS)
        self._server = self._thread = None

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The server itself, such as ``http://127.0.0.1:40001``."""
        if self._server is None:
            raise RuntimeError("the sandbox is not running")
        return f"http://{self.options.host}:{self._server.port}"

    @property
    def api_url(self) -> str:
        """The base of the Chat API as it is today; takes Bearer only."""
        return self.url + CHAT_BASE

    @property
    def legacy_url(self) -> str:
        """The base as it was at zopim.com; takes Basic and Bearer."""
        return self.url + LEGACY_BASE

    @property
    def access_token(self) -> str | None:
        """The automation's own access token, None if the seed names none."""
        return self.state.access_token

    @property
    def email(self) -> str | None:
        """The address for Basic authentication, None if the seed has no credentials."""
        return self.state.credential.email if self.state.credential else None

    @property
    def password(self) -> str | None:
        """The password for Basic authentication, None if the seed has no credentials."""
        return self.state.credential.password if self.state.credential else None

    def reset(self, faults: Sequence[Fault | Mapping[str, Any]] = (), **changes: Any) -> None:
        """Go back to the seed, with an empty log, only these faults, and ``changes`` to the options of its start."""
        self.state.reset(changes, faults)
