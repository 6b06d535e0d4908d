# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A review and the summaries on a disk that is full or read-only. ``test_offboard_playbook`` tests the report of ``offboard``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import Player, Run
from tests.sandbox import LEAVER_EMAIL, Sandbox

REVIEW = "zchat.admin.review"
READ_ONLY, FULL = "[Errno 30] Read-only file system", "[Errno 28] No space left on device"

Mount = Callable[[str], Path]


def connection(account: Sandbox) -> dict[str, str]:
    return {"ZCHAT_API_URL": account.api_url, "ZCHAT_ACCESS_TOKEN": str(account.access_token)}


def printed(run: Run) -> list[dict[str, Any]]:
    """Return the reports that the run printed because they could not be written."""
    decoder, mark = json.JSONDecoder(), '{\n  "schema": 1'
    starts = [number for number in range(len(run.stdout)) if run.stdout.startswith(mark, number)]
    return [decoder.raw_decode(run.stdout[start:])[0] for start in starts]


@pytest.mark.parametrize(("options", "reason"), [("ro", READ_ONLY), ("size=32k", FULL)])
def test_a_review_fails_before_any_request(
    options: str, reason: str, player: Player, sandbox: Sandbox, small_disk: Mount
) -> None:
    run = player.play_playbook(REVIEW, [], {"review_report_dir": str(small_disk(options))}, connection(sandbox))
    assert run.rc == 2
    assert f"'review_report_dir' cannot be written to. {reason}" in run.output
    assert "Traceback (most recent call last)" not in run.output
    assert sandbox.state.requests == []


def test_a_review_prints_its_report_if_the_disk_is_full(player: Player, sandbox: Sandbox, small_disk: Mount) -> None:
    """No part of a file stays. The files for which there is room are written."""
    sandbox.reset(tokens=300)
    folder = small_disk("size=120k")
    run = player.play_playbook(REVIEW, [], {"review_report_dir": str(folder)}, connection(sandbox))
    assert run.rc == 2
    assert f"could not be written: {FULL}" in run.output
    (report,) = printed(run)
    assert report["summary"]["tokens"] == 321
    assert all(path.stat().st_size for path in folder.iterdir())
    assert "json" not in {path.suffix for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ["offboard", "review"])
@pytest.mark.parametrize(("options", "reason"), [("ro", READ_ONLY), ("size=88k", FULL)])
def test_a_summary_that_cannot_be_written_is_printed(
    kind: str, options: str, reason: str, player: Player, sandbox: Sandbox, small_disk: Mount
) -> None:
    """On the small disk, there is room for the reports of the only account, but not for the summary."""
    variables = {
        f"{kind}_accounts": "all",
        f"{kind}_report_dir": str(small_disk(options)),
        "offboard_agent_emails": LEAVER_EMAIL,
    }
    host = {"zchat_api_url": sandbox.api_url, "zchat_access_token": sandbox.access_token}
    run = player.play_playbook(f"zchat.admin.{kind}", [], variables, {}, {"all": {"hosts": {"acme": host}}})
    assert run.rc == 2
    assert (
        f"The summary was not written. The folder in '{kind}_report_dir' cannot be written to. {reason}" in run.output
    )
    assert "Traceback (most recent call last)" not in run.output
    (summary,) = printed(run)
    assert summary["accounts"][0]["result"] == ("not complete" if options == "ro" else "done")
    assert len(summary["accounts"][0]["files"]) == (0 if options == "ro" else 3)
    assert bool(sandbox.state.requests) is (options != "ro")
