# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network between the modules and the API: https at zendesk.com, proxies, certificates, and connections that fail."""

from __future__ import annotations

import socket
import ssl
import venv
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.integration.ansible_run import Player, chat_defaults, sandbox_variables
from tests.integration.zendesk import Zendesk
from tests.sandbox import Sandbox
from tests.unit.support.scripted_server import ScriptedServer, response

INFO, REVOKE = "zchat.admin.zchat_oauth_token_info", "zchat.admin.zchat_oauth_token"
TOKEN = "the-token-of-the-automation"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which no process listens, and which no other process can use during the test."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def _info(name: str, variables: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """Return a task that lists tokens, with environment ``variables``."""
    return {"name": name, INFO: options, "environment": variables or {}, "ignore_errors": True}


def test_zendesk(player: Player, sandbox: Sandbox, zendesk: Zendesk, tmp_path: Path) -> None:
    """`subdomain` selects https://acme.zendesk.com/api/v2/chat, through a proxy. No netrc file is used."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login netrc@example.com password of-the-n3trc\n", encoding="utf-8")
    subdomain: dict[str, Any] = {"subdomain": "Acme", "access_token": str(sandbox.access_token)}
    ca_path = str(zendesk.ca_path)
    old_url = "https://www.zopim.com/api/v2"
    tasks = [
        _info("variables", {"ZCHAT_SUBDOMAIN": "acme", "ZCHAT_CA_PATH": ca_path}, access_token=sandbox.access_token),
        _info("no check", {"REQUESTS_CA_BUNDLE": "/nowhere"}, **subdomain, validate_certs=False),
        _info("old", {"NETRC": str(netrc)}, api_url=old_url, access_token=sandbox.access_token, ca_path=ca_path),
        {"name": "revoke", REVOKE: {**subdomain, "ca_path": ca_path, "state": "absent", "id": 143}},
    ]
    run = player.play(tasks, environment=zendesk.environment, secrets=["of-the-n3trc"]).check()
    for name in ("variables", "no check", "old"):
        assert run[name].get("listed", {}).get("tokens") == 21, run.output
    assert [token["id"] for token in run["revoke"]["revoked"]] == [143]
    assert list(zendesk.connects) == ["acme.zendesk.com:443"] * 2 + ["www.zopim.com:443", "acme.zendesk.com:443"]
    chat = "/api/v2/chat/oauth/tokens"
    assert [(entry["method"], entry["path"], entry["authorization"]) for entry in sandbox.state.requests] == [
        *[("GET", chat, "bearer")] * 2,
        ("GET", "/api/v2/oauth/tokens", "bearer"),
        *[("GET", chat, "bearer"), ("DELETE", f"{chat}/143", "bearer"), ("GET", chat, "bearer")],
    ]


def test_no_connection(player: Player, sandbox: Sandbox, closed_port: int) -> None:
    """The message contains the cause, and the number of attempts if a retry can help."""
    sandbox.reset(faults=[{"stall": 20.0}])
    token: dict[str, Any] = {"access_token": sandbox.access_token}
    closed = f"http://127.0.0.1:{closed_port}"
    run = player.play(
        [
            _info("refused", api_url=f"{closed}/api/v2/chat", retries=1, **token),
            _info("no such host", api_url="https://zchat.invalid/api/v2/chat", retries=0, **token),
            _info("no such proxy", {"HTTPS_PROXY": closed}, subdomain="acme", retries=0, **token),
            # A proxy would receive the credentials in plain text. It is not used for http to this machine.
            _info("timed out", {"HTTP_PROXY": closed}, api_url=sandbox.api_url, timeout=1, retries=0, **token),
        ],
    ).check()
    expected = {
        "refused": "refused",
        "no such host": "could not be resolved",
        "no such proxy": "proxy",
        "timed out": "no data for 1 s ('timeout')",
    }
    for name, words in expected.items():
        assert run[name]["failed"], name
        assert run[name]["msg"].startswith("No response from http"), run[name]["msg"]
        assert words in run[name]["msg"]
        assert "status" not in run[name]
    assert "attempt 2 of 2" in run["refused"]["msg"]
    assert len(sandbox.state.requests) == 1


def test_requests_is_missing(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """If the library is missing, the message contains the path of the Python that lacks it."""
    environment = tmp_path / "bare"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    run = player.play(
        [{"name": "revoke", REVOKE: {"state": "absent", "ids": [38]}, "ignore_errors": True}],
        variables={**sandbox_variables(sandbox), "ansible_python_interpreter": str(python)},
        module_defaults=chat_defaults(),
    ).check()
    assert run["revoke"]["failed"]
    assert "Failed to import the required Python library (requests)" in run["revoke"]["msg"]
    assert str(python) in run["revoke"]["msg"]
    assert "No module named 'requests'" in run["revoke"]["msg"]
    assert sandbox.state.requests == []


def _server(authority: trustme.CA, *names: str, **options: Any) -> ScriptedServer:
    """Return an account without tokens at a TLS server with these ``names``, and a certificate of the ``authority``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **options).configure_cert(context)
    return ScriptedServer(response(200, []), wrap=lambda plain: context.wrap_socket(plain, server_side=True))


def _https(server: ScriptedServer) -> str:
    return server.url.replace("http://", "https://")


def test_certificates(player: Player, tmp_path: Path) -> None:
    """Without a valid certificate, nothing is sent. `ca_path` takes precedence over environment variables."""
    ours, theirs = trustme.CA(), trustme.CA()
    our_path, their_path = (str(tmp_path / name) for name in ("ours.pem", "theirs.pem"))
    ours.cert_pem.write_to_path(our_path)
    theirs.cert_pem.write_to_path(their_path)
    long_ago = datetime(2020, 1, 1, tzinfo=timezone.utc)
    token = {"access_token": TOKEN}
    with (
        _server(ours, "127.0.0.1") as good,
        _server(ours, "127.0.0.1", not_after=long_ago) as expired,
        _server(ours, "acme.zendesk.com") as other_host,
        ScriptedServer(response(200, []), wrap=_without_tls) as plain,
    ):
        ca_path = {"ca_path": our_path, **token}
        wrong_variables = {"REQUESTS_CA_BUNDLE": their_path, "CURL_CA_BUNDLE": their_path}
        run = player.play(
            [
                _info("another CA", wrong_variables, api_url=_https(good), retries=2, **token),
                _info("expired", api_url=_https(expired), **ca_path),
                _info("another host", api_url=_https(other_host), **ca_path),
                _info("no TLS", api_url=_https(plain), retries=0, **ca_path),
                _info("ca_path", wrong_variables, api_url=_https(good), **ca_path),
            ],
            secrets=[TOKEN],
        ).check()
        for name in ("another CA", "expired", "another host"):
            assert "certificate could not be verified, so nothing was sent" in run[name]["msg"], run[name]["msg"]
            assert "'ca_path'" in run[name]["msg"]
            assert "This was attempt" not in run[name]["msg"]
        assert "the TLS handshake failed" in run["no TLS"]["msg"]
        assert run["ca_path"].get("tokens") == [], run["ca_path"]["msg"]
        assert [bool(server.requests) for server in (good, expired, other_host)] == [True, False, False]


def _without_tls(plain: socket.socket) -> socket.socket:
    """Read the first message of TLS, and send a response without TLS."""
    plain.recv(65_536)
    plain.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    plain.close()
    raise OSError("part of the script")


def test_proxies(player: Player, tmp_path: Path) -> None:
    """A proxy that refuses causes a failure, gets no credentials of the API, and its own credentials are not printed."""
    authority = trustme.CA()
    ca_path = str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(ca_path)
    token = {"access_token": TOKEN, "retries": 0}
    refusal = response(407, "<html>Who are you?</html>", {"Proxy-Authenticate": "Basic"})
    with ScriptedServer(refusal) as proxy, _server(authority, "127.0.0.1") as direct:
        address = f"http://user:pr0xy-password@127.0.0.1:{proxy.port}"
        exception = {"HTTPS_PROXY": address, "NO_PROXY": "example.com,127.0.0.1"}
        tasks = [
            _info("refused", {"HTTPS_PROXY": address}, subdomain="acme", **token),
            _info("exception", exception, api_url=_https(direct), ca_path=ca_path, **token),
        ]
        run = player.play(tasks, secrets=[TOKEN, "pr0xy-password"]).check()
        assert "the proxy in HTTPS_PROXY could not be used" in run["refused"]["msg"]
        assert run["exception"].get("tokens") == [], run["exception"]["msg"]
        (request,) = proxy.requests
        assert request.startswith("CONNECT acme.zendesk.com:443 ")
        assert TOKEN not in request
        assert "Bearer" not in request
        assert direct.requests
