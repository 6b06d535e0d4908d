# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m tests.benchmark``: measure every case, print one table, and fail if a figure misses its target.

Values that are compared are measured alternately, round by round: own, floor, loop. The *floor* is the minimum time of a playbook:
``ansible-playbook`` with only ``ansible.builtin.ping``, plus a short script that sends the same requests with the same number of
threads and open connections. Both are whole runs, from start to end. The table also shows the figure with only the requests of the
script, without the start of Python and the import of ``requests``. Delays of the sandbox affect both sides equally.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from .figures import Row, added_time, growth, limited_seconds, median_ratio, table
from .runs import CLIENT, Bench, Script, open_bench

LATENCY = 0.05
"""Seconds that each response takes in the cases that measure requests."""
CONCURRENCY = 8
"""The module's default."""
LIMIT, WINDOW = 60, 3.0
"""Accepted requests, and the length of the window in seconds."""
ACCOUNTS = 12
LIMITED = 300
"""Tokens that are revoked under that limit."""

PING = {"name": "Do nothing", "ansible.builtin.ping": {}}
REVOKE_ALL = {
    "name": "Revoke them",
    "zchat.admin.zchat_oauth_token": {"state": "absent", "client_identifier": CLIENT},
}
REVOKE_ONE_AGENTS = {"name": "Revoke one agent's", "zchat.admin.zchat_oauth_token": {"state": "absent", "agent_id": 10}}
LIST_ALL = {"name": "List them", "zchat.admin.zchat_oauth_token_info": {}}
LIST_ONE = {"name": "Look one up", "zchat.admin.zchat_oauth_token_info": {"id": 1}}

_URI = {
    "headers": {"Authorization": "Bearer {{ lookup('ansible.builtin.env', 'ZCHAT_ACCESS_TOKEN') }}"},
}
LOOP = (
    {
        "name": "List the tokens",
        "ansible.builtin.uri": {
            "url": "{{ lookup('ansible.builtin.env', 'ZCHAT_API_URL') }}/oauth/tokens",
            **_URI,
        },
        "register": "listed",
    },
    {
        "name": "Revoke them one by one",
        "ansible.builtin.uri": {
            "url": "{{ lookup('ansible.builtin.env', 'ZCHAT_API_URL') }}/oauth/tokens/{{ item.id }}",
            "method": "DELETE",
            "status_code": 204,
            **_URI,
        },
        "loop": f"{{{{ listed.json | selectattr('client_identifier', 'eq', '{CLIENT}') }}}}",
        "loop_control": {"label": "{{ item.id }}"},
    },
)
"""A playbook without the collection."""

_REQUESTS_ONLY = "_requests_only"

Measures = Mapping[str, list[float]]
"""The measured values by name, one for each round."""


class Rounds:
    """Collects measured values, and prints each to standard error."""

    def __init__(self) -> None:
        self.measures: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, value: float) -> float:
        """Add the value of one round."""
        self.measures[name].append(value)
        print(f"{name}: {value:.3f}", file=sys.stderr, flush=True)
        return value

    def add_floor(self, name: str, ping: float, script: Script) -> None:
        """Add a floor, and the same with only the requests of the ``script``."""
        self.add(name, ping + script.whole)
        self.add(f"{name}{_REQUESTS_ONLY}", ping + script.requests)


def measure_revoking(bench: Bench, rounds: Rounds, count: int, loops: int) -> None:
    """100 tokens and their floor, 1,000 tokens and, in the first ``loops`` rounds, a loop over ``uri`` for 100."""
    for number in range(count):
        with bench.account(100, latency=LATENCY) as account:
            rounds.add("own_100", bench.play([REVOKE_ALL], account))
        with bench.account(100, latency=LATENCY) as account:
            script = bench.bare(account, CONCURRENCY)
            rounds.add_floor("floor_100", bench.play([PING], account), script)
            rounds.add("bare_100", script.requests)
        with bench.account(1_000, latency=LATENCY) as account:
            rounds.add("own_1000", bench.play([REVOKE_ALL], account))
        with bench.account(1_000, latency=LATENCY) as account:
            rounds.add("bare_1000", bench.bare(account, CONCURRENCY).requests)
        if number < loops:
            with bench.account(100, latency=LATENCY) as account:
                rounds.add("loop_100", bench.play(LOOP, account))


def measure_limited(bench: Bench, rounds: Rounds, count: int) -> None:
    """300 tokens with a rate limit. The best possible time is calculated from that of one window without the limit."""
    limit = {"rate_limit": LIMIT, "rate_window": WINDOW}
    for _number in range(count):
        with bench.account(LIMITED, latency=LATENCY, **limit) as account:
            rounds.add("own_limited", bench.play([REVOKE_ALL], account))
            rounds.add("requests_limited", account.requests_sent())
        with bench.account(LIMITED, latency=LATENCY) as account:
            ping = bench.play([PING], account)
            lists = bench.bare(account, CONCURRENCY, most=0)
            burst = bench.bare(account, CONCURRENCY, most=LIMIT).requests - lists.requests
        rounds.add("best_limited", ping + lists.whole + limited_seconds(LIMITED, LIMIT, WINDOW, burst))


def measure_listing(bench: Bench, rounds: Rounds, count: int) -> None:
    """10,000 listed tokens: all returned, one returned, and a module that returns all from a file."""
    for _number in range(count):
        with bench.account(9_999) as account:
            rounds.add("own_all", bench.play([LIST_ALL], account))
            rounds.add("own_one", bench.play([LIST_ONE], account))
            rounds.add("floor_all", bench.return_tokens(account))
            rounds.add_floor("floor_list", bench.play([PING], account), bench.bare(account, 1, client=None))


def measure_role(bench: Bench, rounds: Rounds, count: int) -> None:
    """The playbook ``offboard``: one account, and all ``ACCOUNTS`` in parallel. The playbook ``review`` of 10,000 tokens."""
    for _number in range(count):
        with bench.account(100) as account:
            rounds.add("ping", bench.play([PING], account))
            rounds.add("offboard", bench.offboard(account))
        with ExitStack() as stack:
            accounts = [stack.enter_context(bench.account(100)) for _account in range(ACCOUNTS)]
            rounds.add("offboard_all", bench.offboard_all(accounts))
        with bench.account(9_999) as account:
            rounds.add("review", bench.review(account))
        rounds.add("floor_review", bench.return_report())


def measure_memory(bench: Bench, rounds: Rounds) -> None:
    """Revoke the tokens of one agent in ten, with different numbers of listed tokens."""
    for listed in (0, 10_000, 25_000, 50_000):
        with bench.account(listed) as account:
            rounds.add(f"memory_{listed}", bench.peak_memory(REVOKE_ONE_AGENTS, account))


def _over_floor(case: str, measures: Measures, own: str, floor: str, target: float) -> Row:
    strict = median_ratio(measures[own], measures[floor + _REQUESTS_ONLY])
    seconds = f"{median(measures[own]):.2f} s / {median(measures[floor]):.2f} s"
    return Row(
        case,
        median_ratio(measures[own], measures[floor]),
        target,
        measured=f"{seconds}; ratio {strict:.2f} with only the script's requests",
    )


def revoking_rows(measures: Measures) -> list[Row]:
    own, many, loop, floor = (measures[name] for name in ("own_100", "own_1000", "loop_100", "floor_100"))
    added = median(added_time(*both, 900, LATENCY, CONCURRENCY) for both in zip(own, many, strict=True))
    bare = (measures["bare_100"], measures["bare_1000"])
    least = median(added_time(*both, 900, LATENCY, CONCURRENCY) for both in zip(*bare, strict=True))
    each = LATENCY / CONCURRENCY * 1000
    return [
        _over_floor("100 tokens, 50 ms a request: own / floor", measures, "own_100", "floor_100", 1.05),
        Row(
            "100 tokens, 50 ms a request: (`uri` loop / own) / (`uri` loop / floor)",
            median_ratio(floor, own),
            0.95,
            at_least=True,
            measured=f"loop {median(loop):.2f} s, {median_ratio(loop, own[: len(loop)]):.1f} times as long as own",
        ),
        Row(
            "from 100 to 1,000 tokens: added time a token / (latency / concurrency)",
            added,
            1.03,
            measured=f"{added * each:.2f} ms / {each:.2f} ms; the script alone {least * each:.2f} ms",
        ),
    ]


def limited_rows(measures: Measures) -> list[Row]:
    own, best, sent = (measures[name] for name in ("own_limited", "best_limited", "requests_limited"))
    needed = LIMITED + 2  # a list before and one after
    return [
        Row(
            f"{LIMITED} tokens against {LIMIT} requests per {WINDOW:g} s: own / best possible",
            median_ratio(own, best),
            1.03,
            measured=f"{median(own):.2f} s / {median(best):.2f} s",
        ),
        Row(
            "the same: requests sent / requests needed",
            median(sent) / needed,
            1.11,
            measured=f"{median(sent):.0f} / {needed}",
        ),
    ]


def listing_rows(measures: Measures) -> list[Row]:
    own, floor = measures["own_all"], measures["floor_all"]
    return [
        Row(
            "info over 10,000 listed tokens, all returned: own / a module that returns the same from a file",
            median_ratio(own, floor),
            1.15,
            measured=f"{median(own):.2f} s / {median(floor):.2f} s",
        ),
        _over_floor("the same, one selected: own / floor", measures, "own_one", "floor_list", 1.15),
    ]


def role_rows(measures: Measures) -> list[Row]:
    review = "playbook review, 10,000 tokens, all formats"
    cases = (
        ("playbook offboard, two people, report / ping playbook", "offboard", "ping", 1.15),
        (f"the same, {ACCOUNTS} accounts in parallel, summary / ping playbook", "offboard_all", "ping", 2.6),
        (f"{review} / ping playbook", "review", "ping", 3.2),
        (f"{review} / a play that only returns the report and sets the fact", "review", "floor_review", 1.3),
    )
    return [
        Row(
            case,
            median_ratio(measures[own], measures[floor]),
            target,
            measured=f"{median(measures[own]):.2f} s / {median(measures[floor]):.2f} s",
        )
        for case, own, floor, target in cases
    ]


def memory_rows(measures: Measures) -> list[Row]:
    none, fewer, some, most = (measures[f"memory_{listed}"][0] for listed in (0, 10_000, 25_000, 50_000))
    return [
        Row(
            "revoking 5,000 of 50,000 listed (no latency): peak memory of the module process",
            most,
            100,
            unit="MiB",
            measured=f"{none:.0f} MiB with none listed",
        ),
        Row(
            "the same is linear: memory a token, of 50,000 / of 10,000 listed",
            growth(none, (10_000, fewer), (50_000, most)),
            1.1,
            measured=f"{fewer:.0f}, {some:.0f} and {most:.0f} MiB with 10,000, 25,000 and 50,000",
        ),
    ]


Measure = Callable[[Bench, Rounds, argparse.Namespace], None]
CASES: Mapping[str, tuple[Measure, Callable[[Measures], list[Row]]]] = {
    "revoking": (
        lambda bench, rounds, given: measure_revoking(bench, rounds, given.rounds, given.loops),
        revoking_rows,
    ),
    "limited": (lambda bench, rounds, given: measure_limited(bench, rounds, given.rounds), limited_rows),
    "listing": (lambda bench, rounds, given: measure_listing(bench, rounds, given.rounds), listing_rows),
    "role": (lambda bench, rounds, given: measure_role(bench, rounds, given.rounds), role_rows),
    "memory": (lambda bench, rounds, given: measure_memory(bench, rounds), memory_rows),
}


def machine() -> dict[str, str]:
    """Return the properties of the machine that affect the figures."""
    return {
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "ansible-core": version("ansible-core"),
        "requests": version("requests"),
    }


def _rounds(text: str) -> int:
    """Return the number of rounds. Raises ``ArgumentTypeError`` for less than 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--rounds", type=_rounds, default=5, metavar="N", help="rounds of each case (default: %(default)s)")
    add(
        "--loops",
        type=_rounds,
        default=1,
        metavar="N",
        help="rounds with the loop, which takes long (default: %(default)s)",
    )
    add("--case", choices=list(CASES), action="append", help="measure only this part; can be given more than once")
    add("--output", type=Path, metavar="FILE", help="also write the rows and all measured values to this file, as JSON")
    return parser


def main() -> int:
    """Measure, print, and return the exit status: 1 if a figure misses its target."""
    given = _parser().parse_args()
    rows: list[Row] = []
    measures: dict[str, Any] = {}
    with open_bench() as bench:
        for name in given.case or CASES:
            measure, rows_of = CASES[name]
            rounds = Rounds()
            measure(bench, rounds, given)
            rows += rows_of(rounds.measures)
            measures.update(rounds.measures)
    shape = machine()
    print(table(rows))
    print("\n" + ", ".join(f"{name} {value}" for name, value in shape.items()))
    if given.output:
        document = {
            "machine": shape,
            "rows": [{**asdict(row), "reached": row.reached} for row in rows],
            "measures": measures,
        }
        given.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
