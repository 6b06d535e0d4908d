# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook and the role ``zchat.admin.review``: only GET requests, every format, many accounts, and the page in Chromium."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import Player, chat_defaults, sandbox_variables
from tests.sandbox import COLLEAGUE_ID, LEAVER_ID, Sandbox, demo_seed

PLAYBOOK = "zchat.admin.review"
HEADLINE = "21 tokens of 5 people, 15 need a decision"
CANARY = "evaluated"
"""A file that would exist if a name were evaluated as a template."""
HOSTILE = f"{{{{ lookup('ansible.builtin.pipe', 'touch {CANARY}') }}}} <script>alert(1)</script> שלום 🙂 {'W' * 300}"
NAMES = {COLLEAGUE_ID: '=HYPERLINK("https://example.com")', LEAVER_ID: HOSTILE}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def seed() -> dict[str, Any]:
    document = demo_seed()
    document["credentials"] = document["credentials"][:1]
    return document


@pytest.fixture
def account(sandbox: Sandbox) -> Sandbox:
    sandbox.reset(seed=seed())
    return sandbox


def connection(account: Sandbox) -> dict[str, str]:
    return {"ZCHAT_API_URL": account.api_url, "ZCHAT_ACCESS_TOKEN": str(account.access_token)}


def host(account: Sandbox) -> dict[str, Any]:
    return {"zchat_api_url": account.api_url, "zchat_access_token": account.access_token}


def methods(account: Sandbox) -> set[str]:
    """Return the methods of all requests, and forget these requests."""
    found = {entry["method"] for entry in account.state.requests}
    account.state.clear_requests()
    return found


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_check_mode_run_and_second_run_are_the_same(player: Player, account: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    arguments = ["-e", "review_report_formats=json,csv"]
    before = dict(account.state.tokens)
    for more in (["--check"], [], []):
        run = player.play_playbook(
            PLAYBOOK, [*arguments, *more], {"review_report_dir": str(folder)}, connection(account)
        ).check()
        assert f"(item={HEADLINE} | " in run.output
        assert not [task for task in run.tasks if task.result.get("changed")]
        assert methods(account) == {"GET"}
    assert account.state.tokens == before
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    reports = [read(path) for path in folder.glob("*.json")]
    assert len(reports) == 3
    assert all(report["complete"] and report["agents"] == reports[0]["agents"] for report in reports)
    assert len(list(folder.glob("*.csv"))) == 3


def test_the_role_sets_facts_and_its_files_are_safe(player: Player, account: Sandbox, tmp_path: Path) -> None:
    """Names with formulas, templates, HTML, right-to-left and 4-byte characters, in every format."""
    document = seed()
    for agent in document["agents"]:
        agent["display_name"] = NAMES.get(agent["id"], agent["display_name"])
    document["clients"][0]["name"] = "+cmd"
    account.reset(seed=document)
    role = {"role": "zchat.admin.review", "review_report_dir": str(tmp_path / "reports"), "review_old_after": "10000d"}
    facts = {"findings": "{{ review_result.summary.findings }}", "files": "{{ review_report_files }}"}
    run = player.play(
        [{"name": "Facts", "ansible.builtin.debug": {"msg": facts}}],
        roles=[role],
        variables=sandbox_variables(account),
        module_defaults=chat_defaults(),
    ).check()
    shown = run["Facts"]["msg"]
    assert shown["findings"] == {
        "owner_missing": 2,
        "owner_disabled": 3,
        "owner_inactive": 3,
        "expired": 8,
        "expires_soon": 2,
        "never_expires": 2,
        "old": 0,
    }
    report, page, spreadsheet = map(Path, shown["files"])
    assert {agent["display_name"] for agent in read(report)["agents"]} >= set(NAMES.values())
    names = {(row["display_name"], row["client_name"]) for row in rows(spreadsheet)}
    assert {name for name, _client in names} >= {f"'{NAMES[COLLEAGUE_ID]}", HOSTILE}
    assert {client for _name, client in names} >= {"'+cmd", "CRM sync"}
    assert "<script" not in page.read_text("utf-8")
    assert not [*tmp_path.rglob(CANARY), *Path().glob(CANARY)]


def with_many_people() -> dict[str, Any]:
    """The demo account, and more people with tokens than the page lists in detail. One has a long name."""
    document = seed()
    agent, token = document["agents"][0], document["tokens"][-1]
    for number in range(1, 151):
        email, name = f"agent{number}@example.com", HOSTILE if number == 149 else f"Agent {number}"
        document["agents"].append({**agent, "id": number, "email": email, "display_name": name})
        values = {key: f"{key}-of-{number}-0123456789" for key in ("access_token", "refresh_token")}
        expires = "now-1d" if number % 4 else "now+300d"
        dates = {"create_date": "now-10d", "expire_date": expires}
        document["tokens"].append({**token, "id": 5000 + number, "agent_id": number, **values, **dates})
    return document


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")
@pytest.mark.parametrize("many", [False, True])
def test_the_page_in_a_browser(many: bool, player: Player, account: Sandbox, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    from tests.integration.test_report import check_page

    if many:
        account.reset(seed=with_many_people())
    player.play_playbook(PLAYBOOK, [], {"review_report_dir": str(tmp_path)}, connection(account)).check()
    (path,) = tmp_path.glob("review-*.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = check_page(browser, path)
        people = ["agent 10000099", "Priya Nair", "Jonas Weber", "Amélie Laurent"]
        assert page.locator("article h3").all_inner_texts()[: len(people)] == people
        if many:
            assert page.locator("article").count() == 100
            assert HOSTILE in page.locator("#more + div li bdi").all_inner_texts()
            assert page.locator("#more + div li").count() == 17
            assert page.locator("#rest + div li").count() == 38
        else:
            assert page.locator("h1").all_inner_texts() == [HEADLINE]
        browser.close()


def test_many_accounts(player: Player, account: Sandbox, tmp_path: Path) -> None:
    """One is rejected, and of one the agents cannot be read: the summary has all of them, and a spreadsheet."""
    folder = tmp_path / "reports"
    with Sandbox() as other:
        other.reset(faults=[{"method": "GET", "path": "/agents", "status": 403}])
        hosts = {
            "acme": host(account),
            "globex": host(other),
            "rejected": {**host(account), "zchat_access_token": "no-such-t0ken"},
        }
        run = player.play_playbook(
            PLAYBOOK,
            [],
            {"review_accounts": "all", "review_report_dir": str(folder)},
            # These belong to another account.
            {"ZCHAT_API_URL": "http://127.0.0.1:9/api/v2", "ZCHAT_ACCESS_TOKEN": "n0t-this-one"},
            {"all": {"hosts": hosts}},
        )
        assert methods(other) == {"GET"}
    assert run.rc == 2, run.output
    assert methods(account) == {"GET"}
    (summary_path,) = folder.glob("review-summary-*.json")
    summary = read(summary_path)
    results = {item["name"]: (item["result"], item["headline"], item["tokens"]) for item in summary["accounts"]}
    assert results["acme"] == ("done", HEADLINE, 21)
    assert results["globex"][:2] == ("not complete", "NOT COMPLETE: 21 tokens of 5 people, 13 need a decision")
    assert results["rejected"][0] == "not complete"
    assert "HTTP 401" in results["rejected"][1]
    for file in (file for item in summary["accounts"] for file in item["files"]):
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    spreadsheet = rows(summary_path.with_suffix(".csv"))
    assert [row["name"] for row in spreadsheet] == ["acme"] * 21 + ["globex"] * 21
    assert "NOT COMPLETE: 2 of 3 accounts (globex, rejected)" in summary_path.with_suffix(".html").read_text("utf-8")
    (incomplete,) = [report for report in map(read, folder.glob("review-127*.json")) if len(report["warnings"]) > 0]
    assert (incomplete["complete"], incomplete["msg"]) == (False, None)
    assert {agent["status"] for agent in incomplete["agents"]} == {"unknown"}
    assert any("403" in warning for warning in incomplete["warnings"])


def test_all_accounts_fail(player: Player, account: Sandbox, tmp_path: Path) -> None:
    """The summary has all of them, each with its reason. The variables of the environment never apply."""
    hosts = {
        "no_connection": {},
        "refused": {**host(account), "zchat_api_url": "http://127.0.0.1:9/api/v2"},
        "rejected": {**host(account), "zchat_access_token": "no-such-t0ken"},
    }
    variables = {"review_accounts": "all", "review_report_dir": str(tmp_path), "review_report_formats": "json,csv"}
    run = player.play_playbook(PLAYBOOK, [], variables, connection(account), {"all": {"hosts": hosts}})
    assert run.rc == 2
    assert "Traceback (most recent call last)" not in run.output
    (path,) = tmp_path.glob("review-summary-*.json")
    headlines = {item["name"]: item["headline"] for item in read(path)["accounts"]}
    assert list(headlines) == list(hosts)
    assert "zchat_subdomain or zchat_api_url" in headlines["no_connection"]
    assert "HTTP 401" in headlines["rejected"]
    assert read(path)["summary"]["not_complete"] == len(hosts)
    assert rows(path.with_suffix(".csv")) == []
    assert {entry["status"] for entry in account.state.requests} == {401}


@pytest.mark.parametrize("wrong", ["review_old_afer", "review_report_folder", "review_acounts"])
def test_a_misspelled_variable(player: Player, account: Sandbox, tmp_path: Path, wrong: str) -> None:
    variables = {"review_report_dir": str(tmp_path / "reports"), wrong: "1d", "review_ticket": "CHG-1"}
    run = player.play_playbook(PLAYBOOK, [], variables, connection(account))
    assert run.rc == 2
    assert f"'{wrong}' (use 'review_" in run.output
    assert methods(account) == set()
    assert not (tmp_path / "reports").exists()
