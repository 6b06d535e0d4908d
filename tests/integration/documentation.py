# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the collection, and the shell of a user who follows it."""

from __future__ import annotations

import ast
import functools
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.integration.ansible_run import ROOT, clean_environment
from tests.integration.zendesk import Zendesk

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")


def documented(module: str, name: str) -> Any:
    """Return the YAML that ``module`` assigns to ``name``, such as EXAMPLES, without importing the module."""
    tree = ast.parse((ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8"))
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and [ast.unparse(target) for target in statement.targets] == [name]:
            return yaml.safe_load(ast.literal_eval(statement.value))
    raise AssertionError(f"{module} has no {name}")


_SAME_KEYS = re.compile(r"(?:^|the keys of )RV\((?:zchat\.admin\.(\w+)#module:)?(\w+)\)")


@functools.cache
def return_values(module: str) -> dict[str, Any]:
    """Return RETURN of ``module``, with the keys that it documents by a reference to another value.

    Keys that the other value has only with an option, such as ``include_secrets``, are not among them.
    """
    documentation: dict[str, Any] = documented(module, "RETURN")
    _follow_references(documentation, documentation)
    return documentation


def _follow_references(entries: dict[str, Any], documentation: dict[str, Any]) -> None:
    """Add the keys that ``entries`` have by a reference to their ``contains``."""
    for entry in entries.values():
        _follow_references(entry.get("contains", {}), documentation)
        description = entry["description"]
        for line in [description] if isinstance(description, str) else description:
            reference = _SAME_KEYS.search(line)
            if reference and "dict" in (entry["type"], entry.get("elements")):
                values = return_values(reference[1]) if reference[1] else documentation
                keys = {k: v for k, v in values[reference[2]]["contains"].items() if v["returned"] == "always"}
                entry["contains"] = {**keys, **entry.get("contains", {})}


def clone(folder: Path) -> Path:
    """Copy the checkout into ``folder`` as a clone would be, including changes that are not committed."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).exists():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    return folder


def shell_environment(home: Path, zendesk: Zendesk) -> dict[str, str]:
    """Return the environment variables of a user with Ansible, an empty home folder, and a route to zendesk.com."""
    inherited = clean_environment()
    inherited.pop("VIRTUAL_ENV", None)
    return {
        **inherited,
        **zendesk.environment,
        "PATH": f"{Path(sys.executable).parent}:{inherited['PATH']}",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "REQUESTS_CA_BUNDLE": str(zendesk.ca_path),
        "PIP_NO_INDEX": "true",
    }
