# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of a response, on a clock that the server moves. How they work on real sockets is in test_client.py."""

from __future__ import annotations

import http.client
import io
import socket

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._http import limits
from ansible_collections.zchat.admin.plugins.module_utils._http.limits import (
    LimitedReader,
    LimitedResponse,
    SlowResponseError,
)

TIMEOUT = 30.0


class Line(io.RawIOBase):
    """A server that sends ``size`` bytes at a time, each after ``seconds``, until it has sent ``total``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, total: float, size: int, seconds: float) -> None:
        self.now = 1000.0
        self.left = total
        self.size = size
        self.seconds = seconds
        monkeypatch.setattr(limits, "time", self)

    def monotonic(self) -> float:
        return self.now

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        self.now += self.seconds
        count = int(min(self.size, self.left, len(buffer)))
        self.left -= count
        buffer[:count] = bytes(count)
        return count

    def read_all(self) -> int:
        """Read a body through the limits, close it, and return its number of bytes."""
        limited = LimitedReader(self, TIMEOUT)
        limited.in_head = False
        with io.BufferedReader(limited) as reader:
            return sum(len(part) for part in iter(lambda: reader.read(65_536), b""))


@pytest.mark.parametrize(
    ("total", "size", "seconds"),
    [
        (50_000_000, 8192, 4.0),  # two kilobytes per second, for seven hours
        (50_000_000, 1460, 1.4),  # just fast enough
        (10_000, 8192, 29.0),  # each wait just shorter than the timeout
        (2, 1, 29.0),
    ],
)
def test_a_response_over_a_slow_line_is_read_and_its_socket_closed(total, size, seconds, monkeypatch):
    line = Line(monkeypatch, total, size, seconds)
    assert line.read_all() == total
    assert line.closed


@pytest.mark.parametrize(("size", "seconds"), [(1, 29.0), (1, 1.0), (1, 0.01), (1000, 29.0), (8192, 29.0)])
def test_a_response_that_is_too_slow_is_given_up(size, seconds, monkeypatch):
    line = Line(monkeypatch, float("inf"), size, seconds)
    with pytest.raises(SlowResponseError) as caught:
        line.read_all()
    received = int(str(caught.value).split()[0])
    # An active wait ends before the limit is checked. So the longest time is four times the timeout, plus that of the data.
    assert 90 < line.now - 1000 <= 90 + received / limits.MIN_RATE + seconds
    assert received == pytest.approx(size * (line.now - 1000) / seconds)


def test_a_response_that_ends_within_its_headers_is_no_response():
    head = b"HTTP/1.1 204 No Content\r\nX-Header: a\r\n\r\n"
    for end in range(1, len(head)):
        server, client = socket.socketpair()
        with server, client, LimitedResponse(client, method="DELETE") as response:
            server.sendall(head[:end])
            server.shutdown(socket.SHUT_WR)
            with pytest.raises(http.client.HTTPException):
                response.begin()
