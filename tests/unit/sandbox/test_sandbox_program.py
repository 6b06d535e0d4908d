# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of the sandbox, and the validation of seeds and options."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("flask", reason="the sandbox requires flask")
requests = pytest.importorskip("requests")

from tests.sandbox import InputError, Options, Sandbox, demo_seed, read_seed  # noqa: E402 - it requires flask, see above

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT = 10


def program(*arguments, name="tests.sandbox", cwd=ROOT):
    """Start ``python -m name``."""
    return subprocess.Popen(
        [sys.executable, "-m", name, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_a_signal(tmp_path, number):
    ready, seed, faults = tmp_path / "ready.json", tmp_path / "seed.json", tmp_path / "faults.json"
    seed.write_text(json.dumps(demo_seed()), encoding="utf-8")
    faults.write_text('[{"method": "DELETE", "status": 502}]', encoding="utf-8")
    with program("--ready-file", ready, "--seed", seed, "--faults", faults, "--requests-per-minute", 2) as process:
        try:
            greeting = [process.stdout.readline()]
            # The ready file exists before the greeting is printed.
            while greeting[-1] and not greeting[-1].startswith("Ctrl-C"):
                greeting.append(process.stdout.readline())
            facts = json.loads(ready.read_text(encoding="utf-8"))
            headers = {"Authorization": f"Bearer {facts['access_token']}"}
            # An open connection does not delay the exit.
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
    for key in ("api_url", "legacy_url", "access_token", "email", "password"):
        assert facts[key] in text
    assert f"export ZCHAT_API_URL={facts['api_url']}\n" in text
    assert "zchat.admin.zchat_oauth_token:" in text
    assert "ansible-playbook sandbox.yml --check --diff" in text


def test_options_of_the_response_format(tmp_path):
    ready = tmp_path / "ready.json"
    with program("--ready-file", ready, "--own-only", "--value-form", "beginning", "--email-case-sensitive") as process:
        try:
            assert process.stdout.readline().startswith("Mock server of the Zendesk Chat API: 21 tokens of 5 agents")
            facts = json.loads(ready.read_text(encoding="utf-8"))
            headers = {"Authorization": f"Bearer {facts['access_token']}"}
            tokens = requests.get(f"{facts['api_url']}/oauth/tokens", headers=headers, timeout=TIMEOUT).json()
            assert [token["id"] for token in tokens] == [1100, 1101, 1102]
            assert tokens[0]["access_token"] == facts["access_token"][:10]
            url = f"{facts['api_url']}/agents/email/{facts['email'].upper()}"
            assert requests.get(url, headers=headers, timeout=TIMEOUT).status_code == 404
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "host: must be an address in 127.0.0.0/8"),
        (["--seed", "/nonexistent"], "/nonexistent: cannot be read"),
        (["--rate-limit", "1", "--requests-per-minute", "1"], "mutually exclusive"),
    ],
)
def test_invalid_arguments_cause_an_error_message(arguments, message):
    with program(*arguments) as process:
        output, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, output) == (2, "")
    assert message in errors
    assert len(errors.splitlines()) == 1


def test_it_runs_as_part_of_the_collection(tmp_path):
    (tmp_path / "ansible_collections" / "zchat").mkdir(parents=True)
    (tmp_path / "ansible_collections" / "zchat" / "admin").symlink_to(ROOT)
    with program("--help", name="ansible_collections.zchat.admin.tests.sandbox", cwd=tmp_path) as process:
        output, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, errors) == (0, "")
    assert "--ready-file" in output


def test_a_port_in_use_is_an_error():
    with Sandbox() as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port}"):
            Sandbox(Options(port=port)).start()


def test_it_can_be_stopped_twice_and_has_no_url_afterwards():
    sandbox = Sandbox().start()
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(RuntimeError):
        str(sandbox.url)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "192.0.2.1", "localhost", ""])
def test_it_listens_only_on_the_loopback_interface(host):
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
        {"value_length": 8, "value_form": "hash"},
        {"value_form": "middle"},
        {"own_only": 1},
        {"email_case_sensitive": "yes"},
        {"agent_page_order": None},
        {"tokens": True},
    ],
)
def test_an_invalid_option_is_rejected_by_name(option):
    with pytest.raises(InputError, match=f"^{next(iter(option))}: "):
        Options(**option)


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ([], "seed: must be a JSON object"),
        ({"token": []}, "seed: unknown keys token; valid keys are access_token, agents, clients, credentials, tokens"),
        ({"tokens": {}}, "seed.tokens: must be a JSON list"),
        ({"tokens": [{}]}, "seed.tokens[0].id: must be an integer, 1 or more, not null or missing"),
        ({"tokens": [{"id": 1}, {"id": 1}]}, "seed.tokens[1].id: 1 is the id of an earlier token"),
        ({"tokens": [{"id": 1, "access_token": 5}]}, "seed.tokens[0].access_token: must be a string"),
        ({"tokens": [{"id": 1, "listed": 0}]}, "seed.tokens[0].listed: must be true or false"),
        ({"agents": [{"id": 1, "email": 5}]}, "seed.agents[0].email: must be a string"),
        ({"agents": [{"email": "a@example.com"}]}, "seed.agents[0].id: must be an integer"),
        ({"agents": [{"id": 1, "deleted": "yes"}]}, "seed.agents[0].deleted: must be true or false"),
        ({"agents": [{"id": 1, "deleted": True}, {"id": 1}]}, "two agents have the same id"),
        ({"clients": [5]}, "seed.clients[0]: must be a JSON object"),
        ({"agents": [{"id": 1, "email": "a@example.com"}] * 2}, "two agents have the same id"),
        (
            {"agents": [{"id": 1, "email": "a", "roles": {"administrator": "yes"}}]},
            "administrator: must be true or false",
        ),
        ({"credentials": [{"email": "a@example.com", "password": "x"}]}, "no agent has the address a@example.com"),
        ({"credentials": [{"user": "a"}]}, "seed.credentials[0]: unknown keys user"),
        ({"access_token": "x"}, "seed.access_token: no token has this value"),
    ],
)
def test_an_invalid_seed_is_rejected_with_the_field(tmp_path, seed, message):
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_seed(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_seed_that_is_not_json_is_rejected(tmp_path):
    path = tmp_path / "seed.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not JSON"):
        read_seed(path)


def test_an_empty_account_is_valid():
    with Sandbox(Options(seed={}, tokens=3)) as sandbox:
        assert (sandbox.access_token, sandbox.email, sandbox.password) == (None, None, None)
        assert [token["agent_id"] for token in sandbox.state.tokens.values()] == [1, 1, 1]
        assert requests.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).status_code == 401
