# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy that connects https://*.zendesk.com to the sandbox, with TLS."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import trustme

HOSTS = ("acme.zendesk.com", "globex.zendesk.com", "www.zopim.com", "desk.example.com")

_Address = tuple[str, int]


class _Handler(socketserver.StreamRequestHandler):
    """One client of the proxy."""

    server: _Server

    def handle(self) -> None:
        """Accept a CONNECT, use TLS as the requested host, and relay the data."""
        request = self.rfile.readline().decode("ascii", "replace").split()
        while self.rfile.readline().strip():
            pass
        self.server.connects.append(request[1])
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        host = request[1].partition(":")[0]
        with contextlib.suppress(OSError), self._tls() as client, self._upstream(host) as upstream:
            _relay(client, upstream)

    def _tls(self) -> ssl.SSLSocket:
        return self.server.context.wrap_socket(self.connection, server_side=True)

    def _upstream(self, host: str) -> socket.socket:
        return socket.create_connection(self.server.others.get(host, self.server.upstream))


def _relay(client: ssl.SSLSocket, upstream: socket.socket) -> None:
    """Relay bytes in both directions until one side closes."""
    targets: dict[socket.socket, socket.socket] = {client: upstream, upstream: client}
    while True:
        for source in select.select(list(targets), [], [])[0]:
            data = source.recv(65_536)
            while isinstance(source, ssl.SSLSocket) and source.pending():
                data += source.recv(source.pending())
            if not data:
                return
            targets[source].sendall(data)


def _address(url: str) -> _Address:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: _Address, others: Mapping[str, _Address], context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.others = others
        self.context = context
        self.connects: list[str] = []


class Zendesk:
    """The sandbox at zendesk.com. A play reaches it with ``environment`` and trusts it with ``ca_path``."""

    def __init__(self, sandbox_url: str, folder: Path, others: Mapping[str, str] | None = None) -> None:
        """``others`` are the URLs of other sandboxes, by host. The hosts are among HOSTS."""
        folder.mkdir()
        authority = trustme.CA()
        self.ca_path = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_path))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*HOSTS).configure_cert(context)
        addresses = {host: _address(url) for host, url in (others or {}).items()}
        self._server = _Server(_address(sandbox_url), addresses, context)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which a play uses this proxy."""
        return {"HTTPS_PROXY": f"http://127.0.0.1:{self._server.server_address[1]}"}

    @property
    def connects(self) -> Sequence[str]:
        """The targets of all CONNECT requests so far, each as ``host:port``."""
        return tuple(self._server.connects)

    def __enter__(self) -> Zendesk:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
