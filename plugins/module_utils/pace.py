# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives up an answer that comes in drips. The timeout of a socket is for each wait, so a byte now and then outlasts it.

The status line and the headers are read inside ``http.client``, before ``requests`` has anything to offer. But all of an
answer, that of a proxy to CONNECT too, comes through the file that ``http.client`` makes of the socket: that is where it
is metered, over TLS or not, with no thread to watch it. Nothing here needs ``requests``.
"""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
from typing import Any

PATIENCE = 3
"""An answer may take this many times the timeout in all, however little of it comes."""
SLOWEST = 1024
"""And a second more for each so many bytes: a modem is faster, so a long list over a slow line is never cut short."""


class TooSlowError(socket.timeout):
    """An answer came so slowly that it might never end: ``received`` bytes in ``seconds``."""

    def __init__(self, received: int, seconds: float) -> None:
        super().__init__(f"{received} bytes in {seconds:.0f} s")
        self.received = received
        self.seconds = seconds


class Metered(io.RawIOBase):
    """What comes out of ``source``, for as long as it comes fast enough. Reading raises :class:`TooSlowError` otherwise."""

    def __init__(self, source: io.RawIOBase, timeout: float) -> None:
        """``timeout`` is how long ``source`` itself waits for data, in seconds; time counts from now on."""
        super().__init__()
        self._source = source
        self._allowed = PATIENCE * timeout
        self._began = time.monotonic()
        self._received = 0

    def readable(self) -> bool:
        """As every file that is read from must say of itself."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read once from the source, unless its time is over."""
        seconds = time.monotonic() - self._began
        if seconds > self._allowed + self._received / SLOWEST:
            raise TooSlowError(self._received, seconds)
        count = self._source.readinto(buffer)
        self._received += count or 0
        return count

    def close(self) -> None:
        """Close the source too: the socket counts who still reads from it."""
        self._source.close()
        super().close()


class MeteredResponse(http.client.HTTPResponse):
    """An HTTP answer that is metered from its first byte to its last."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        source = self.fp.detach()
        self.fp = io.BufferedReader(Metered(source, sock.gettimeout() or math.inf))


def meter(manager: Any) -> None:
    """Have every connection that a urllib3 ``PoolManager`` makes from now on meter its answers. May be done again."""
    manager.pool_classes_by_scheme = {scheme: _metered(pool) for scheme, pool in manager.pool_classes_by_scheme.items()}


def _metered(pool: Any) -> Any:
    """The pool class with connections that make metered responses; ``pool`` itself where it has them already."""
    connection = pool.ConnectionCls
    if connection.response_class is MeteredResponse:
        return pool
    connection = type(connection.__name__, (connection,), {"response_class": MeteredResponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})
