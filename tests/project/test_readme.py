# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README: its outline, its links, and what it lists."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
HEADINGS = [
    "Description",
    "Requirements",
    "Installation",
    "Use Cases",
    "Included content",
    "Try it",
    "Testing",
    "Contributing",
    "Support",
    "Release Notes and Roadmap",
    "Related Information",
    "License Information",
]
"""What readers and reviewers of certified collections expect, in this order."""
MAX_LINES = 250
REPOSITORY = "https://github.com/zchat-admin/zchat.admin/"
RAW = "https://raw.githubusercontent.com/zchat-admin/zchat.admin/main/"


def test_structure() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == HEADINGS
    assert len(README.splitlines()) <= MAX_LINES


def test_every_link_is_absolute() -> None:
    """Galaxy and Automation Hub show the README without the repository. A link into it must lead to a file."""
    links = re.findall(r"\]\(([^)]*)\)", README)
    assert links
    for link in links:
        assert link.startswith("https://"), link
        path = re.sub(rf"^({RAW}|{REPOSITORY}(blob|tree)/main/)", "", link)
        assert path == link or (ROOT / path).exists(), link
    images = re.findall(r"!\[[^]]*\]\(([^)]*)\)", README)
    assert images
    assert all(image.startswith(RAW) for image in images)


def _from_noxfile(name: str) -> Any:
    for statement in ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return ast.literal_eval(statement.value)
    raise AssertionError(f"noxfile.py does not define {name}")


def test_tested_versions() -> None:
    """The table has the versions that `make matrix` runs, and so has the forge."""
    rows = dict(re.findall(r"^\| (ansible-core on Python \S+|Python of .*?) \| (.*) \|$", README, re.MULTILINE))
    managed = rows.pop("Python of the host that runs a module")
    assert managed.split(", ") == _from_noxfile("MANAGED_PYTHONS")
    documented = {version: row.split()[-1] for row, versions in rows.items() for version in versions.split(", ")}
    tested = {
        re.sub(r"^(\d+\.\d+)\.\d+(rc)?.*", lambda core: core[1] + " (release candidate)" * bool(core[2]), core): python
        for core, python in _from_noxfile("CORES").items()
    }
    assert documented == tested
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text("utf-8"))
    assert workflow["jobs"]["matrix"]["strategy"]["matrix"]["core"] == list(_from_noxfile("CORES"))


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("module", "plugins/modules/*.py"),
        ("role", "roles/*"),
        ("playbook", "playbooks/*.yml"),
        ("rulebook", "extensions/eda/rulebooks/*.yml"),
        ("event filter", "extensions/eda/plugins/event_filter/*.py"),
    ],
)
def test_content_is_listed(kind: str, pattern: str) -> None:
    section = README.partition("\n## Included content\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z ]+?)s? (`[\w`, ]+`) \|", section, re.MULTILINE)
    listed = {name for kinds, names in rows if kind in kinds.split(" and ") for name in re.findall(r"\w+", names)}
    assert listed == {path.stem for path in ROOT.glob(pattern)}
