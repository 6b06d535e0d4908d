# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does what README.md says, in its order, as somebody who has just cloned the repository would."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.integration.documentation import clone, shell_environment
from tests.integration.zendesk import Zendesk
from tests.sandbox import LEAVER_ID, Sandbox

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MADE_BY_NOX = {"make demo\n", "make test\n"}
"""Blocks that ``make test`` plays as, or is, a part of its own."""
_LEAKED = 1301
"""The token whose value somebody has found in a log; not one of the leaver's."""


def test_every_command(tmp_path: Path, sandbox: Sandbox, zendesk: Zendesk) -> None:
    checkout = clone(tmp_path / "checkout")
    blocks = _BLOCK.findall((checkout / "README.md").read_text("utf-8"))
    assert {kind for kind, _text in blocks} == {"yaml", "shell"}
    for kind, text in blocks:
        if kind == "yaml":
            name = re.match(r"# (\S+\.yml)\n", text)
            assert name, f"a playbook without a name:\n{text}"
            (checkout / name.group(1)).write_text(text, "utf-8")
    commands = [text for kind, text in blocks if kind == "shell"]
    assert set(commands) >= _MADE_BY_NOX
    leaked = sandbox.state.tokens[_LEAKED]["refresh_token"]
    leaving = {number for number, token in sandbox.state.tokens.items() if token["agent_id"] == LEAVER_ID}
    assert leaving

    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(text for text in commands if text not in _MADE_BY_NOX)],
        cwd=checkout,
        env=shell_environment(home, zendesk),
        input=f"{sandbox.access_token}\n{leaked}\n",
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=280,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert sandbox.access_token not in output
    assert leaked not in output
    deleted = [int(entry["path"].rpartition("/")[2]) for entry in sandbox.state.requests if entry["method"] == "DELETE"]
    assert sorted(deleted) == sorted({*leaving, _LEAKED})
    assert set(zendesk.connects) == {"acme.zendesk.com:443"}
