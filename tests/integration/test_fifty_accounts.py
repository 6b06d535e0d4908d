# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The review of 50 accounts in parallel, some of which fail. (Offboarding does not need so many: test_offboard_playbook.py.)"""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from tests.integration.ansible_run import Player
from tests.sandbox import Sandbox

ACCOUNTS = [f"account{number:02d}" for number in range(50)]
REJECTED = ["account07", "account23"]
"""Accounts whose token is wrong."""


@pytest.mark.timeout(400)
def test_50_reviews(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    hosts = {
        name: {
            "zchat_api_url": sandbox.api_url,
            "zchat_access_token": "no-such-t0ken" if name in REJECTED else sandbox.access_token,
        }
        for name in ACCOUNTS
    }
    folder = tmp_path / "reports"
    run = player.play_playbook(
        "zchat.admin.review",
        ["--forks", str(len(ACCOUNTS))],
        {"review_accounts": "all", "review_report_dir": str(folder)},
        inventory={"all": {"hosts": hosts}},
    )
    assert run.rc == 2, run.output
    assert "Traceback (most recent call last)" not in run.output
    assert "NOT COMPLETE: 2 of 50 accounts (account07, account23)" in run.output
    assert {entry["method"] for entry in sandbox.state.requests} == {"GET"}

    (path,) = folder.glob("review-summary-*.json")
    summary = json.loads(path.read_text("utf-8"))
    headlines = {account["name"]: account["headline"] for account in summary["accounts"]}
    assert list(headlines) == ACCOUNTS
    rejected = [account["name"] for account in summary["accounts"] if account["result"] == "not complete"]
    assert rejected == REJECTED
    assert all("HTTP 401" in headlines[name] for name in REJECTED)
    tokens = len(sandbox.state.tokens)
    assert summary["summary"]["tokens"] == 48 * tokens
    page = path.with_suffix(".html").read_text("utf-8")
    assert all(f"<bdi>{name}</bdi>" in page for name in ACCOUNTS)
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = [row["name"] for row in csv.DictReader(file)]
    assert rows == [name for name in ACCOUNTS if name not in REJECTED for _token in range(tokens)]

    files = [file for account in summary["accounts"] for file in account["files"]]
    assert len({file["name"] for file in files}) == len(files)
    for file in files:
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
