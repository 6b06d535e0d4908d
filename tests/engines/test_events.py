# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks under real ansible-rulebook, with events of identity providers and hostile events."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
import requests

from tests.engines.engines import agents_left
from tests.sandbox import COLLEAGUE_ID, DELETED_ID, LEAVER_EMAIL, UNKNOWN_ID, Sandbox

pytestmark = [
    pytest.mark.skipif(not shutil.which("java"), reason="ansible-rulebook needs Java, and there is none"),
    pytest.mark.timeout(600),
]

TOKEN_VARIABLE = "offboard_webhook_token"
TOKEN = "a-webhook-token-of-the-test"
_LONGEST = 90
"""Seconds to wait for a line, or for a response."""

# The file {touched} must never be created.
_EVIL = "{{{{ lookup('ansible.builtin.pipe', 'touch {touched}') }}}}"
IGNORED: list[Any] = [
    {"event": "user.created", "email": LEAVER_EMAIL},
    {"event": ["user.offboarded"], "email": LEAVER_EMAIL},
    {"event": "user.offboarded"},
    {"event": "user.offboarded", "email": [LEAVER_EMAIL]},
    {"event": "user.offboarded", "email": f"{LEAVER_EMAIL}\noffboard_own_token: revoke"},
    {"event": "user.offboarded", "email": f"jonas@{_EVIL}"},
    {"event": _EVIL, "email": LEAVER_EMAIL},
    [LEAVER_EMAIL],
    "user.offboarded",
]
"""Events of each kind that may do nothing. Unit tests of the event filter have all of them."""
LAST = "nobody@example.com"
OKTA = {
    "eventType": "com.okta.event_hook",
    "data": {
        "events": [
            {"eventType": "user.lifecycle.deactivate", "target": [{"type": "User", "alternateId": LEAVER_EMAIL}]},
            {"eventType": "user.lifecycle.suspend", "target": [{"type": "User", "alternateId": LEAVER_EMAIL}]},
        ]
    },
}
TOKEN_REVOCATION = {"sub_id": {"format": "email", "email": LEAVER_EMAIL}}
# A valid event, with content that must be ignored.
HOSTILE = {
    "event": "user.offboarded",
    "email": LEAVER_EMAIL,
    "offboard_own_token": "revoke",
    "offboard_agent_ids": [10000026],
    "extra_vars": {"offboard_agent_ids": [10000026]},
    "meta": {"hosts": ["somewhere"], "limit": "somewhere"},
    "hosts": "somewhere",
    "note": _EVIL,
    _EVIL: _EVIL,
}


class Rulebook:
    """ansible-rulebook with a rulebook of the collection: its output, line by line, and a way to send events."""

    def __init__(
        self, name: str, folder: Path, environment: Mapping[str, str], *arguments: str, **variables: Any
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = int(listener.getsockname()[1])
        (folder / "hosts.yml").write_text("all:\n  hosts:\n    localhost:\n      ansible_connection: local\n", "utf-8")
        variables["offboard_webhook_port"] = self._port
        (folder / "variables.yml").write_text(json.dumps(variables), "utf-8")
        self.process = subprocess.Popen(
            [
                str(Path(sys.executable).parent / "ansible-rulebook"),
                *("--rulebook", name, "--inventory", "hosts.yml", "--vars", "variables.yml"),
                *("--verbose", *arguments),
            ],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        self._lines: Queue[str] = Queue()
        self.output = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            self._lines.put(line)
        self._lines.put("")

    def wait_for(self, text: str) -> str:
        """Return the next line that contains ``text``."""
        while True:
            try:
                line = self._lines.get(timeout=_LONGEST)
            except Empty:
                line = ""
            assert line, f"no {text!r} in\n{self.output}"
            if text in line:
                return line

    def send(self, event: Any, token: str | None = TOKEN) -> int:
        """Send an event, and return the HTTP status."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{self._port}/endpoint"
        return requests.post(url, json=event, headers=headers, timeout=_LONGEST).status_code


@contextlib.contextmanager
def rulebook(name: str, folder: Path, environment: Mapping[str, str], *arguments: str) -> Iterator[Rulebook]:
    """Run ansible-rulebook; yield when it listens."""
    environment = {**environment, TOKEN_VARIABLE: TOKEN}
    running = Rulebook(name, folder, environment, "--env-vars", TOKEN_VARIABLE, *arguments)
    try:
        running.wait_for("Waiting for events")
        yield running
    finally:
        running.process.terminate()
        running.process.wait()


def _filled_in(value: Any, touched: Path) -> Any:
    """Return the event with the name of the file that must never be created."""
    return json.loads(json.dumps(value).replace("{touched}", str(touched)).replace("{{{{", "{{").replace("}}}}", "}}"))


def test_playbook(sandbox: Sandbox, environment: dict[str, str], tmp_path: Path) -> None:
    """Each valid event revokes, a repetition changes nothing, and all other events are ignored."""
    touched = tmp_path / "touched"
    with rulebook("zchat.admin.offboard", tmp_path, environment) as running:
        good = {"event": "user.offboarded", "email": LEAVER_EMAIL}
        assert [running.send(good, token) for token in (None, "", "wrong", f"{TOKEN}x")] == [401] * 4
        for event in IGNORED:
            assert running.send(_filled_in(event, touched)) == 200
        assert running.send(_filled_in(HOSTILE, touched)) == 200
        assert "failed=0" in running.wait_for("localhost ")
        lookups = {entry["path"] for entry in sandbox.state.requests if "/agents/" in entry["path"]}
        assert lookups == {f"/api/v2/chat/agents/email/{LEAVER_EMAIL.replace('@', '%40')}"}
        left = {10000001, COLLEAGUE_ID, DELETED_ID, UNKNOWN_ID}
        assert agents_left(sandbox) == left
        # Events are processed in order: after the last one, all others are done.
        for event in (OKTA, TOKEN_REVOCATION, {**good, "email": LAST}):
            assert running.send(event) == 200
            recap = running.wait_for("localhost ")
            assert "changed=0" in recap
            assert "failed=0" in recap
        assert len([entry for entry in sandbox.state.requests if entry["path"].endswith(LAST.replace("@", "%40"))]) == 1
        assert agents_left(sandbox) == left
    assert not touched.exists()
    output = running.output
    assert output.count("PLAY RECAP") == 4, "an event was not ignored"
    assert output.count("offboard_event: ignored") == len(IGNORED), "the reason for an ignored event is not logged"
    assert not [secret for secret in (TOKEN, *sandbox.state.secrets) if secret in output]


class _Controller(BaseHTTPRequestHandler):
    """The part of Automation Controller's API that launches a job template."""

    server: _ControllerServer

    def do_GET(self) -> None:
        asked = ("ask_limit_on_launch", "ask_labels_on_launch", "ask_inventory_on_launch", "ask_variables_on_launch")
        template = {
            "id": 7,
            "type": "job_template",
            "name": "Offboard from Zendesk Chat",
            "summary_fields": {"organization": {"name": "Default"}},
            "related": {"launch": "/api/v2/job_templates/7/launch/"},
            **dict.fromkeys(asked, True),
        }
        job = {"id": 9, "type": "job", "url": "/api/v2/jobs/9/", "status": "successful", "artifacts": {}}
        results = [template if "template" in self.path else job]
        self._respond({"results": results, "next": None, "count": 1, "version": "4.5.0", **job})

    def do_POST(self) -> None:
        self.server.launched.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._respond({"id": 9, "url": "/api/v2/jobs/9/"})

    def _respond(self, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


class _ControllerServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Controller)
        self.launched: Queue[dict[str, Any]] = Queue()
        url = f"http://127.0.0.1:{self.server_address[1]}"
        self.arguments = ("--controller-url", url, "--controller-token", "t")


@pytest.fixture
def controller() -> Iterator[_ControllerServer]:
    server = _ControllerServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


_WITHOUT_TOKEN = {
    "missing": {},
    "null": {TOKEN_VARIABLE: None},
    "empty": {TOKEN_VARIABLE: ""},
    "blank": {TOKEN_VARIABLE: " \n"},
}


@pytest.mark.parametrize("name", ["zchat.admin.offboard", "zchat.admin.offboard_job_template"])
@pytest.mark.parametrize("variables", _WITHOUT_TOKEN.values(), ids=_WITHOUT_TOKEN)
def test_without_a_token_it_does_not_start(
    name: str,
    variables: dict[str, Any],
    controller: _ControllerServer,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """The message names the variable. A webhook with such a token would answer each request with HTTP 500."""
    running = Rulebook(name, tmp_path, environment, *controller.arguments, **variables)
    try:
        running.wait_for(TOKEN_VARIABLE)
        assert running.process.wait(_LONGEST) != 0
    finally:
        running.process.kill()


def test_without_the_environment_variable_it_does_not_start(environment: dict[str, str], tmp_path: Path) -> None:
    running = Rulebook("zchat.admin.offboard", tmp_path, environment, "--env-vars", TOKEN_VARIABLE)
    assert running.process.wait(_LONGEST) != 0
    running.wait_for(TOKEN_VARIABLE)


@pytest.mark.parametrize("token", [1234567890, "1234567890", "None", "it's\"<&>{{x}}\\n"])
def test_a_token_is_text(token: Any, environment: dict[str, str], tmp_path: Path) -> None:
    """A token that looks like a number or another literal is compared as it is."""
    running = Rulebook("zchat.admin.offboard", tmp_path, environment, offboard_webhook_token=token)
    try:
        running.wait_for("Waiting for events")
        assert [running.send({}, str(each)) for each in (token, "other")] == [200, 401]
    finally:
        running.process.terminate()
        running.process.wait()


def test_job_template(controller: _ControllerServer, environment: dict[str, str], tmp_path: Path) -> None:
    """The template is launched with the address, and with no other content of the event."""
    touched = tmp_path / "touched"
    environment = {**environment, "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.1"}
    with rulebook("zchat.admin.offboard_job_template", tmp_path, environment, *controller.arguments) as running:
        for event in IGNORED:
            assert running.send(_filled_in(event, touched)) == 200
        assert running.send(_filled_in(HOSTILE, touched)) == 200
        assert running.send({"event": "user.offboarded", "email": "o'neil+chat@example.com"}) == 200
        launched = [controller.launched.get(timeout=_LONGEST) for _each in range(2)]
    assert controller.launched.empty()
    variables = [launch.get("extra_vars") for launch in launched]
    assert variables == [
        {"offboard_agent_emails": [LEAVER_EMAIL]},
        {"offboard_agent_emails": ["o'neil+chat@example.com"]},
    ]
    assert {launch["limit"] for launch in launched} == {"localhost"}
    assert not touched.exists()
    assert TOKEN not in running.output
