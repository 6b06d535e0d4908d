# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the pictures in ``docs/images``: pages that real playbook runs write for the demo account.

Use the Python of the integration tests: ``.nox/integration/bin/python -m tests.tools.take_pictures``. To inspect each
page on each device, pass ``--all FOLDER``: a phone and a desktop, light and dark, and the printed pages.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.integration.ansible_run import ROOT, Player
from tests.integration.zendesk import Zendesk
from tests.sandbox import COLLEAGUE_ID, LEAVER_EMAIL, Sandbox

IMAGES = ROOT / "docs" / "images"
WIDTH = 1024
HEIGHTS = {"review": 1650, "report-done": 1650, "report-dry-run": 960, "report-not-complete": 960}
"""The size of the pictures for the documentation, in CSS pixels. A page without a height is shown completely."""
DEVICES = {"phone": 390, "desktop": 1280}
A4 = 680
"""The width of a printed page without its margins, in CSS pixels."""
OFFBOARD, REVIEW = "zchat.admin.offboard", "zchat.admin.review"
DEPARTING: dict[str, Any] = {"offboard_agent_emails": [LEAVER_EMAIL], "offboard_agent_ids": [COLLEAGUE_ID]}
FAILURE = {"method": "DELETE", "path": "/1203$", "status": 422, "body": "Unprocessable Entity"}


def write_pages(folder: Path, collections_path: str) -> dict[str, Path]:
    """Write each page by a run of its playbook. Return the pages by the name of their picture."""
    with (
        Sandbox() as acme,
        Sandbox() as globex,
        Zendesk(acme.url, folder / "tls", {"globex.zendesk.com": globex.url}) as proxy,
    ):
        player = Player(folder, collections_path)
        account = {
            "ZCHAT_SUBDOMAIN": "acme",
            "ZCHAT_ACCESS_TOKEN": str(acme.access_token),
            "ZCHAT_CA_PATH": str(proxy.ca_path),
        }
        controller = {**proxy.environment, "SUDO_USER": "amelie"}
        access = {"zchat_access_token": acme.access_token, "zchat_ca_path": str(proxy.ca_path)}
        hosts = {
            "shop": {**access, "zchat_subdomain": "acme"},
            "outlet": {**access, "zchat_subdomain": "globex"},
            "wholesale": {**access, "zchat_subdomain": "globex", "zchat_access_token": "a-wrong-t0ken"},
        }

        def page(name: str, playbook: str, *arguments: str, many: bool = False, **variables: Any) -> Path:
            kind = playbook.rpartition(".")[2]
            written = folder / name
            given: Mapping[str, Any] = {f"{kind}_report_dir": str(written), **variables}
            inventory = {"all": {"hosts": hosts}} if many else None
            if many:
                given = {**given, f"{kind}_accounts": "all"}
            player.play_playbook(playbook, arguments, given, {**controller, **({} if many else account)}, inventory)
            (path,) = written.glob(f"{kind}-summary-*.html" if many else f"{kind}-*.html")
            return path

        pages = {
            "review": page("review", REVIEW),
            "review-summary": page("review-summary", REVIEW, many=True),
            "report-dry-run": page("report-dry-run", OFFBOARD, "--check", **DEPARTING),
        }
        acme.reset(faults=[FAILURE])
        pages["report-not-complete"] = page("report-not-complete", OFFBOARD, **DEPARTING)
        acme.reset()
        pages["report-done"] = page("report-done", OFFBOARD, **DEPARTING)
        acme.reset()
        pages["summary"] = page("summary", OFFBOARD, many=True, **DEPARTING)
    return pages


def take(browser: Browser, path: Path, picture: Path, width: int, **look: Any) -> None:
    """Take a picture of a page at a width: the whole page, or its beginning if ``height`` is given."""
    height = look.pop("height", None)
    page = browser.new_page(viewport={"width": width, "height": height or 900}, **look)
    page.goto(path.as_uri())
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture, full_page=height is None)
    page.close()


def inspect(browser: Browser, pages: Mapping[str, Path], folder: Path) -> None:
    """Take each page on each device, and as it is printed."""
    for name, path in pages.items():
        for device, width in DEVICES.items():
            for scheme in ("light", "dark"):
                take(browser, path, folder / f"{name}-{device}-{scheme}.png", width, color_scheme=scheme)
        page = browser.new_page(viewport={"width": A4, "height": 900})
        page.goto(path.as_uri())
        page.emulate_media(media="print")
        page.screenshot(path=folder / f"{name}-print.png", full_page=True)
        page.pdf(path=folder / f"{name}.pdf", prefer_css_page_size=True)
        page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="take each page on each device, into this folder")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="zchat-pictures-") as name, sync_playwright() as playwright:
        folder = Path(name)
        collections = folder / "collections"
        (collections / "ansible_collections" / "zchat").mkdir(parents=True)
        (collections / "ansible_collections" / "zchat" / "admin").symlink_to(ROOT)
        pages = write_pages(folder, os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(collections)))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        if given.all:
            inspect(browser, pages, given.all)
            for picture, path in pages.items():
                shutil.copy(path, given.all / f"{picture}.html")
        else:
            for picture, path in pages.items():
                take(browser, path, IMAGES / f"{picture}.png", WIDTH, height=HEIGHTS.get(picture))
        browser.close()


if __name__ == "__main__":
    main()
