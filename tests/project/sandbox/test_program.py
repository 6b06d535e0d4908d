# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program ``python -m tests.sandbox``."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.sandbox import demo_seed

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT = 30


def program(*arguments):
    command = [sys.executable, "-m", "tests.sandbox", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_a_signal(tmp_path, number):
    """It prints what a user pastes. The ready file exists as long as it runs. An open connection does not delay the exit."""
    ready, seed, faults = tmp_path / "ready.json", tmp_path / "seed.json", tmp_path / "faults.json"
    seed.write_text(json.dumps({**demo_seed(), "clients": []}), encoding="utf-8")
    faults.write_text('[{"method": "DELETE", "status": 502}]', encoding="utf-8")
    files = [f"--ready-file={ready}", f"--seed={seed}", f"--faults={faults}"]
    with program(*files, "--rate-limit=3", "--own-only") as process, requests.Session() as session:
        try:
            lines = list(itertools.takewhile(lambda line: not line.startswith("Ctrl-C"), process.stdout))
            facts = json.loads(ready.read_text(encoding="utf-8"))
            session.headers["Authorization"] = f"Bearer {facts['access_token']}"
            tokens = f"{facts['api_url']}/oauth/tokens"
            listed = [session.get(tokens, timeout=TIMEOUT) for _request in range(4)]
            assert [response.status_code for response in listed] == [200, 200, 200, 429]
            assert [token["id"] for token in listed[0].json()] == [1100, 1101, 1102]
            assert session.get(f"{facts['api_url']}/oauth/clients", timeout=TIMEOUT).json() == []
            assert session.delete(f"{tokens}/38", timeout=TIMEOUT).status_code == 502
            process.send_signal(number)
            rest, errors = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
    assert (process.returncode, rest, errors) == (0, "", "")
    assert facts["pid"] == process.pid
    assert not ready.exists()
    assert lines[0].startswith("Mock server of the Zendesk Chat API: 21 tokens of 5 agents")
    shown = [facts[key] or "-" for key in ("api_url", "legacy_url", "access_token", "client_id", "email", "password")]
    for text in [*shown, f"export ZCHAT_API_URL={facts['api_url']}\n", "ansible-playbook sandbox.yml --check --diff"]:
        assert text in "".join(lines)


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("--seed", "{", "is not JSON"),
        ("--seed", '{"tokens": [{}]}', "seed.tokens[0].id: must be an integer"),
        ("--faults", '[{"drop": "now"}]', "faults[0].drop: must be one of before, after"),
    ],
)
def test_an_invalid_file_is_rejected_with_one_line(tmp_path, option, content, message):
    path = tmp_path / "file.json"
    path.write_text(content, encoding="utf-8")
    with program(option, path) as process:
        output, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, output) == (2, "")
    assert message in errors
    assert len(errors.splitlines()) == 1
