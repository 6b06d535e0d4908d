# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arithmetic and the table of the benchmark, without measuring anything."""

from __future__ import annotations

import pytest

from tests.benchmark.__main__ import CASES
from tests.benchmark.rows import Row, limited_seconds, median_ratio, table


@pytest.mark.parametrize(
    ("requests", "burst", "seconds"),
    [
        (60, 0.5, 0.5),  # they fit in one window
        (61, 0.6, 0.6 + 3 + 0.01),
        (300, 0.5, 4 * (0.5 + 3) + 0.5),  # 2.5 s of each window are left, so Retry-After is 3
        (300, 1.2, 4 * (1.2 + 2) + 1.2),  # 1.8 s are left, so Retry-After is 2
        (90, 3.5, 3.5 + 1 + 1.75),  # the window is over before it is full, and Retry-After is at least 1
    ],
)
def test_the_best_possible_against_a_limit(requests, burst, seconds):
    assert limited_seconds(requests, allowed=60, window=3.0, burst=burst) == pytest.approx(seconds)


def test_ratios_are_taken_within_a_round():
    assert median_ratio([2.0, 40.0, 3.0], [1.0, 20.0, 2.0]) == 2.0


# the values of a case, and the figures of its rows
MEASURES = {
    "revoking": (
        "own_100=2 floor_100=1.95 floor_100_requests_only=1.6 own_1000=7.7 bare_100=0.6 bare_1000=6.5 loop_100=60",
        [1.026, 0.975, 1.013],
    ),
    "limited": ("own_limited=14 best_limited=13.9 requests_limited=313", [1.007, 1.036]),
    "listing": ("own_all=2 floor_all=1.8 own_one=1.3 floor_list=1.2 floor_list_requests_only=1", [1.111, 1.083]),
    "role": ("ping=1.2 offboard=1.3 offboard_all=2.6 review=3.6 floor_review=2.8", [1.083, 2.167, 3.0, 1.286]),
    "memory": ("memory_0=34 memory_10000=48 memory_25000=66 memory_50000=97", [97, 0.9]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_rows_of_each_case_are_calculated_from_its_measurements(case):
    values, figures = MEASURES[case]
    measures = {name: [float(value)] for name, value in (pair.split("=") for pair in values.split())}
    found = CASES[case][1](measures)
    assert [row.figure for row in found] == pytest.approx(figures, abs=0.001)
    if case == "revoking":
        assert found[0].measured == "2.00 s / 1.95 s; ratio 1.25 with only the script's requests"


def test_the_table_shows_which_figure_misses_its_target():
    rows = [
        Row("fast", 1.104, 1.10, "2.2 s / 2.0 s"),
        Row("faster than a loop", 30.0, 25, "", at_least=True),
        Row("memory", 145.2, 200, "", unit="MiB"),
    ]
    assert table(rows).splitlines() == [
        "| case | measured | figure | target | result |",
        "| --- | --- | --- | --- | --- |",
        "| fast | 2.2 s / 2.0 s | 1.10 | <= 1.10 | NOT REACHED |",
        "| faster than a loop |  | 30.00 | >= 25.00 | reached |",
        "| memory |  | 145 MiB | <= 200 MiB | reached |",
    ]
