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
import gc
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
from tempfile import TemporaryDirectory
from typing import Any

from tests.sandbox import Sandbox
from tests.sandbox.seed import GENERATED_CLIENT

from . import rows
from .rows import ACCOUNTS, CONCURRENCY, LATENCY, LIMIT, LIMITED, LISTED, WINDOW
from .runs import Bench, account


def _revoke(**selectors: object) -> dict[str, Any]:
    return {"name": "Revoke them", "zchat.admin.zchat_oauth_token": {"state": "absent", **selectors}}


def _uri(path: str, **options: object) -> dict[str, Any]:
    headers = {"Authorization": "Bearer {{ lookup('ansible.builtin.env', 'ZCHAT_ACCESS_TOKEN') }}"}
    url = f"{{{{ lookup('ansible.builtin.env', 'ZCHAT_API_URL') }}}}/oauth/tokens{path}"
    return {"ansible.builtin.uri": {"url": url, "headers": headers, **options}}


PING = {"name": "Do nothing", "ansible.builtin.ping": {}}
REVOKE_ALL = _revoke(client_identifier=GENERATED_CLIENT)
REVOKE_ONE_AGENTS = _revoke(agent_id=10)
LIST_ALL = {"name": "List them", "zchat.admin.zchat_oauth_token_info": {}}
LIST_ONE = {"name": "Look one up", "zchat.admin.zchat_oauth_token_info": {"id": 1}}
SET_FACT = {"name": "Set it", "ansible.builtin.set_fact": {"review_result": "{{ run.report }}"}, "no_log": True}
LOOP = (
    {"name": "List the tokens", **_uri(""), "register": "listed"},
    {
        "name": "Revoke them one by one",
        **_uri("/{{ item.id }}", method="DELETE", status_code=204),
        "loop": f"{{{{ listed.json | selectattr('client_identifier', 'eq', '{GENERATED_CLIENT}') }}}}",
        "loop_control": {"label": "{{ item.id }}"},
    },
)
"""A playbook without the collection."""


class Measuring:
    """The cases. Each collects values in ``measures``, and prints them to standard error."""

    def __init__(self, bench: Bench, rounds: int, loops: int) -> None:
        self.bench, self.rounds, self.loops = bench, rounds, loops
        self.measures: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, value: float) -> None:
        """Add the value of one round."""
        self.measures[name].append(value)
        print(f"{name}: {value:.3f}", file=sys.stderr, flush=True)

    def add_floor(self, name: str, sandbox: Sandbox, concurrency: int, client: str = GENERATED_CLIENT) -> float:
        """Add a floor, and the same with only the requests of the script, which are returned."""
        ping = self.bench.play([PING], sandbox)
        whole, requests = self.bench.bare(sandbox, concurrency, client)
        self.add(name, ping + whole)
        self.add(f"{name}_requests_only", ping + requests)
        return requests

    def revoking(self) -> None:
        """100 tokens and their floor, 1,000 tokens and, in the first ``loops`` rounds, a loop over ``uri`` for 100."""
        bench = self.bench
        for number in range(self.rounds):
            with account(100, latency=LATENCY) as sandbox:
                self.add("own_100", bench.play([REVOKE_ALL], sandbox))
            with account(100, latency=LATENCY) as sandbox:
                self.add("bare_100", self.add_floor("floor_100", sandbox, CONCURRENCY))
            with account(1_000, latency=LATENCY) as sandbox:
                self.add("own_1000", bench.play([REVOKE_ALL], sandbox))
            with account(1_000, latency=LATENCY) as sandbox:
                self.add("bare_1000", bench.bare(sandbox, CONCURRENCY)[1])
            if number < self.loops:
                with account(100, latency=LATENCY) as sandbox:
                    self.add("loop_100", bench.play(LOOP, sandbox))

    def limited(self) -> None:
        """300 tokens with a rate limit. The best possible time is calculated from that of one window without the limit."""
        bench = self.bench
        for _number in range(self.rounds):
            with account(LIMITED, latency=LATENCY, rate_limit=LIMIT, rate_window=WINDOW) as sandbox:
                self.add("own_limited", bench.play([REVOKE_ALL], sandbox))
                self.add("requests_limited", len(sandbox.state.requests))
            with account(LIMITED, latency=LATENCY) as sandbox:
                ping = bench.play([PING], sandbox)
                whole, lists = bench.bare(sandbox, CONCURRENCY, most=0)
                burst = bench.bare(sandbox, CONCURRENCY, most=LIMIT)[1] - lists
            self.add("best_limited", ping + whole + rows.limited_seconds(LIMITED, LIMIT, WINDOW, burst))

    def listing(self) -> None:
        """10,000 listed tokens: all returned, one returned, and a module that returns all from a file, without their values."""
        bench = self.bench
        for _number in range(self.rounds):
            with account(9_999) as sandbox:
                self.add("own_all", bench.play([LIST_ALL], sandbox))
                self.add("own_one", bench.play([LIST_ONE], sandbox))
                tokens = list(sandbox.state.tokens.values())
                for token in tokens:
                    del token["access_token"], token["refresh_token"]
                self.add("floor_all", bench.play([bench.return_file({"tokens": tokens})]))
                self.add_floor("floor_list", sandbox, 1, client="")

    def role(self) -> None:
        """The playbook ``offboard``: one account, and all ``ACCOUNTS`` in parallel. The playbook ``review`` of 10,000 tokens."""
        bench, reports = self.bench, self.bench.folder / "reports"
        emails = "agent2@example.com,agent3@example.com"
        offboard = ["zchat.admin.offboard", f"-eoffboard_agent_emails={emails}", f"-eoffboard_report_dir={reports}"]
        for _number in range(self.rounds):
            with account(100) as sandbox:
                self.add("ping", bench.play([PING], sandbox))
                self.add("offboard", bench.run(offboard, sandbox))
            with ExitStack() as stack:
                accounts = [stack.enter_context(account(100)) for _number in range(ACCOUNTS)]
                hosts = {
                    f"account{number}": {"zchat_api_url": each.api_url, "zchat_access_token": each.access_token}
                    for number, each in enumerate(accounts)
                }
                inventory = bench.write("inventory.json", {"all": {"hosts": hosts}})
                parallel = ["-i", inventory, "-e", "offboard_accounts=all", "--forks", str(ACCOUNTS)]
                self.add("offboard_all", bench.run([*offboard, *parallel]))
            with account(9_999) as sandbox:
                self.add("review", bench.run(["zchat.admin.review", f"-ereview_report_dir={reports}"], sandbox))
            report = json.loads(max(reports.glob("review-*.json")).read_text(encoding="utf-8"))
            self.add("floor_review", bench.play([bench.return_file({"report": report}), SET_FACT]))

    def memory(self) -> None:
        """Revoke the tokens of one agent in ten, with different numbers of listed tokens."""
        for listed in LISTED:
            with account(listed) as sandbox:
                self.add(f"memory_{listed}", self.bench.peak_memory(REVOKE_ONE_AGENTS, sandbox))


CASES: Mapping[str, tuple[Callable[[Measuring], None], Callable[[rows.Measures], list[rows.Row]]]] = {
    "revoking": (Measuring.revoking, rows.revoking_rows),
    "limited": (Measuring.limited, rows.limited_rows),
    "listing": (Measuring.listing, rows.listing_rows),
    "role": (Measuring.role, rows.role_rows),
    "memory": (Measuring.memory, rows.memory_rows),
}


def main() -> int:
    """Measure, print, and return the exit status: 1 if a figure misses its target."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--rounds", type=int, default=5, metavar="N", help="rounds of each case (default: %(default)s)")
    add(
        "--loops",
        type=int,
        default=1,
        metavar="N",
        help="rounds with the loop, which takes long (default: %(default)s)",
    )
    add("--case", choices=list(CASES), action="append", help="measure only this part; can be given more than once")
    add("--output", type=Path, metavar="FILE", help="also write the rows and all measured values to this file, as JSON")
    given = parser.parse_args()
    # With many tokens, a garbage collection would delay the responses of the sandbox.
    gc.disable()
    results: list[rows.Row] = []
    with TemporaryDirectory(prefix="zchat-bench-") as folder:
        measuring = Measuring(Bench(Path(folder)), given.rounds, given.loops)
        for name in given.case or CASES:
            measure, rows_of = CASES[name]
            measure(measuring)
            results += rows_of(measuring.measures)
    machine = {"cores": str(os.cpu_count()), "python": platform.python_version()}
    machine |= {name: version(name) for name in ("ansible-core", "requests")}
    print(rows.table(results))
    print("\n" + ", ".join(f"{name} {value}" for name, value in machine.items()))
    if given.output:
        shown = [{**asdict(row), "reached": row.reached} for row in results]
        document = {"machine": machine, "rows": shown, "measures": measuring.measures}
        given.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.reached for row in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
