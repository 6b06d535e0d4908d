# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP/1.1 server on the loopback interface: keeps connections open, and applies the transport part of faults."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from .app import CHAT_BASE, FAULT, LEGACY_BASE, create_app
from .checks import InputError
from .faults import Fault
from .options import Options
from .state import State

_STOP_SECONDS = 5.0
"""Maximum time to wait for the thread of each connection to end."""
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with a timeout of zero: close() sends RST."""


class _Handler(WSGIRequestHandler):
    """One connection. Unlike the parent class, it keeps the connection open and does not delay small packets."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing; ``/_sandbox/requests`` returns the log."""

    def log_error(self, format: str, *args: Any) -> None:
        """Print nothing if a client disconnects or does not send HTTP."""

    def run_wsgi(self) -> None:
        """Process one request and send the response."""
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        started: list[Any] = []

        def start_response(status: str, headers: Sequence[tuple[str, str]], exc_info: object = None) -> Any:
            started[:] = [status, headers]

        payload = b"".join(self.server.app(environ, start_response))
        if self.server.stopping.is_set():
            self.close_connection = True
            return
        self._send(int(started[0][:3]), started[1], payload, environ.get(FAULT, Fault()))

    def _send(self, status: int, headers: Sequence[tuple[str, str]], payload: bytes, fault: Fault) -> None:
        """Send a response."""
        if fault.drop is not None:
            self._reset()
            return
        if fault.interim is not None:
            for _number in range(fault.interim_times):
                self.wfile.write(f"{self._status_line(fault.interim)}\r\n\r\n".encode())
        lines = [self._status_line(status), "Server: zchat-sandbox"]
        if all(name.lower() != "date" for name, _value in headers):
            lines.append(f"Date: {self.date_time_string()}")
        lines += [f"{name}: {value}" for name, value in headers]
        if self.close_connection:
            lines.append("Connection: close")
        # UTF-8 instead of latin-1: the headers of a fault can contain any character.
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if fault.stall is not None:
            self.wfile.write(head[:1])
            self.server.stopping.wait(fault.stall)
            self.close_connection = True
            return
        self.wfile.write(head + payload[: fault.truncate])
        if fault.truncate is not None:
            self.close_connection = True

    def _status_line(self, status: int) -> str:
        return f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}"

    def _reset(self) -> None:
        """Close the connection with a TCP reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # connection.close() would wait until rfile and wfile are closed, and shutdown() would send FIN first.
        os.close(self.connection.detach())


class _Server(ThreadedWSGIServer):
    """A server that keeps a list of its connections, so that it can close them."""

    def __init__(self, listening: socket.socket, state: State) -> None:
        self.stopping = threading.Event()
        self._guard = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        host, port = listening.getsockname()
        super().__init__(host, port, create_app(state, self.stopping), _Handler, fd=listening.fileno())

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection until it is closed."""
        with self._guard:
            self._connections[threading.current_thread()] = request
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                del self._connections[threading.current_thread()]

    def stop(self) -> None:
        """Stop listening, interrupt all delays and close every connection."""
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
    """A running mock server of the Chat API::

        with Sandbox(Options(latency=0.05)) as sandbox:
            requests.get(f"{sandbox.api_url}/oauth/tokens", headers={"Authorization": f"Bearer {sandbox.access_token}"})

    It runs in a thread of this process and stops at the end of the block.
    """

    def __init__(self, options: Options | None = None) -> None:
        """Create the account. The server does not listen yet."""
        self.options = options or Options()
        self.state = State(self.options)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Sandbox:
        """Start the server. Raises InputError if the port is in use."""
        try:
            listening = socket.create_server((self.options.host, self.options.port), backlog=128)
        except (OSError, OverflowError) as error:
            raise InputError(f"port: cannot listen on {self.options.host}:{self.options.port}: {error}") from error
        with listening:
            self._server = _Server(listening, self.state)
        # A short poll interval, because stop() waits for the end of an interval.
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.05,), name="zchat-sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop the server and close every connection. Delayed requests get no response."""
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
        """The URL of the server, such as ``http://127.0.0.1:40001``."""
        if self._server is None:
            raise RuntimeError("the sandbox is not running")
        return f"http://{self.options.host}:{self._server.port}"

    @property
    def api_url(self) -> str:
        """The current base URL of the Chat API; accepts only Bearer authentication."""
        return self.url + CHAT_BASE

    @property
    def legacy_url(self) -> str:
        """The old base URL (zopim.com); accepts Basic and Bearer authentication."""
        return self.url + LEGACY_BASE

    @property
    def access_token(self) -> str | None:
        """The access token of the automation, None if the seed has none."""
        return self.state.access_token

    @property
    def client_id(self) -> str | None:
        """The identifier of the confidential client of the automation, None if the seed has none."""
        return self.state.automation_client.get("client_identifier")

    @property
    def client_secret(self) -> str | None:
        """The complete secret of this client."""
        return self.state.automation_client.get("client_secret")

    @property
    def email(self) -> str | None:
        """The address for Basic authentication, None if the seed has no credentials."""
        return self.state.credential.email if self.state.credential else None

    @property
    def password(self) -> str | None:
        """The password for Basic authentication, None if the seed has no credentials."""
        return self.state.credential.password if self.state.credential else None

    def reset(self, faults: Sequence[Mapping[str, Any]] = (), **changes: Any) -> None:
        """Restore the seed, clear the log, set these faults, and apply ``changes`` to the options of the start."""
        self.state.reset(changes, faults)
