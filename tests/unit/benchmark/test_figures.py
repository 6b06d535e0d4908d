# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arithmetic and the table of the benchmark, without measuring anything."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.benchmark.figures import (  # noqa: E402 - from the root, put on the path above
    Row,
    added_time,
    growth,
    limited_seconds,
    median_ratio,
    table,
)


@pytest.mark.parametrize(
    ("requests", "burst", "seconds"),
    [
        (60, 0.5, 0.5),  # they fit in one window
        (61, 0.6, 0.6 + 3 + 0.01),
        (300, 0.5, 4 * (0.5 + 3) + 0.5),  # 2.5 s of each window are left, so Retry-After is 3
        (300, 0.0, 4 * 3),
        (300, 1.2, 4 * (1.2 + 2) + 1.2),  # 1.8 s are left, so Retry-After is 2
        (90, 3.5, 3.5 + 1 + 1.75),  # the window is over before it is full, and Retry-After is at least 1
    ],
)
def test_the_best_possible_against_a_limit(requests, burst, seconds):
    assert limited_seconds(requests, allowed=60, window=3.0, burst=burst) == pytest.approx(seconds)


def test_ratios_are_taken_within_a_round():
    assert median_ratio([2.0, 40.0, 3.0], [1.0, 20.0, 2.0]) == 2.0
    with pytest.raises(ValueError, match="argument 2"):
        median_ratio([1.0, 2.0], [1.0])


def test_added_time_is_one_if_only_the_latency_counts():
    assert added_time(few=2.0, many=2.0 + 900 * 0.05 / 8, added=900, latency=0.05, concurrency=8) == pytest.approx(1.0)


def test_growth_is_one_if_each_token_takes_the_same_memory():
    assert growth(30.0, (10_000, 50.0), (50_000, 130.0)) == pytest.approx(1.0)
    assert growth(30.0, (10_000, 50.0), (50_000, 230.0)) == pytest.approx(2.0)


def test_the_table_shows_which_figure_misses_its_target():
    rows = [
        Row("fast", 1.104, 1.10, measured="2.2 s / 2.0 s"),
        Row("faster than a loop", 30.0, 25, at_least=True),
        Row("memory", 145.2, 200, unit="MiB"),
    ]
    assert [row.reached for row in rows] == [False, True, True]
    assert table(rows).splitlines() == [
        "| case | measured | figure | target | result |",
        "| --- | --- | --- | --- | --- |",
        "| fast | 2.2 s / 2.0 s | 1.10 | <= 1.10 | NOT REACHED |",
        "| faster than a loop |  | 30.00 | >= 25.00 | reached |",
        "| memory |  | 145 MiB | <= 200 MiB | reached |",
    ]


def test_every_part_of_the_benchmark_can_be_loaded():
    pytest.importorskip("requests")
    for name in ("runs", "bare", "__main__"):
        importlib.import_module(f"tests.benchmark.{name}")


def test_rows_are_calculated_from_measurements():
    pytest.importorskip("requests")
    from tests.benchmark.__main__ import limited_rows, listing_rows, memory_rows, revoking_rows, role_rows

    rows = [
        *revoking_rows(
            {
                "own_100": [2.0],
                "floor_100": [1.95],
                "floor_100_requests_only": [1.6],
                "own_1000": [7.7],
                "bare_100": [0.6],
                "bare_1000": [6.5],
                "loop_100": [60.0],
            }
        ),
        *limited_rows({"own_limited": [14.0], "best_limited": [13.9], "requests_limited": [313.0]}),
        *listing_rows(
            {
                "own_all": [2.0],
                "floor_all": [1.8],
                "own_one": [1.3],
                "floor_list": [1.2],
                "floor_list_requests_only": [1.0],
            }
        ),
        *role_rows({"ping": [1.2], "offboard": [1.3], "offboard_all": [2.6], "review": [3.6], "floor_review": [2.8]}),
        *memory_rows({"memory_0": [34.0], "memory_10000": [48.0], "memory_25000": [66.0], "memory_50000": [97.0]}),
    ]
    assert len(rows) == 13
    assert all(row.reached for row in rows)
    assert rows[1].measured == "loop 60.00 s, 30.0 times as long as own"
    assert rows[0].measured == "2.00 s / 1.95 s; ratio 1.25 with only the script's requests"
