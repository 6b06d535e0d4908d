# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An option of a role stands in each place that Ansible requires, with the same type, default and choices."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml

from ansible_collections.zchat.admin.plugins.plugin_utils import _documents

ROOT = Path(__file__).parents[2]
ROLES = {"offboard": "OffboardDocument", "review": "ReviewDocument"}
RULES = ("type", "elements", "choices", "default", "required")


def rules(details):
    return {key: details[key] for key in RULES if details.get(key) is not None}


@pytest.fixture(name="action", params=ROLES)
def _action(request):
    return request.param, import_module(f"ansible_collections.zchat.admin.plugins.action.zchat_{request.param}")


def test_the_documentation_of_the_role_and_of_the_module_is_that_of_the_action(action):
    role, code = action
    options = {name: rules(details) for name, details in code.ActionModule.OPTIONS.items()}
    spec = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text("utf-8"))
    documented = spec["argument_specs"]["main"]["options"]
    assert {name: rules(details) for name, details in documented.items()} == {
        f"{role}_{name}": details for name, details in options.items()
    }
    module = import_module(f"ansible_collections.zchat.admin.plugins.modules.zchat_{role}")
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    assert {name: rules(details) for name, details in documented.items()} == options
    readme = (ROOT / "roles" / role / "README.md").read_text("utf-8")
    assert sorted(re.findall(rf"^\| `({role}_\w+)` \|", readme, re.MULTILINE)) == sorted(
        f"{role}_{name}" for name in options
    )


def test_the_result_without_a_run_has_each_key_and_states_nothing(action):
    role, _code = action
    (result,) = yaml.safe_load((ROOT / "roles" / role / "vars" / "main.yml").read_text("utf-8")).values()
    hints = get_type_hints(getattr(_documents, ROLES[role]))
    assert result.keys() == hints.keys()
    assert result["summary"] == dict.fromkeys(get_type_hints(hints["summary"]))
    assert (result["complete"], result["agents"], result["listed"]) == (False, None, None)
