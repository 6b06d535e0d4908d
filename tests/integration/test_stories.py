# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays each file in ``stories``: tasks of a user, and what they must return and send. Each has its own sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.integration.ansible_run import HERE, Player
from tests.sandbox import Sandbox

VARIABLES = yaml.safe_load((HERE / "stories" / "variables.yml").read_text("utf-8"))
STORIES = sorted(path for path in (HERE / "stories").iterdir() if path.name != "variables.yml")
WRONG_SECRETS = ["another password", "another-token", "a-value-that-no-token-has"]
"""Tokens and passwords in stories that no sandbox accepts."""


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_story(story: Path, player: Player, sandbox: Sandbox) -> None:
    """Each task succeeds, and the output contains no secret."""
    tasks = [{"ansible.builtin.import_tasks": str(story)}]
    player.play(tasks, sandbox, VARIABLES, WRONG_SECRETS).check()
