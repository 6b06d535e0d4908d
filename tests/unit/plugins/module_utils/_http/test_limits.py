# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of a response, on a clock that the server moves. How they work on real sockets is in test__client.py."""

from __future__ import annotations

import http.client
import io
import socket

import pytest
import urllib3

from ansible_collections.zchat.admin.plugins.module_utils._http import limits
from ansible_collections.zchat.admin.plugins.module_utils._http.limits import (
    EndlessResponseError,
    LimitedReader,
    LimitedResponse,
    SlowResponseError,
    limit_responses,
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
        """Read a body through the limits, and return its number of bytes."""
        limited = LimitedReader(self, TIMEOUT)
        limited.in_head = False
        reader = io.BufferedReader(limited)
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
def test_a_response_over_a_slow_line_is_read(total, size, seconds, monkeypatch):
    assert Line(monkeypatch, total, size, seconds).read_all() == total


@pytest.mark.parametrize(("size", "seconds"), [(1, 29.0), (1, 1.0), (1, 0.01), (1000, 29.0), (8192, 29.0)])
def test_a_response_that_is_too_slow_is_given_up(size, seconds, monkeypatch):
    line = Line(monkeypatch, float("inf"), size, seconds)
    with pytest.raises(SlowResponseError) as caught:
        line.read_all()
    received = int(str(caught.value).split()[0])
    # An active wait ends before the limit is checked. So the longest time is four times the timeout, plus that of the data.
    assert 90 < line.now - 1000 <= 90 + received / limits.MIN_RATE + seconds
    assert received == pytest.approx(size * (line.now - 1000) / seconds)


@pytest.mark.parametrize(("in_head", "limit"), [(True, limits.MAX_HEAD), (False, limits.MAX_HEAD + 8192)])
def test_the_size_is_limited_before_the_end_of_the_headers_and_in_total(in_head, limit, monkeypatch):
    monkeypatch.setattr(limits, "MAX_SIZE", limits.MAX_HEAD + 8192)
    line = Line(monkeypatch, float("inf"), 8192, 0.0)
    reader = LimitedReader(line, TIMEOUT)
    reader.in_head = in_head
    with pytest.raises(EndlessResponseError, match=f"more than {limit} bytes"):
        io.BufferedReader(reader).read()


def test_closing_closes_the_source(monkeypatch):
    line = Line(monkeypatch, 5, 1, 0.0)
    reader = LimitedReader(line, TIMEOUT)
    assert reader.readable()
    reader.close()
    assert line.closed
    assert reader.closed


def receive(data):
    """Return the response that the client reads, if the server sends ``data`` and closes the connection."""
    server, client = socket.socketpair()
    with server, client:
        server.sendall(data)
        server.shutdown(socket.SHUT_WR)
        with LimitedResponse(client, method="DELETE") as response:
            response.begin()
            return response.status, dict(response.headers), response.read()


FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"


@pytest.mark.parametrize(
    "interim",
    [
        b"",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\nContent-Length: 500\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 103 A\r\n\r\nHTTP/1.1 100 B\r\n\r\nHTTP/1.1 199 C\r\nX: y\r\n\r\nHTTP/1.1 103 D\r\n\r\n",
    ],
)
def test_interim_responses_are_skipped(interim):
    assert receive(interim + FINAL) == (200, {"Content-Length": "2"}, b"[]")


@pytest.mark.parametrize("end", range(1, len(FINAL) - 2))
def test_a_response_that_ends_within_its_headers_is_no_response(end):
    with pytest.raises(http.client.HTTPException):
        receive(FINAL[:end])


@pytest.mark.parametrize("manager", [urllib3.PoolManager(), urllib3.ProxyManager("http://127.0.0.1:9")])
def test_the_pools_of_every_scheme_have_limits_once(manager):
    plain = dict(manager.pool_classes_by_scheme)
    limit_responses(manager)
    once = dict(manager.pool_classes_by_scheme)
    limit_responses(manager)
    assert manager.pool_classes_by_scheme == once
    for scheme in ("http", "https"):
        assert issubclass(once[scheme], plain[scheme])
        assert once[scheme].ConnectionCls.response_class is LimitedResponse
    assert urllib3.PoolManager().pool_classes_by_scheme == plain
