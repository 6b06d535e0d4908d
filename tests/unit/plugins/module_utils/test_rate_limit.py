# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import email.utils
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils.rate_limit import Patience, RateLimit, backoff, retry_after

NOW = 1_500_000_000.0


class Api:
    """Lets in ``quota`` requests in each window of ``length`` seconds, on a clock that only waits move on."""

    def __init__(self, quota: int, length: float) -> None:
        self.quota = quota
        self.length = length
        self.now = 100.0
        self.window = 0.0
        self.used = 0
        self.limit = RateLimit(lambda: self.now)

    def ask(self) -> bool:
        if self.now >= self.window + self.length:
            self.window = self.now
            self.used = 0
        self.used += 1
        return self.used <= self.quota

    def burst(self, size: int) -> tuple[int, int]:
        """Have up to ``size`` requests under way, let them be answered; how many were let in, and how many refused."""
        turns = 0
        while turns < size and self.limit._has_room():
            seconds = self.limit.turn()
            if seconds:
                assert turns == 0
                self.now += seconds
                continue
            turns += 1
        let_in = 0
        for _turn in range(turns):
            admitted = self.ask()
            if not admitted:
                self.limit.close_for(self.window + self.length - self.now)
            self.limit.done(admitted)
            let_in += admitted
        return let_in, turns - let_in


@pytest.mark.parametrize("size", [1, 4, 8])
@pytest.mark.parametrize("quota", [1, 2, 60])
def test_a_limit_is_met_once_a_window(quota, size):
    api = Api(quota, length=3)
    let_in = refused = 0
    while let_in < 5 * quota:
        admitted, not_admitted = api.burst(size)
        let_in += admitted
        refused += not_admitted
    # Four windows are met with their end: the first by all that are under way, the others by one request.
    assert refused <= size + 3
    assert api.now == 100 + 4 * 3


def test_where_others_use_a_part_few_are_refused():
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


def test_a_limit_that_grows_is_found():
    api = Api(quota=2, length=3)
    for _burst in range(10):
        api.burst(8)
    api.quota = 1000
    while api.used <= 500:
        api.burst(8)
    assert api.used > 500


def test_one_by_one_waits_for_the_answer_and_not_for_a_time():
    limit = RateLimit(lambda: 5.0)
    limit._refused = True  # as after a window in which nothing was let in
    assert limit.turn() == 0
    with ThreadPoolExecutor(1) as other:
        second = other.submit(limit.turn)
        assert not second.done()
        limit.done(True)
        assert second.result(10) == 0


def test_all_wait_with_the_one_that_was_told_to():
    now = [10.0]
    limit = RateLimit(lambda: now[0])
    assert [limit.turn(), limit.turn()] == [0, 0]
    limit.close_for(5)
    limit.close_for(2)
    assert limit.turn() == 5
    now[0] = 14
    assert limit.turn() == 1
    now[0] = 15
    limit.done(True)
    limit.done(False)
    assert limit.turn() == 0


class Waits:
    """A pause that takes down how long it was asked for, and moves the clock."""

    def __init__(self, interrupted: bool = False) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self.interrupted = interrupted
        self.limit = RateLimit(lambda: self.now)

    def __call__(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return self.interrupted


def test_patience_obeys():
    waits = Waits()
    patience = Patience(waits.limit, waits, "https://u", 30)
    patience.told_to_wait(7)
    assert patience.wait_for_turn() is True
    assert waits.waits == [7]


def test_patience_ends():
    waits = Waits()
    patience = Patience(waits.limit, waits, "https://u", 30)
    patience.told_to_wait(20)
    assert patience.wait_for_turn()
    waits.limit.done(False)
    with pytest.raises(ChatError, match="wants another 11 s of patience, after 20 s already waited"):
        patience.told_to_wait(11)
    waits.limit.close_for(11)
    with pytest.raises(ChatError) as caught:
        patience.wait_for_turn()
    assert caught.value.status == 429
    assert waits.waits == [20]


def test_a_wait_that_is_too_long_for_one_keeps_the_others_from_asking():
    waits = Waits()
    with pytest.raises(ChatError):
        Patience(waits.limit, waits, "https://u", 30).told_to_wait(3600)
    with pytest.raises(ChatError, match="wants another 3600 s"):
        Patience(waits.limit, waits, "https://u", 30).wait_for_turn()
    assert waits.waits == []


def test_patience_interrupted():
    waits = Waits(interrupted=True)
    waits.limit.close_for(5)
    assert Patience(waits.limit, waits, "https://u", 30).wait_for_turn() is False


@pytest.mark.parametrize("seconds", [None, 0.0, 0.9])
def test_patience_without_a_usable_wait_backs_off(seconds):
    waits = Waits()
    patience = Patience(waits.limit, waits, "https://u", 30)
    for _time in range(3):
        patience.told_to_wait(seconds)
        patience.wait_for_turn()
        waits.limit.done(False)
    first, second, third = waits.waits
    assert 0.25 <= first <= 0.5 <= second <= 1.0 <= third <= 2.0


def test_turns_are_counted_right_between_threads():
    limit = RateLimit(lambda: 1.0)
    barrier = threading.Barrier(8)

    def work(_number: int) -> None:
        barrier.wait()
        for _turn in range(200):
            assert limit.turn() == 0
            limit.done(True)

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(work, range(8)))
    assert (limit._under_way, limit._let_in) == (0, 1600)


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
        ({"Retry-After": "9" * 30}, None),
        ({"Retry-After": "Wed, 21 Oct 99999 07:28:00 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after(headers, NOW) == seconds


def test_backoff_grows_to_half_a_minute():
    assert all(0.25 <= backoff(times) <= 0.5 for times in [1] * 50)
    assert all(15 <= backoff(times) <= 30 for times in range(8, 2000, 50))
