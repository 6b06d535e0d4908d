# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection with only its folders ``meta``, ``plugins``, ``roles`` and ``playbooks``, as the community's rules require."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.integration.ansible_run import Player, connection
from tests.sandbox import LEAVER_EMAIL, LEAVER_ID, Sandbox


def test_four_folders_are_sufficient(collections_path: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each playbook and each module works. The version is unknown, because it is in the files of ansible-galaxy."""
    installed = Path(collections_path, "ansible_collections", "zchat", "admin")
    collection = tmp_path / "collections" / "ansible_collections" / "zchat" / "admin"
    for name in ("meta", "playbooks", "plugins", "roles"):
        shutil.copytree(installed / name, collection / name)
    reports = tmp_path / "reports"
    modules = {
        **dict.fromkeys(["zchat_agent_info", "zchat_connection_info"]),
        **dict.fromkeys(["zchat_oauth_token_info", "zchat_oauth_client_info"]),
        "zchat_oauth_token": {"state": "absent", "ids": [1]},
        "zchat_oauth_client": {"state": "absent", "ids": [1]},
    }
    plays = [
        *({"import_playbook": f"zchat.admin.{name}"} for name in ("preflight", "review", "offboard")),
        {"hosts": "localhost", "gather_facts": False, "tasks": [{f"zchat.admin.{n}": o} for n, o in modules.items()]},
    ]
    variables = {
        "review_report_dir": str(reports),
        "offboard_report_dir": str(reports),
        "offboard_agent_emails": LEAVER_EMAIL,
    }
    Player(tmp_path, str(tmp_path / "collections")).play_playbook(
        plays, variables=variables, environment=connection(sandbox)
    ).check()
    versions = [json.loads(path.read_text("utf-8"))["collection_version"] for path in reports.glob("*.json")]
    assert versions == [None, None]
    assert LEAVER_ID not in {token["agent_id"] for token in sandbox.state.tokens.values()}
