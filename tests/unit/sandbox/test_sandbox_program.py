# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox as a program, and what it says about seeds and options that are wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("flask", reason="the sandbox needs flask")
requests = pytest.importorskip("requests")

from tests.sandbox import InputError, Options, Sandbox, demo_seed, read_seed  # noqa: E402 - it needs flask, looked for above

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT = 10


def program(*arguments, name="tests.sandbox", cwd=ROOT):
    """Start the program."""
    return subprocess.Popen(
        [sys.executable, "-m", name, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(tmp_path, number):
    ready, seed, faults = tmp_path / "ready.json", tmp_path / "seed.json", tmp_path / "faults.json"
    seed.write_text(json.dumps(demo_seed()), encoding="utf-8")
    faults.write_text('[{"method": "DELETE", "status": 502}]', encoding="utf-8")
    with program("--ready-file", ready, "--seed", seed, "--faults", faults, "--requests-per-minute", 2) as process:
        try:
            greeting = [process.stdout.readline()]
            # The last line comes after the ready file.
            while greeting[-1] and not greeting[-1].startswith("Ctrl-C"):
                greeting.append(process.stdout.readline())
            facts = json.loads(ready.read_text(encoding="utf-8"))
            headers = {"Authorization": f"Bearer {facts['access_token']}"}
            # Connected when the signal comes: a kept connection does not keep the program.
            with requests.Session() as session:
                url = f"{facts['api_url']}/oauth/tokens"
                assert [session.get(url, headers=headers, timeout=TIMEOUT).status_code for attempt in range(3)] == [
                    200,
                    200,
                    429,
                ]
                assert session.delete(f"{url}/38", headers=headers, timeout=TIMEOUT).status_code == 502
                process.send_signal(number)
                rest, errors = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
    assert (process.returncode, rest, errors) == (0, "", "")
    assert facts["pid"] == process.pid
    assert not ready.exists()
    text = "".join(greeting)
    for known in ("api_url", "legacy_url", "access_token", "email", "password"):
        assert facts[known] in text
    assert f"export ZCHAT_API_URL={facts['api_url']}\n" in text
    assert "zchat.admin.zchat_oauth_token:" in text
    assert "ansible-playbook sandbox.yml --check --diff" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "0.0.0.0"], "listens only at 127.0.0.1"),
        (["--seed", "/nonexistent"], "/nonexistent: cannot be read"),
        (["--rate-limit", "1", "--requests-per-minute", "1"], "give either"),
    ],
)
def test_wrong_arguments_end_it_with_the_reason(arguments, told):
    with program(*arguments) as process:
        output, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, output) == (2, "")
    assert told in errors
    assert len(errors.splitlines()) == 1


def test_it_runs_from_the_collection_s_place_too(tmp_path):
    (tmp_path / "ansible_collections" / "zchat").mkdir(parents=True)
    (tmp_path / "ansible_collections" / "zchat" / "admin").symlink_to(ROOT)
    with program("--help", name="ansible_collections.zchat.admin.tests.sandbox", cwd=tmp_path) as process:
        output, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, errors) == (0, "")
    assert "--ready-file" in output


def test_a_port_that_is_taken_is_said_so():
    with Sandbox() as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        with pytest.raises(InputError, match=f"cannot listen at 127.0.0.1:{port}"):
            Sandbox(Options(port=port)).start()


def test_it_can_be_stopped_twice_and_has_no_address_then():
    sandbox = Sandbox().start()
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(RuntimeError):
        str(sandbox.url)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "192.0.2.1", "localhost", ""])
def test_only_loopback_is_listened_at(host):
    with pytest.raises(InputError, match=r"127\.0\.0\.1"):
        Options(host=host)


@pytest.mark.parametrize(
    "option",
    [
        {"port": 65536},
        {"latency": -1},
        {"latency": float("inf")},
        {"rate_limit": 0},
        {"rate_window": 0},
        {"list_cap": -1},
        {"value_length": 1.5},
        {"tokens": True},
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(option):
    with pytest.raises(InputError, match=f"^{next(iter(option))}: "):
        Options(**option)


@pytest.mark.parametrize(
    ("seed", "told"),
    [
        ([], "seed: must be a JSON object"),
        ({"token": []}, "seed: does not know token"),
        ({"tokens": {}}, "seed.tokens: must be a JSON list"),
        ({"tokens": [{}]}, "seed.tokens[0].id: must be a whole number, 1 or more, not null or nothing"),
        ({"tokens": [{"id": 1}, {"id": 1}]}, "seed.tokens[1].id: 1 is the id of an earlier token"),
        ({"tokens": [{"id": 1, "access_token": 5}]}, "seed.tokens[0].access_token: must be a string"),
        ({"agents": [{"id": 1}]}, "seed.agents[0].email: must be a string"),
        ({"agents": [{"id": 1, "email": "a@example.com"}] * 2}, "two agents have the same id"),
        (
            {"agents": [{"id": 1, "email": "a", "roles": {"administrator": "yes"}}]},
            "administrator: must be true or false",
        ),
        ({"credentials": [{"email": "a@example.com", "password": "x"}]}, "no agent has the address a@example.com"),
        ({"credentials": [{"user": "a"}]}, "seed.credentials[0]: does not know user"),
        ({"access_token": "x"}, "seed.access_token: none of the tokens has this value"),
    ],
)
def test_a_wrong_seed_is_refused_with_its_place(tmp_path, seed, told):
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_seed(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert told in str(caught.value)


def test_a_seed_that_is_no_json_is_refused(tmp_path):
    path = tmp_path / "seed.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not JSON"):
        read_seed(path)


def test_an_empty_account_is_an_account():
    with Sandbox(Options(seed={}, tokens=3)) as sandbox:
        assert (sandbox.access_token, sandbox.email, sandbox.password) == (None, None, None)
        assert [token["agent_id"] for token in sandbox.state.tokens.values()] == [1, 1, 1]
        assert requests.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).status_code == 401
