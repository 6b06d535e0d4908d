# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""50 accounts in parallel, some of which fail: the summaries of ``review`` and ``offboard``."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import Player, Run
from tests.sandbox import Sandbox, demo_seed

ACCOUNTS = [f"account{number:02d}" for number in range(50)]
REJECTED = ["account07", "account23"]
FAILING = "account11"
"""An account whose token cannot be revoked."""
FIRST_AGENT, FIRST_TOKEN = 5000, 7000


@pytest.fixture
def chat(sandbox: Sandbox) -> Sandbox:
    """One server for all accounts: each has an agent, who has one token and shall leave."""
    seed = demo_seed()
    template = next(token for token in seed["tokens"] if token["id"] == 1301)
    agent = next(agent for agent in seed["agents"] if agent["id"] == template["agent_id"])
    for number, name in enumerate(ACCOUNTS):
        email = f"leaver@{name}.example.com"
        seed["agents"].append({**agent, "id": FIRST_AGENT + number, "email": email, "display_name": name})
        values = {key: f"{name}-{key}-0123456789" for key in ("access_token", "refresh_token")}
        seed["tokens"].append({**template, "id": FIRST_TOKEN + number, "agent_id": FIRST_AGENT + number, **values})
    token = FIRST_TOKEN + ACCOUNTS.index(FAILING)
    sandbox.reset(seed=seed, faults=[{"method": "DELETE", "path": f"/{token}$", "status": 422}])
    return sandbox


def play(player: Player, chat: Sandbox, kind: str, folder: Path) -> tuple[Run, dict[str, Any]]:
    """Run a playbook for all accounts. Return the run and its summary, with the hashes checked."""
    hosts = {
        name: {
            "zchat_api_url": chat.api_url,
            "zchat_access_token": "no-such-t0ken" if name in REJECTED else chat.access_token,
            "offboard_agent_ids": FIRST_AGENT + number,
        }
        for number, name in enumerate(ACCOUNTS)
    }
    variables = {f"{kind}_accounts": "all", f"{kind}_report_dir": str(folder)}
    run = player.play_playbook(
        f"zchat.admin.{kind}", ["--forks", str(len(ACCOUNTS))], variables, inventory={"all": {"hosts": hosts}}
    )
    assert run.rc == 2, run.output
    assert "Traceback (most recent call last)" not in run.output
    (path,) = folder.glob(f"{kind}-summary-*.json")
    summary: dict[str, Any] = json.loads(path.read_text("utf-8"))
    assert [account["name"] for account in summary["accounts"]] == ACCOUNTS
    files = [file for account in summary["accounts"] for file in account["files"]]
    assert len({file["name"] for file in files}) == len(files)
    for file in files:
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    page = path.with_suffix(".html").read_text("utf-8")
    assert all(f"<bdi>{name}</bdi>" in page for name in ACCOUNTS)
    return run, summary


def not_complete(summary: dict[str, Any]) -> dict[str, str]:
    return {
        account["name"]: account["headline"] for account in summary["accounts"] if account["result"] == "not complete"
    }


@pytest.mark.timeout(400)
def test_50_reviews(player: Player, chat: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    run, summary = play(player, chat, "review", folder)
    failed = not_complete(summary)
    assert list(failed) == REJECTED
    assert all("HTTP 401" in headline for headline in failed.values())
    tokens = len(chat.state.tokens)
    assert summary["summary"]["tokens"] == 48 * tokens
    (spreadsheet,) = folder.glob("review-summary-*.csv")
    with spreadsheet.open(encoding="utf-8", newline="") as file:
        rows = [row["name"] for row in csv.DictReader(file)]
    assert rows == [name for name in ACCOUNTS if name not in REJECTED for _token in range(tokens)]
    assert "NOT COMPLETE: 2 of 50 accounts (account07, account23)" in run.output
    assert {entry["method"] for entry in chat.state.requests} == {"GET"}


@pytest.mark.timeout(400)
def test_50_offboardings(player: Player, chat: Sandbox, tmp_path: Path) -> None:
    run, summary = play(player, chat, "offboard", tmp_path / "reports")
    failed = not_complete(summary)
    assert list(failed) == sorted([*REJECTED, FAILING])
    assert "HTTP 422" in failed[FAILING]
    assert {key: value for key, value in summary["summary"].items() if value} == {
        "accounts": 50,
        "done": 47,
        "not_complete": 3,
        "revoked": 47,
        "not_revoked": 1,
    }
    left = {token["agent_id"] for token in chat.state.tokens.values()} & set(range(FIRST_AGENT, FIRST_AGENT + 50))
    assert left == {FIRST_AGENT + ACCOUNTS.index(name) for name in failed}
    assert "NOT COMPLETE: 3 of 50 accounts (account07, account11, account23)" in run.output
