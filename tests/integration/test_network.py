# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and proxies over real sockets, and a Python without the library. Unit tests show each failure in detail."""

from __future__ import annotations

import sys
import venv
from pathlib import Path
from typing import Any

import trustme

from tests.integration.ansible_run import Player
from tests.integration.zendesk import Zendesk
from tests.sandbox import Sandbox
from tests.unit.support.scripted_server import ScriptedServer, response

INFO, REVOKE = "zchat.admin.zchat_oauth_token_info", "zchat.admin.zchat_oauth_token"
PROXY_PASSWORD = "pr0xy-password"


def test_certificates_and_proxies(player: Player, sandbox: Sandbox, zendesk: Zendesk, tmp_path: Path) -> None:
    """`subdomain` selects https://acme.zendesk.com/api/v2/chat, through a proxy of the environment variables.

    Without a valid certificate, nothing is sent. `ca_path` takes precedence over environment variables. A proxy that refuses gets
    no credentials. No netrc file is used.
    """
    ca_path = str(zendesk.ca_path)
    wrong_ca = {"REQUESTS_CA_BUNDLE": str(tmp_path / "other.pem")}
    trustme.CA().cert_pem.write_to_path(wrong_ca["REQUESTS_CA_BUNDLE"])
    acme = {"subdomain": "Acme", "access_token": str(sandbox.access_token), "retries": 0}
    old = {**acme, "subdomain": "{{ omit }}", "api_url": "https://www.zopim.com/api/v2", "ca_path": ca_path}
    with ScriptedServer(response(407, "Who are you?", {"Proxy-Authenticate": "Basic"})) as refusing:
        address = f"http://user:{PROXY_PASSWORD}@127.0.0.1:{refusing.port}"
        cases: dict[str, tuple[dict[str, Any], dict[str, str], str | None]] = {
            "variables": ({"access_token": sandbox.access_token}, {"ZCHAT_SUBDOMAIN": "acme", "ZCHAT_CA_PATH": ca_path}, None),
            "ca_path": ({**acme, "ca_path": ca_path}, wrong_ca, None),
            "no check": ({**acme, "validate_certs": False}, {"REQUESTS_CA_BUNDLE": "/nowhere"}, None),
            "old base URL": (old, {"NETRC": str(tmp_path / "netrc")}, None),
            "another CA": (acme, wrong_ca, "certificate could not be verified, so nothing was sent"),
            "refused": (acme, {"HTTPS_PROXY": address}, "the proxy in HTTPS_PROXY could not be used"),
            # A proxy would receive the credentials in plain text. It is not used for http to this machine.
            "loopback": ({**acme, "subdomain": "{{ omit }}", "api_url": sandbox.api_url}, {"HTTP_PROXY": address}, None),
        }  # fmt: skip
        (tmp_path / "netrc").write_text("default login netrc@example.com password of-the-n3trc\n", encoding="utf-8")
        run = player.play(
            [
                {"name": name, INFO: options, "environment": variables, "ignore_errors": True}
                for name, (options, variables, _text) in cases.items()
            ],
            environment=zendesk.environment,
            secrets=[PROXY_PASSWORD, "of-the-n3trc"],
        ).check()
        for name, (_options, _variables, text) in cases.items():
            assert (text or "") in run[name].get("msg", ""), run[name]["msg"]
            assert run[name]["failed"] is bool(text), (name, run[name])
        (request,) = refusing.requests
        assert request.startswith("CONNECT acme.zendesk.com:443 ")
        assert "Bearer" not in request
    assert [(entry["path"], entry["authorization"]) for entry in sandbox.state.requests] == [
        *[("/api/v2/chat/oauth/tokens", "bearer")] * 3,
        ("/api/v2/oauth/tokens", "bearer"),
        ("/api/v2/chat/oauth/tokens", "bearer"),
    ]
    assert set(zendesk.connects) == {"acme.zendesk.com:443", "www.zopim.com:443"}


def test_requests_is_missing_or_broken(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """The message contains the path of the Python that lacks the library. Nothing is sent."""
    environment = tmp_path / "bare"
    venv.create(environment, with_pip=False, symlinks=True)
    python = str(environment / "bin" / "python")
    (tmp_path / "broken" / "requests").mkdir(parents=True)
    (tmp_path / "broken" / "requests" / "__init__.py").write_text("raise AttributeError('no such attribute')", "utf-8")
    task = {"name": "revoke", REVOKE: {"state": "absent", "ids": [38]}}
    missing = player.play([task], sandbox, {"ansible_python_interpreter": python})["revoke"]["msg"]
    # The controller cannot import the library either, and still loads the action of the module.
    broken = player.play([task], sandbox, environment={"PYTHONPATH": str(tmp_path / "broken")})["revoke"]["msg"]
    for msg, path, reason in ((missing, python, "No module named"), (broken, sys.executable, "no such attribute")):
        for part in ("Failed to import the required Python library (requests)", path, reason, "delegate_to: localhost"):
            assert part in msg
    assert sandbox.state.requests == []


def test_a_python_that_cannot_run_modules(player: Player, sandbox: Sandbox) -> None:
    """Each module that runs on the host has advice instead of an exit code."""
    options: dict[str, dict[str, Any]] = {
        REVOKE: {"state": "absent", "ids": [38]},
        INFO: {},
        "zchat.admin.zchat_agent_info": {},
        "zchat.admin.zchat_connection_info": {},
        "zchat.admin.zchat_oauth_client": {"state": "absent", "ids": [9205]},
        "zchat.admin.zchat_oauth_client_info": {},
    }
    tasks = [{"name": name, name: given, "ignore_errors": True} for name, given in options.items()]
    run = player.play(tasks, sandbox, {"ansible_python_interpreter": "/nowhere/python3"})
    for name in options:
        assert "The Python on the host of this task was not found" in run[name]["msg"], name
        assert "delegate_to: localhost" in run[name]["msg"]
    assert sandbox.state.requests == []
