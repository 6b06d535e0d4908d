# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection with only its folders ``meta``, ``plugins``, ``roles`` and ``playbooks``, as the community's rules require."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.integration.ansible_run import Player, chat_defaults, sandbox_variables
from tests.sandbox import LEAVER_EMAIL, LEAVER_ID, Sandbox

FOLDERS = ["meta", "playbooks", "plugins", "roles"]


@pytest.fixture
def player(tmp_path: Path, collections_path: str, sandbox: Sandbox) -> Player:
    installed = Path(collections_path, "ansible_collections", "zchat", "admin")
    collection = tmp_path / "collections" / "ansible_collections" / "zchat" / "admin"
    for name in FOLDERS:
        shutil.copytree(installed / name, collection / name)
    return Player(tmp_path, str(tmp_path / "collections"), lambda: sandbox.state.secrets)


def test_four_folders_are_sufficient(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    environment = {"ZCHAT_API_URL": sandbox.api_url, "ZCHAT_ACCESS_TOKEN": str(sandbox.access_token)}
    player.play_playbook("zchat.admin.preflight", environment=environment).check()
    for name, variables in {
        "review": {"review_report_dir": str(tmp_path)},
        "offboard": {"offboard_report_dir": str(tmp_path), "offboard_agent_emails": [LEAVER_EMAIL]},
    }.items():
        player.play_playbook(f"zchat.admin.{name}", variables=variables, environment=environment).check()
        (report,) = tmp_path.glob(f"{name}-*.json")
        # The version is in the files of ansible-galaxy.
        assert json.loads(report.read_text("utf-8"))["collection_version"] is None
    assert LEAVER_ID not in {token["agent_id"] for token in sandbox.state.tokens.values()}
    modules = {"zchat_agent_info": {}, "zchat_connection_info": {}, "zchat_oauth_token_info": {}} | {
        "zchat_oauth_token": {"state": "absent", "ids": [1]},
        "zchat_offboard": {"agent_emails": [LEAVER_EMAIL]},
        "zchat_review": {"report_dir": str(tmp_path)},
    }
    player.play(
        [{"name": name, f"zchat.admin.{name}": options} for name, options in modules.items()],
        variables=sandbox_variables(sandbox),
        module_defaults=chat_defaults(),
    ).check()
