# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP response that ends: limits for its time and size, and interim responses skipped.

The timeout of a socket applies to each wait, so a server that sends one byte now and then is never timed out. The status
line and the headers are read inside ``http.client``, before ``requests`` returns. But every response, also that
of a proxy to CONNECT, is read from the file that ``http.client`` creates for the socket. This module limits that file,
with or without TLS, without a thread. It does not need ``requests``.
"""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
from typing import Any

TIMEOUT_FACTOR = 3
"""A response may take this many times the timeout, however little data it contains."""
MIN_RATE = 1024
"""Bytes that add one second to that time. Slow connections exceed this rate, so a long list is never cut off."""
MAX_HEAD = 1024 * 1024
"""Bytes before the end of the headers, interim responses included."""
MAX_SIZE = 512 * 1024 * 1024
"""Bytes in total: more than a million tokens."""


class SlowResponseError(socket.timeout):
    """The response was too slow."""

    def __init__(self, received: int, seconds: float) -> None:
        super().__init__(f"{received} bytes in {seconds:.0f} s")


class EndlessResponseError(OSError):
    """The response exceeded its size limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")


class InvalidHeadersError(http.client.HTTPException):
    """A line in the headers is not a header. ``http.client`` would ignore it and all lines after it."""


class LimitedReader(io.RawIOBase):
    """Reads from ``source``. Raises :class:`SlowResponseError` or :class:`EndlessResponseError` beyond its limits.

    Also raises :class:`http.client.IncompleteRead` if the response ends within its headers. ``http.client`` itself takes
    that for the end of the headers, and so the beginning of a response for a complete one without content.
    """

    def __init__(self, source: io.RawIOBase, timeout: float) -> None:
        """``timeout`` is the time in seconds that ``source`` itself waits for data. The time starts now."""
        super().__init__()
        self.in_head = True
        """Whether the headers of the final response have not been read to their end."""
        self._source = source
        self._allowed = TIMEOUT_FACTOR * timeout
        self._start = time.monotonic()
        self._received = 0

    def readable(self) -> bool:
        """Return true, as every file for reading."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read once from the source."""
        seconds = time.monotonic() - self._start
        if seconds > self._allowed + self._received / MIN_RATE:
            raise SlowResponseError(self._received, seconds)
        count = self._source.readinto(buffer)
        self._received += count or 0
        max_size = MAX_HEAD if self.in_head else MAX_SIZE
        if self._received > max_size:
            raise EndlessResponseError(max_size)
        if count == 0 and self.in_head and self._received:
            raise http.client.IncompleteRead(b"")
        return count

    def close(self) -> None:
        """Close the source too: the socket counts its readers."""
        self._source.close()
        super().close()


class LimitedResponse(http.client.HTTPResponse):
    """An HTTP response with limits that skips every interim response (1xx). ``http.client`` itself skips only 100."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reader = LimitedReader(self.fp.detach(), sock.gettimeout() or math.inf)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read the status line and the headers of the final response."""
        super().begin()
        while 100 <= self.status < 200:
            # With headers, begin() would return at once. None is its initial value, which the types of http.client omit.
            self.headers = None  # type: ignore[assignment]
            super().begin()
        if self.headers.defects:
            raise InvalidHeadersError
        self._reader.in_head = False


def limit_responses(manager: Any) -> None:
    """Make every connection of a urllib3 ``PoolManager`` use :class:`LimitedResponse`. Can be called again."""
    manager.pool_classes_by_scheme = {
        scheme: _with_limits(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
    }


def _with_limits(pool: Any) -> Any:
    connection = pool.ConnectionCls
    if connection.response_class is LimitedResponse:
        return pool
    connection = type(connection.__name__, (connection,), {"response_class": LimitedResponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})
