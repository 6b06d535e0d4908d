# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command of README.md, in order, as a user who has just cloned the repository runs them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.integration.ansible_run import ROOT
from tests.integration.documentation import clone, shell_environment
from tests.integration.zendesk import Zendesk
from tests.sandbox import Sandbox, fake_secret

README = (ROOT / "README.md").read_text("utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = {
    "ansible-galaxy collection install zchat.admin\npipx inject ansible-core requests\n": "requires a network",
    "git clone https://github.com/zchat-admin/zchat.admin.git && cd zchat.admin && make demo\n": "requires a network",
}
"""Commands that this test does not run, each with the reason."""
_INSTALLATION = "ansible-galaxy collection install --force ."
"""In the text, because only a user with a checkout runs it."""
_LEAKED_TOKEN = 1301


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
    assert f"`{_INSTALLATION}`" in README
    leaked = fake_secret("access", _LEAKED_TOKEN)

    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [
            *("bash", "-euo", "pipefail", "-c"),
            "".join([f"{_INSTALLATION}\n", *(text for text in commands if text not in _NOT_RUN)]),
        ],
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
    assert "1 API client would be deleted, and 2 tokens would be revoked." in output
    assert list((checkout / "reports").glob("offboard-summary-*.html"))
    assert list((checkout / "reports").glob("review-acme.zendesk.com-*.csv"))
