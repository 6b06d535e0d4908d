# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML reports of real runs in Chromium: on a phone and a desktop, light and dark, and printed. axe checks accessibility."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.ansible_run import Player, chat_defaults, sandbox_variables
from tests.sandbox import COLLEAGUE_ID, LEAVER_EMAIL, LEAVER_ID, Sandbox, demo_seed

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")

PHONE, DESKTOP, A4 = 390, 1280, 680
"""Widths in CSS pixels. A4 is without its margins."""
UNKNOWN = "r&d@example.com"
BOTH = {"offboard_agent_emails": [LEAVER_EMAIL], "offboard_agent_ids": [COLLEAGUE_ID]}
FAILURE = {"method": "DELETE", "path": "/1203$", "status": 422, "body": "<b>Unprocessable</b>"}

DONE = "15 tokens of 2 people revoked, and none is left"
HEADLINES = {
    "dry run": "DRY RUN: 15 tokens of 2 people would be revoked; 1 person can still sign in",
    "done": f"{DONE}; 1 person can still sign in",
    "done with an unknown address": f"{DONE}; 1 person can still sign in; 1 address was not found",
    "not complete": "NOT COMPLETE: 14 of 15 tokens revoked, 1 not",
    "nobody": "Nobody was found, and nothing was revoked",
    "summary": "NOT COMPLETE: 1 of 2 accounts (rejected)",
}
"""The headline of each kind of page."""

CANARY = "evaluated"
"""A file that would exist if a name were evaluated as a template."""
NAMES = {
    COLLEAGUE_ID: "<script>document.body.innerHTML = ''</script><img src=x onerror=alert(1)> \"quoted\" 'twice' &amp; {# no #}",
    LEAVER_ID: f"{{{{ lookup('ansible.builtin.pipe', 'touch {CANARY}') }}}} {{% raw %}} שלום עולם 🙂 {'W' * 300}",
}
ADDRESSES = {
    COLLEAGUE_ID: "\"><b>{{ 7 * 191 }}</b>'@example.com",
    LEAVER_ID: f"{'long' * 60}@example.com",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, collections_path: str) -> dict[str, Path]:
    """Each kind of page, written by real runs."""
    folder = tmp_path_factory.mktemp("pages")
    with Sandbox() as sandbox:
        player = Player(folder, collections_path, lambda: sandbox.state.secrets)
        tasks = [
            *_page("dry run", BOTH, check_mode=True),
            *_page("nobody", {"offboard_agent_emails": [UNKNOWN]}),
            *_page("not complete", BOTH, reset=True, faults=[FAILURE]),
            *_page(
                "done with an unknown address", {**BOTH, "offboard_agent_emails": [LEAVER_EMAIL, UNKNOWN]}, reset=True
            ),
        ]
        run = player.play(tasks, variables=sandbox_variables(sandbox), module_defaults=chat_defaults()).check()
        pages = {
            name: Path(next(path for path in run[name]["offboard_report_files"] if path.endswith(".html")))
            for name in HEADLINES
            if name not in ("done", "summary")
        }
        sandbox.reset()
        accounts = folder / "accounts"
        rejected = {"zchat_api_url": sandbox.api_url, "zchat_access_token": "no-such-t0ken"}
        hosts = {"acme": {**rejected, "zchat_access_token": sandbox.access_token}, "rejected": rejected}
        variables = {**BOTH, "offboard_accounts": "all", "offboard_report_dir": str(accounts)}
        player.play_playbook("zchat.admin.offboard", [], variables, {}, {"all": {"hosts": hosts}})
        # Only the run that revoked tokens has a journal.
        (journal,) = accounts.glob("*.jsonl")
        pages["done"] = journal.with_suffix(".html")
        (pages["summary"],) = accounts.glob("offboard-summary-*.html")
    return pages


def _page(
    name: str,
    variables: dict[str, Any],
    *,
    check_mode: bool = False,
    reset: bool = False,
    faults: Sequence[dict[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Return tasks that offboard people of the demo account. The last one has this name and the paths of the files."""
    first = {"ansible.builtin.include_role": {"name": "setup_sandbox"}, "vars": {"setup_sandbox_faults": list(faults)}}
    return [
        *[first] * reset,
        {
            "block": [
                {
                    "ansible.builtin.include_role": {
                        "name": "zchat.admin.offboard",
                        "apply": {"check_mode": check_mode},
                    },
                    "vars": {"offboard_report_dir": "{{ playbook_dir }}/reports", **variables},
                }
            ],
            "rescue": [{"ansible.builtin.debug": {"var": "ansible_failed_result.msg"}}],
        },
        {"name": name, "ansible.builtin.debug": {"var": "offboard_report_files"}},
    ]


def check_page(browser: Browser, path: Path) -> Page:
    """Check what every page guarantees, on each device. Return the page as a desktop shows it."""
    page = browser.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    axe = Axe()
    for width, media, scheme in (
        (PHONE, "screen", "dark"),
        (A4, "print", "light"),
        (DESKTOP, "screen", "dark"),
        (DESKTOP, "screen", "light"),
    ):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(media=media, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} is too wide at {width} px"
        found = axe.run(page)
        assert found.violations_count == 0, f"{width} px, {media}, {scheme}: {found.generate_report()}"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert requests == [path.as_uri()]
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("[...document.querySelectorAll('time')].every(time => !isNaN(Date.parse(time.dateTime)))")
    return page


@pytest.mark.parametrize("kind", HEADLINES)
def test_every_kind_of_page(kind: str, browser: Browser, pages: dict[str, Path]) -> None:
    page = check_page(browser, pages[kind])
    assert page.locator("h1").all_inner_texts() == [HEADLINES[kind]]
    # The headline is visible without scrolling.
    box = page.locator("h1").bounding_box()
    assert box
    assert box["y"] + box["height"] < 400
    page.close()


def test_the_kinds_of_pages_differ_without_colors(browser: Browser, pages: dict[str, Path]) -> None:
    """The border and the symbol of the verdict differ, too."""
    looks = set()
    for path in pages.values():
        page = browser.new_page()
        page.goto(path.as_uri())
        border = page.evaluate("getComputedStyle(document.querySelector('.verdict')).borderStyle")
        looks.add((border, page.locator(".verdict svg").inner_html()))
        page.close()
    # The summary looks like a report that is not complete, and a run in which nobody was found like one with an unknown address.
    assert len(looks) == len(pages) - 2


def test_the_next_step_is_visible_before_the_tokens(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["not complete"].as_uri())
    headings = page.locator("h2").all_inner_texts()
    assert headings[0] == "These people can still sign in"
    # The token that needs attention comes first, with the reason below it.
    assert page.locator("article h3").all_inner_texts() == ["Jonas Weber", "Priya Nair"]
    assert page.locator("tbody th").all_inner_texts()[:2] == ["1203", "38"]
    assert "HTTP 422" in page.locator("tr.reason").inner_text()
    page.close()


def test_hostile_names_are_shown_as_text(browser: Browser, player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """HTML, templates, right-to-left and 4-byte characters, and names without a space."""
    seed = demo_seed()
    seed["credentials"] = seed["credentials"][:1]
    for agent in seed["agents"]:
        agent["display_name"] = NAMES.get(agent["id"], agent["display_name"])
        agent["email"] = ADDRESSES.get(agent["id"], agent["email"])
    seed["tokens"][0]["client_identifier"] = "</td></table><h1>{{ 7 * 191 }}</h1>"
    sandbox.reset(seed=seed)
    environment = {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": str(sandbox.access_token)}
    variables = {"offboard_agent_ids": [COLLEAGUE_ID, LEAVER_ID], "offboard_report_dir": str(tmp_path / "reports")}
    player.play_playbook("zchat.admin.offboard", [], variables, environment).check()
    (path,) = (tmp_path / "reports").glob("*.html")
    report = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert {agent["id"]: agent["display_name"] for agent in report["agents"]} == NAMES
    assert {agent["id"]: agent["email"] for agent in report["agents"]} == ADDRESSES
    page = check_page(browser, path)
    assert page.locator("article h3").all_inner_texts() == [NAMES[COLLEAGUE_ID], NAMES[LEAVER_ID]]
    assert page.locator("h1").all_inner_texts() == [HEADLINES["done"]]
    assert "</td></table><h1>{{ 7 * 191 }}</h1>" in page.locator("td").all_inner_texts()
    assert page.locator("img, b, i, script").count() == 0
    assert "1337" not in path.read_text("utf-8")
    assert not list(tmp_path.rglob(CANARY))
    assert not Path(CANARY).exists()
    page.close()
