# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gc
from importlib import import_module
from pathlib import Path

import pytest
from ansible.plugins.action.normal import ActionModule

from ansible_collections.zchat.admin.plugins.plugin_utils._action import Action

MODULES = Path(__file__).parents[4] / "plugins" / "modules"


@pytest.mark.parametrize(
    "module", [path.stem for path in sorted(MODULES.glob("*.py")) if "run_module" in path.read_text()]
)
def test_the_action_of_a_module_is_that_of_ansible_without_garbage_collection(module, monkeypatch):
    action = import_module(f"ansible_collections.zchat.admin.plugins.action.{module}").ActionModule
    assert issubclass(action, Action)
    monkeypatch.setattr(ActionModule, "run", lambda *_args: {"enabled": gc.isenabled()})
    assert action.__new__(action).run() == {"enabled": False}
