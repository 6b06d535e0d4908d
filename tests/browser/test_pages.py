# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML pages of real runs in Chromium: on a phone and a desktop, light and dark, and printed. axe checks accessibility."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.ansible_run import Player, connection, host
from tests.sandbox import COLLEAGUE_ID, LEAVER_EMAIL, LEAVER_ID, Sandbox, demo_seed

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")

OFFBOARD, REVIEW = "zchat.admin.offboard", "zchat.admin.review"
PHONE, DESKTOP, A4 = 390, 1280, 680
"""Widths in CSS pixels. A4 is without its margins."""
UNKNOWN = "r&d@example.com"
BOTH = {"offboard_agent_emails": [LEAVER_EMAIL], "offboard_agent_ids": [COLLEAGUE_ID]}
FAILURE = {"method": "DELETE", "path": "/1203$", "status": 422, "body": "<b>Unprocessable</b>"}

DONE = "15 tokens of 2 people revoked, and none is left"
NEXT = "; 1 person can still sign in; 4 API clients created by 2 people still exist"
KINDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "dry run": (OFFBOARD, BOTH, f"DRY RUN: 15 tokens of 2 people would be revoked{NEXT}"),
    "done": (OFFBOARD, BOTH, f"{DONE}{NEXT}"),
    "done with an unknown address": (
        OFFBOARD,
        {**BOTH, "offboard_agent_emails": [LEAVER_EMAIL, UNKNOWN]},
        f"{DONE}{NEXT}; 1 address was not found",
    ),
    "not complete": (OFFBOARD, BOTH, f"NOT COMPLETE: 14 of 15 tokens revoked, 1 not{NEXT}"),
    "nobody": (
        OFFBOARD,
        {"offboard_agent_emails": [UNKNOWN]},
        "Nobody was found, and nothing was revoked; 1 address was not found",
    ),
    "summary": (OFFBOARD, {**BOTH, "offboard_accounts": "all"}, "NOT COMPLETE: 1 of 2 accounts (rejected)"),
    "summary with an unknown address": (
        OFFBOARD,
        {"offboard_agent_emails": [LEAVER_EMAIL, UNKNOWN], "offboard_accounts": "acme"},
        f"12 tokens revoked in 1 account; 1 account must be checked (acme); 1 address was found in no account ({UNKNOWN})",
    ),
    "review": (REVIEW, {}, "21 tokens of 5 people, 15 need a decision; 2 API clients need a decision"),
    "review of many people": (
        REVIEW,
        {},
        "171 tokens of 155 people, 128 need a decision; 2 API clients need a decision",
    ),
}
"""Each kind of page: the playbook, its variables, and the headline."""

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


def with_many_people() -> dict[str, Any]:
    """The demo account, and more people with tokens than the page lists in detail. One has a long name."""
    document = demo_seed()
    agent, token = document["agents"][0], document["tokens"][-1]
    for number in range(1, 151):
        email, name = f"agent{number}@example.com", NAMES[LEAVER_ID] if number == 149 else f"Agent {number}"
        document["agents"].append({**agent, "id": number, "email": email, "display_name": name})
        values = {key: f"{key}-of-{number}-0123456789" for key in ("access_token", "refresh_token")}
        expires = "now-1d" if number % 4 else "now+300d"
        dates = {"create_date": "now-10d", "expire_date": expires}
        document["tokens"].append({**token, "id": 5000 + number, "agent_id": number, **values, **dates})
    return document


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each kind of page, written by real runs."""
    folder = tmp_path_factory.mktemp("pages")
    with Sandbox() as sandbox:
        return {kind: write_page(folder / kind, kind, sandbox) for kind in KINDS}


def write_page(folder: Path, kind: str, sandbox: Sandbox) -> Path:
    """Return the page that a run writes into a folder."""
    playbook, variables, _headline = KINDS[kind]
    sandbox.reset(
        faults=[FAILURE] if kind == "not complete" else [],
        **({"seed": with_many_people()} if kind == "review of many people" else {}),
    )
    arguments = ["--check"] if kind == "dry run" else []
    hosts = {"acme": host(sandbox), "rejected": host(sandbox, zchat_access_token="no-such-t0ken")}
    environment, inventory = (
        (connection(sandbox), None) if "offboard_accounts" not in variables else ({}, {"all": {"hosts": hosts}})
    )
    reports = folder / "reports"
    variables = {**variables, f"{playbook.rpartition('.')[2]}_report_dir": str(reports)}
    player = Player(folder, os.environ["ANSIBLE_COLLECTIONS_PATH"], lambda: sandbox.state.secrets)
    player.play_playbook(playbook, arguments, variables, environment, inventory)
    (path,) = reports.glob("*-summary-*.html" if "offboard_accounts" in variables else "*.html")
    return path


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


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_page(kind: str, browser: Browser, pages: dict[str, Path]) -> None:
    """The headline is visible without scrolling."""
    page = check_page(browser, pages[kind])
    assert page.locator("h1").all_inner_texts() == [KINDS[kind][-1]]
    box = page.locator("h1").bounding_box()
    assert box
    assert box["y"] + box["height"] < 400
    page.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_without_its_style_a_page_can_still_be_read(
    width: int, kind: str, browser: Browser, pages: dict[str, Path]
) -> None:
    """Some servers, such as Jenkins, block it. Then the picture is small, and its mark has another color than its ground."""
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.set_content(re.sub(r"(?s)<style>.*?</style>", "", pages[kind].read_text("utf-8")))
    box = page.locator("svg").bounding_box()
    assert box
    assert (box["width"], box["height"]) == (52, 52)
    marks = page.evaluate(
        "[...document.querySelectorAll('svg > [fill] ~ *')].map(mark => getComputedStyle(mark).stroke)"
    )
    assert {*marks} <= {"rgb(255, 255, 255)"}
    heading = page.locator("h1").bounding_box()
    assert heading
    assert heading["y"] < 200
    page.close()


def test_the_kinds_of_pages_differ_without_colors(browser: Browser, pages: dict[str, Path]) -> None:
    """The border and the symbol of the verdict differ, too."""
    looks = set()
    for kind in ("dry run", "done", "done with an unknown address", "not complete"):
        page = browser.new_page()
        page.goto(pages[kind].as_uri())
        border = page.evaluate("getComputedStyle(document.querySelector('.verdict')).borderStyle")
        looks.add((border, page.locator(".verdict svg").inner_html()))
        page.close()
    assert len(looks) == 4


def test_the_next_step_is_visible_before_the_tokens(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["not complete"].as_uri())
    headings = page.locator("h2").all_inner_texts()
    assert headings[:2] == ["These people can still sign in", "API clients that these people created"]
    confidential = page.locator("section:has(#clients) li", has_text="confidential")
    assert confidential.locator("strong").all_inner_texts() == ["CRM sync", "Test export", "Weekly chat report"]
    # The token that needs attention comes first, with the reason below it.
    assert page.locator("article h3").all_inner_texts() == ["Jonas Weber", "Priya Nair"]
    assert page.locator("tbody th").all_inner_texts()[:2] == ["1203", "38"]
    assert "HTTP 422" in page.locator("tr.reason").inner_text()
    page.close()


def test_a_review_shows_the_people_with_the_most_serious_findings(browser: Browser, pages: dict[str, Path]) -> None:
    """Of many people, 100 are shown in detail, and the others with one line each."""
    people = ["agent 10000099", "Priya Nair", "Jonas Weber", "Amélie Laurent"]
    for kind in ("review", "review of many people"):
        page = browser.new_page()
        page.goto(pages[kind].as_uri())
        assert page.locator("article h3").all_inner_texts()[: len(people)] == people
        if kind == "review of many people":
            assert page.locator("article").count() == 100
            assert NAMES[LEAVER_ID] in page.locator("#more + div li bdi").all_inner_texts()
            assert page.locator("#more + div li").count() == 17
            assert page.locator("#rest + div li").count() == 38
        page.close()


def test_hostile_names_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    """HTML, templates, right-to-left and 4-byte characters, and names without a space."""
    seed = demo_seed()
    del seed["credentials"]
    for agent in seed["agents"]:
        agent["display_name"] = NAMES.get(agent["id"], agent["display_name"])
        agent["email"] = ADDRESSES.get(agent["id"], agent["email"])
    seed["tokens"][0]["client_identifier"] = "</td></table><h1>{{ 7 * 191 }}</h1>"
    for client in seed["clients"]:
        client.update(name=NAMES[LEAVER_ID], redirect_uris=ADDRESSES[COLLEAGUE_ID])
    variables = {"offboard_agent_ids": [COLLEAGUE_ID, LEAVER_ID], "offboard_report_dir": str(tmp_path / "reports")}
    with Sandbox() as sandbox:
        sandbox.reset(seed=seed)
        player = Player(tmp_path, os.environ["ANSIBLE_COLLECTIONS_PATH"])
        player.play_playbook(OFFBOARD, [], variables, connection(sandbox)).check()
    (path,) = (tmp_path / "reports").glob("*.html")
    report = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert {agent["id"]: agent["display_name"] for agent in report["agents"]} == NAMES
    assert {agent["id"]: agent["email"] for agent in report["agents"]} == ADDRESSES
    page = check_page(browser, path)
    assert page.locator("article h3").all_inner_texts() == [NAMES[COLLEAGUE_ID], NAMES[LEAVER_ID]]
    assert "</td></table><h1>{{ 7 * 191 }}</h1>" in page.locator("td").all_inner_texts()
    assert page.locator("section:has(#clients) strong").all_inner_texts() == [NAMES[LEAVER_ID]] * 4
    assert page.locator("img, b, i, script").count() == 0
    assert "1337" not in path.read_text("utf-8")
    assert not list(tmp_path.rglob(CANARY))
    assert not Path(CANARY).exists()
    page.close()
