# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pace of an answer on a clock that the server moves. That it holds on real sockets is for the client's tests."""

from __future__ import annotations

import io

import pytest
import urllib3

from ansible_collections.zchat.admin.plugins.module_utils import pace
from ansible_collections.zchat.admin.plugins.module_utils.pace import Metered, TooSlowError, meter

TIMEOUT = 30.0


class Line(io.RawIOBase):
    """A server that sends ``size`` bytes at a time, each after ``seconds``, until it has sent ``total``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, total: float, size: int, seconds: float) -> None:
        self.now = 1000.0
        self.left = total
        self.size = size
        self.seconds = seconds
        monkeypatch.setattr(pace, "time", self)

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
        """Read it through the meter; how many bytes came."""
        reader = io.BufferedReader(Metered(self, TIMEOUT))
        return sum(len(part) for part in iter(lambda: reader.read(65_536), b""))


@pytest.mark.parametrize(
    ("total", "size", "seconds"),
    [
        (50_000_000, 8192, 4.0),  # two kilobytes a second, for seven hours
        (50_000_000, 1460, 1.4),  # just fast enough
        (10_000, 8192, 29.0),  # waits, each as long as one may be
        (2, 1, 29.0),
    ],
)
def test_what_is_slow_and_honest_is_waited_for(total, size, seconds, monkeypatch):
    assert Line(monkeypatch, total, size, seconds).read_all() == total


@pytest.mark.parametrize(("size", "seconds"), [(1, 29.0), (1, 1.0), (1, 0.01), (1000, 29.0), (8192, 29.0)])
def test_what_only_drips_is_given_up(size, seconds, monkeypatch):
    line = Line(monkeypatch, float("inf"), size, seconds)
    with pytest.raises(TooSlowError) as caught:
        line.read_all()
    # A wait that has begun is waited out. So the longest is four times the timeout, and what it brought is paid for.
    assert 90 < caught.value.seconds <= 90 + caught.value.received / pace.SLOWEST + seconds
    assert caught.value.seconds == pytest.approx(line.now - 1000)
    assert caught.value.received == pytest.approx(size * (line.now - 1000) / seconds)


def test_closing_closes_the_source(monkeypatch):
    line = Line(monkeypatch, 5, 1, 0.0)
    metered = Metered(line, TIMEOUT)
    assert metered.readable()
    metered.close()
    assert line.closed
    assert metered.closed


@pytest.mark.parametrize("manager", [urllib3.PoolManager(), urllib3.ProxyManager("http://127.0.0.1:9")])
def test_pools_of_every_scheme_are_metered_and_only_once(manager):
    plain = dict(manager.pool_classes_by_scheme)
    meter(manager)
    once = dict(manager.pool_classes_by_scheme)
    meter(manager)
    assert manager.pool_classes_by_scheme == once
    for scheme in ("http", "https"):
        assert issubclass(once[scheme], plain[scheme])
        assert once[scheme].ConnectionCls.response_class is pace.MeteredResponse
    assert urllib3.PoolManager().pool_classes_by_scheme == plain
