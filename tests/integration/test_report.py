# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of real runs, looked at in Chromium on a phone, on a desk and on paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import Player, chat_defaults, sandbox_variables
from tests.integration.browser import CHROMIUM, DESKTOP, PHONE, WORST_CONTRAST, Browser
from tests.sandbox import COLLEAGUE_ID, LEAVER_ID, Sandbox, demo_seed

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here to look at the report with")

CANARY = "evaluated"
"""A file that would be there if any of the names below were more than text."""
NAMES = {
    COLLEAGUE_ID: "<script>document.body.innerHTML = 'owned'</script><img src=x onerror=alert(1)> \"quoted\" 'twice' &amp; {# no #}",
    LEAVER_ID: f"{{{{ lookup('ansible.builtin.pipe', 'touch {CANARY}') }}}} {{% raw %}} שלום עולם {'W' * 300}",
}
ADDRESSES = {
    COLLEAGUE_ID: "\"><b>{{ 7 * 191 }}</b>'@example.com",
    LEAVER_ID: f"{'long' * 60}@example.com",
}
UNKNOWN = "<i>nobody</i>@example.com"
LEAST_CONTRAST = 4.5
"""What WCAG asks for, at level AA."""


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as browser:
        yield browser


def offboard(player: Player, sandbox: Sandbox, **variables: Any) -> tuple[Path, dict[str, Any]]:
    """Offboard two people, in check mode if ``dry_run`` says so: the page, and what its JSON says."""
    apply = {"apply": {"check_mode": True}} if variables.pop("dry_run", False) else {}
    tasks = [
        {
            "block": [
                {
                    "name": "Offboard",
                    "ansible.builtin.include_role": {"name": "zchat.admin.offboard", **apply},
                    "vars": {"offboard_report_dir": "{{ playbook_dir }}/reports", **variables},
                }
            ],
            "rescue": [{"name": "It failed", "ansible.builtin.debug": {"var": "offboard_result"}}],
        },
        {"name": "Where", "ansible.builtin.debug": {"var": "offboard_report_files"}},
    ]
    run = player.play(tasks, variables=sandbox_variables(sandbox), module_defaults=chat_defaults()).check()
    written, page = map(Path, run["Where"]["offboard_report_files"])
    return page, json.loads(written.read_text("utf-8"))


def check_look(browser: Browser, page: Path) -> None:
    """What holds for every page, however it is looked at."""
    for width in (PHONE, DESKTOP):
        for dark in (False, True):
            browser.open(page, width, dark)
            assert browser.ask("innerWidth") == width
            assert browser.ask("document.documentElement.scrollWidth") <= width, "it can be scrolled sideways"
            assert browser.ask(WORST_CONTRAST) >= LEAST_CONTRAST
            assert browser.requested == [page.as_uri()]
    assert browser.ask("document.scripts.length") == 0
    assert browser.ask("document.documentElement.lang") == "en"
    assert browser.ask("document.querySelectorAll('main').length") == 1
    assert len(browser.texts("h1")) == 1
    # Headings begin at 1 and leave out no level on the way down.
    levels = [
        int(level) for level in browser.ask("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => h.tagName[1])")
    ]
    assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False))
    headers = browser.ask("[...document.querySelectorAll('th')].map(th => th.scope)")
    assert set(headers) <= {"col", "row"}
    assert len(browser.texts("caption")) == len(browser.texts("table"))
    assert browser.ask("[...document.querySelectorAll('time')].every(time => !isNaN(Date.parse(time.dateTime)))")
    paper = page.with_suffix(".pdf")
    browser.print(paper)
    assert paper.read_bytes().startswith(b"%PDF")


def test_dry_run_and_done(browser: Browser, player: Player, sandbox: Sandbox) -> None:
    people = {"offboard_agent_emails": ["jonas.weber@example.com", UNKNOWN], "offboard_agent_ids": [COLLEAGUE_ID]}
    page, dry_run = offboard(player, sandbox, dry_run=True, **people)
    check_look(browser, page)
    assert browser.texts("h1") == ["DRY RUN: 15 tokens of 2 people would be revoked; 1 address was not found"]
    assert browser.texts(".verdict .label") == ["Dry run"]
    dashed = browser.ask("getComputedStyle(document.querySelector('.verdict')).borderStyle")
    assert browser.texts(".result") == ["Would be revoked"] * 15

    page, done = offboard(player, sandbox, **people)
    check_look(browser, page)
    assert browser.texts("h1") == ["15 tokens of 2 people revoked, and none is left; 1 address was not found"]
    assert browser.texts(".verdict .label") == ["Done"]
    # Told apart by their shape, too.
    assert browser.ask("getComputedStyle(document.querySelector('.verdict')).borderStyle") != dashed
    assert browser.texts("article h3") == ["Priya Nair", "Jonas Weber"]
    assert browser.texts("article .became") == ["3 tokens revoked", "12 tokens revoked"]
    assert browser.texts("tbody th") == [str(token["id"]) for agent in done["agents"] for token in agent["tokens"]]
    assert browser.texts("li") == [UNKNOWN]
    text = browser.text()
    for told in (
        "jonas.weber@example.com",
        "disabled in Chat",
        "18 tokens of 3 agents",
        sandbox.api_url.removeprefix("http:"),
    ):
        assert told in text
    assert not [secret for secret in sandbox.state.secrets if secret in page.read_text("utf-8")]
    assert dry_run["summary"]["would_be_revoked"] == done["summary"]["revoked"]


def test_not_complete(browser: Browser, player: Player, sandbox: Sandbox) -> None:
    sandbox.reset(faults=[{"method": "DELETE", "path": "/1203$", "status": 422, "body": "<b>{access_token:1203}</b>"}])
    values = sandbox.state.secrets
    page, _report = offboard(player, sandbox, offboard_agent_emails=["jonas.weber@example.com"])
    check_look(browser, page)
    assert browser.texts("h1") == ["NOT COMPLETE: 11 of 12 tokens revoked, 1 not"]
    assert browser.texts(".verdict .label") == ["Not complete"]
    # The one that needs care comes first.
    assert browser.texts("tbody th")[:2] == ["1203", "38"]
    assert "HTTP 422" in browser.texts(".reason")[0]
    assert not [value for value in values if value in page.read_text("utf-8")]


def test_hostile_names_are_text(browser: Browser, player: Player, sandbox: Sandbox) -> None:
    seed = demo_seed()
    seed["credentials"] = seed["credentials"][:1]
    for agent in seed["agents"]:
        agent["display_name"] = NAMES.get(agent["id"], agent["display_name"])
        agent["email"] = ADDRESSES.get(agent["id"], agent["email"])
    seed["tokens"][0]["client_identifier"] = "</td></table><h1>{{ 7 * 191 }}</h1>"
    sandbox.reset(seed=seed)
    page, report = offboard(player, sandbox, offboard_agent_ids=[COLLEAGUE_ID, LEAVER_ID])
    check_look(browser, page)
    assert {agent["id"]: agent["display_name"] for agent in report["agents"]} == NAMES
    assert {agent["id"]: agent["email"] for agent in report["agents"]} == ADDRESSES
    assert browser.texts("article h3") == [NAMES[COLLEAGUE_ID], NAMES[LEAVER_ID]]
    assert browser.texts("h1") == ["15 tokens of 2 people revoked, and none is left"]
    assert "</td></table><h1>{{ 7 * 191 }}</h1>" in browser.texts("td")
    assert browser.ask("document.querySelectorAll('img, b, i, script').length") == 0
    assert "1337" not in page.read_text("utf-8")
    assert not list(page.parents[1].rglob(CANARY))
    assert not Path(CANARY).exists()
