# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs each target: a user story as Ansible tasks, against its own sandbox. `ansible-test integration` runs the same targets.

The output at ``-vvv`` must contain no secret. A task that passes secrets to other modules, or prints them intentionally, has
``no_log``.
"""

from __future__ import annotations

import pytest

from tests.integration.ansible_run import TARGETS, Player, chat_defaults, sandbox_variables
from tests.sandbox import Sandbox

# As in ansible-test, a name that begins with setup_ is a helper of the targets.
NAMES = sorted(path.name for path in TARGETS.iterdir() if path.is_dir() and not path.name.startswith("setup_"))

# Tokens and passwords of the targets that no sandbox accepts.
WRONG_SECRETS = ["another password", "another-token", "a-value-that-no-token-has"]


def test_there_are_targets() -> None:
    assert NAMES


@pytest.mark.parametrize("target", NAMES)
def test_target(target: str, player: Player, sandbox: Sandbox) -> None:
    # This target sets the connection in its tasks.
    defaults = {} if target == "connection" else chat_defaults()
    run = player.play(
        roles=[target],
        variables=sandbox_variables(sandbox),
        module_defaults=defaults,
        secrets=WRONG_SECRETS,
    ).check()
    assert any(task.action.startswith("zchat.admin.") for task in run.tasks)
    assert any(task.action == "ansible.builtin.assert" for task in run.tasks)
