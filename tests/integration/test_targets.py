# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays every target: a story about the collection, told in Ansible's own words, against a sandbox of its own.

Its output, at great verbosity, is searched for every secret in play; so a task that handles some with anything but the
collection's modules, or shows them on purpose, has ``no_log``.
"""

from __future__ import annotations

import pytest

from tests.integration.ansible_run import TARGETS, Player, chat_defaults, sandbox_variables
from tests.sandbox import Sandbox

# As with ansible-test, what begins with setup_ is there for the targets, and is none.
NAMES = sorted(path.name for path in TARGETS.iterdir() if path.is_dir() and not path.name.startswith("setup_"))

# What the targets use as tokens and passwords that no sandbox knows.
WRONG_SECRETS = [
    "passw0rd",
    "the-tok3n",
    "hush-hush",
    "another password",
    "another-token",
    "a-value-that-belongs-to-nobody",
]


def test_there_are_targets() -> None:
    assert NAMES


@pytest.mark.parametrize("target", NAMES)
def test_target(target: str, player: Player, sandbox: Sandbox) -> None:
    # A target about the connection makes its own.
    defaults = {} if target.startswith("connection") else chat_defaults()
    run = player.play(
        roles=["setup_sandbox", target],
        variables=sandbox_variables(sandbox),
        module_defaults=defaults,
        secrets=WRONG_SECRETS,
    ).check()
    assert any(task.action.startswith("zchat.admin.") for task in run.tasks)
    assert any(task.action == "ansible.builtin.assert" for task in run.tasks)
