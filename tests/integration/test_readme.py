# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""README.md: its structure, and every command, in order, as a user who has just cloned the repository runs them."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible_run import ROOT
from tests.integration.documentation import clone, shell_environment
from tests.integration.zendesk import Zendesk
from tests.sandbox import Sandbox, fake_secret

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

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = {
    "ansible-galaxy collection install zchat.admin\npython3 -m pip install 'requests>=2.22.0'\n": "requires a network",
}
"""Commands that this test does not run, each with the reason."""
_LEAKED_TOKEN = 1301


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
    """The table has the versions that `make matrix` runs."""
    rows = dict(re.findall(r"^\| (ansible-core on Python \S+|Python of .*?) \| (.*) \|$", README, re.MULTILINE))
    managed = rows.pop("Python of the host that runs a module")
    assert managed.split(", ") == _from_noxfile("MANAGED_PYTHONS")
    documented = {version: row.split()[-1] for row, versions in rows.items() for version in versions.split(", ")}
    tested = {
        re.sub(r"^(\d+\.\d+)\.\d+(rc)?.*", lambda core: core[1] + " (release candidate)" * bool(core[2]), core): python
        for core, python in _from_noxfile("CORES").items()
    }
    assert documented == tested


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


def test_every_command(tmp_path: Path, sandbox: Sandbox, zendesk: Zendesk) -> None:
    checkout = clone(tmp_path / "checkout")
    blocks = _BLOCK.findall(README)
    assert {kind for kind, _text in blocks} == {"yaml", "shell"}
    for kind, text in blocks:
        if kind == "yaml":
            name = re.match(r"# (\S+\.yml)\n", text)
            assert name, f"a file without a name:\n{text}"
            (checkout / name.group(1)).write_text(text, "utf-8")
    commands = [text for kind, text in blocks if kind == "shell"]
    assert set(commands) >= set(_NOT_RUN)
    leaked = fake_secret("access", _LEAKED_TOKEN)

    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(text for text in commands if text not in _NOT_RUN)],
        cwd=checkout,
        env=shell_environment(home, zendesk),
        input=f"acme\n{sandbox.access_token}\n{leaked}\n",
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=280,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    shown = [secret for secret in sandbox.state.secrets if secret in output]
    assert not shown, f"secrets were printed: {shown}"
    deleted = [entry["path"] for entry in sandbox.state.requests if entry["method"] == "DELETE"]
    assert deleted == [f"/api/v2/chat/oauth/tokens/{_LEAKED_TOKEN}"]
    assert set(zendesk.connects) == {"acme.zendesk.com:443"}
    assert "Value rejected by the API: True" in output
    assert list((checkout / "reports").glob("offboard-summary-*.html"))
    assert list((checkout / "reports").glob("review-acme.zendesk.com-*.csv"))
