# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the pictures in ``docs/images``: pages that real playbook runs write for the demo account.

Use the Python of the session `browser`: ``.nox/browser/bin/python -m tests.tools.take_pictures``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

from tests.integration.ansible_run import ROOT, Player
from tests.integration.zendesk import Zendesk
from tests.sandbox import COLLEAGUE_ID, LEAVER_EMAIL, Sandbox

IMAGES = ROOT / "docs" / "images"
WIDTH = 1024
HEIGHTS = {"review": 1650, "report-done": 1650, "report-dry-run": 960, "report-not-complete": 960}
"""The size of the pictures for the documentation, in CSS pixels. A page without a height is shown completely."""
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


def main() -> None:
    with TemporaryDirectory(prefix="zchat-pictures-") as name, sync_playwright() as playwright:
        folder = Path(name)
        collections = folder / "collections"
        (collections / "ansible_collections" / "zchat").mkdir(parents=True)
        (collections / "ansible_collections" / "zchat" / "admin").symlink_to(ROOT)
        pages = write_pages(folder, os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(collections)))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for picture, path in pages.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHTS.get(picture, 900)})
            page.goto(path.as_uri())
            page.screenshot(path=IMAGES / f"{picture}.png", full_page=picture not in HEIGHTS)
        browser.close()


if __name__ == "__main__":
    main()
