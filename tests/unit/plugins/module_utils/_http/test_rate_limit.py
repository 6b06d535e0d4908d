# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import email.utils
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http.rate_limit import (
    RateLimit,
    RateLimitWait,
    backoff,
    retry_after,
)

NOW = 1_500_000_000.0


class WouldWaitError(Exception):
    """Another request can only be sent after one of the active requests."""


class Api:
    """Accepts ``quota`` requests in each window of ``length`` seconds, on a clock that only waits advance."""

    def __init__(self, quota: int, length: float) -> None:
        self.quota = quota
        self.length = length
        self.now = 100.0
        self.window = 0.0
        self.used = 0
        self.limit = RateLimit(lambda: self.now)
        self.limit._changed.wait = self._would_wait

    def _would_wait(self) -> None:
        raise WouldWaitError

    def accepts(self) -> bool:
        if self.now >= self.window + self.length:
            self.window = self.now
            self.used = 0
        self.used += 1
        return self.used <= self.quota

    def burst(self, size: int) -> tuple[int, int]:
        """Send up to ``size`` requests at the same time. Return how many were accepted, and how many were refused."""
        active = 0
        while active < size:
            try:
                seconds = self.limit.acquire()
            except WouldWaitError:
                break
            self.now += seconds
            active += not seconds
        accepted = 0
        for _request in range(active):
            is_accepted = self.accepts()
            if not is_accepted:
                self.limit.block(self.window + self.length - self.now)
            self.limit.release(is_accepted)
            accepted += is_accepted
        return accepted, active - accepted


@pytest.mark.parametrize("size", [1, 4, 8])
@pytest.mark.parametrize("quota", [1, 2, 60])
def test_one_request_per_window_is_refused(quota, size):
    api = Api(quota, length=3)
    accepted = refused = 0
    while accepted < 5 * quota:
        more_accepted, more_refused = api.burst(size)
        accepted += more_accepted
        refused += more_refused
    # Four windows end with a 429: in the first, all active requests can get one, later only one request.
    assert refused <= size + 3
    assert api.now == 100 + 4 * 3


def test_few_requests_are_refused_if_another_program_uses_a_part_of_the_quota():
    api = Api(quota=60, length=3)
    for _burst in range(40):
        api.burst(8)
    for part in (57, 60, 55, 60):
        api.quota = part
        window = api.window
        refused = 0
        while api.window == window:
            refused += api.burst(8)[1]
        assert refused <= 3


def test_a_larger_quota_is_used():
    api = Api(quota=2, length=3)
    for _burst in range(10):
        api.burst(8)
    api.quota = 1000
    while api.used <= 500:
        api.burst(8)
    assert api.used > 500


def test_a_request_that_must_be_the_only_one_waits_for_the_active_one():
    limit = RateLimit(lambda: 5.0)
    limit.acquire()
    limit.block(0)
    limit.release(False)
    assert limit.acquire() == 0
    with ThreadPoolExecutor(1) as other:
        second = other.submit(limit.acquire)
        assert not second.done()
        limit.release(True)
        assert second.result(10) == 0


def test_all_requests_wait_until_the_longest_block_is_over():
    now = [10.0]
    limit = RateLimit(lambda: now[0])
    assert [limit.acquire(), limit.acquire()] == [0, 0]
    limit.block(5)
    limit.block(2)
    assert limit.acquire() == 5
    now[0] = 14
    assert limit.acquire() == 1
    now[0] = 15
    limit.release(True)
    limit.release(False)
    assert limit.acquire() == 0


def test_requests_of_several_threads_are_counted():
    limit = RateLimit(lambda: 1.0)
    barrier = threading.Barrier(8)

    def work(_number: int) -> None:
        barrier.wait(10)
        for _request in range(200):
            assert limit.acquire() == 0
            limit.release(True)

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(work, range(8)))
    assert (limit._active, limit._accepted) == (0, 1600)


class Pauses:
    """Records each pause and advances the clock of :attr:`limit`."""

    def __init__(self, interrupted: bool = False) -> None:
        self.now = 0.0
        self.seconds: list[float] = []
        self.interrupted = interrupted
        self.limit = RateLimit(lambda: self.now)

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        self.now += seconds
        return self.interrupted

    def wait(self) -> RateLimitWait:
        return RateLimitWait(self.limit, self, "https://u", 30)


def test_a_refused_request_waits():
    pauses = Pauses()
    wait = pauses.wait()
    wait.refused(7)
    assert wait.acquire() is True
    assert pauses.seconds == [7]


def test_the_waits_of_a_request_add_up():
    pauses = Pauses()
    wait = pauses.wait()
    wait.refused(20)
    assert wait.acquire()
    pauses.limit.release(False)
    with pytest.raises(
        ChatError, match=r"11 s \(already waited: 20 s\) exceeds 'rate_limit_timeout' \(30 s\)"
    ) as caught:
        wait.refused(11)
    assert caught.value.status == 429
    assert pauses.seconds == [20]


def test_a_wait_that_is_too_long_for_one_request_also_stops_the_others():
    pauses = Pauses()
    with pytest.raises(ChatError):
        pauses.wait().refused(3600)
    with pytest.raises(ChatError, match="3600 s exceeds"):
        pauses.wait().acquire()
    assert pauses.seconds == []


def test_an_interrupted_wait():
    pauses = Pauses(interrupted=True)
    pauses.limit.block(5)
    assert pauses.wait().acquire() is False


@pytest.mark.parametrize("seconds", [None, 0.0, 0.9])
def test_without_a_useful_retry_after_the_wait_doubles(seconds):
    pauses = Pauses()
    wait = pauses.wait()
    for _time in range(3):
        wait.refused(seconds)
        wait.acquire()
        pauses.limit.release(False)
    first, second, third = pauses.seconds
    assert 0.25 <= first <= 0.5 <= second <= 1.0 <= third <= 2.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": email.utils.formatdate(NOW + 90, usegmt=True)}, 90.0),
        ({"Retry-After": email.utils.formatdate(NOW - 1000, usegmt=True)}, 0.0),
        (
            {
                "Retry-After": email.utils.formatdate(NOW + 90, usegmt=True),
                "Date": email.utils.formatdate(NOW + 80, usegmt=True),
            },
            10.0,
        ),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "9" * 30}, None),
        ({"Retry-After": "\u0661"}, None),
        ({"Retry-After": "Wed, 21 Oct 99999 07:28:00 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after(headers, NOW) == seconds


def test_backoff_doubles_up_to_30_seconds():
    assert all(0.25 <= backoff(failures) <= 0.5 for failures in [1] * 50)
    assert all(15 <= backoff(failures) <= 30 for failures in range(8, 2000, 50))
