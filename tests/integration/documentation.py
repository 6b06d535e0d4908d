# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules' own files document: their examples and their return values."""

from __future__ import annotations

import ast
from typing import Any

import yaml

from tests.integration.ansible_run import ROOT

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")


def documented(module: str, name: str) -> Any:
    """The YAML that ``module`` assigns to ``name``, such as EXAMPLES, without importing it."""
    tree = ast.parse((ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8"))
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and [ast.unparse(target) for target in statement.targets] == [name]:
            return yaml.safe_load(ast.literal_eval(statement.value))
    raise AssertionError(f"{module} has no {name}")
