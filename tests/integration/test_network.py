# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to the API: https at zendesk.com through a proxy, certificates, and networks that are not there."""

from __future__ import annotations

import socket
import ssl
import sys
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
from tests.unit.support.scripted_server import ScriptedServer, answer

INFO = "zchat.admin.zchat_oauth_token_info"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens at, and nobody else can take meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def _info(name: str, variables: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """A task that lists, and may fail, with ``variables`` in its environment."""
    return {"name": name, INFO: options, "environment": variables or {}, "ignore_errors": True}


def test_zendesk(player: Player, sandbox: Sandbox, zendesk: Zendesk) -> None:
    """`subdomain` leads to https://acme.zendesk.com/api/v2/chat, through a proxy, by a certificate that is trusted."""
    subdomain: dict[str, Any] = {"subdomain": "Acme", "access_token": str(sandbox.access_token)}
    ca_path = str(zendesk.ca_path)
    run = player.play(
        [
            _info("ca_path", **subdomain, ca_path=ca_path),
            _info(
                "variables", {"ZCHAT_SUBDOMAIN": "acme", "ZCHAT_CA_PATH": ca_path}, access_token=sandbox.access_token
            ),
            _info("no check", {"REQUESTS_CA_BUNDLE": "/nowhere"}, **subdomain, validate_certs=False),
            _info(
                "old host", api_url="https://www.zopim.com/api/v2", access_token=sandbox.access_token, ca_path=ca_path
            ),
            {
                "name": "revoke",
                "zchat.admin.zchat_oauth_token": {**subdomain, "ca_path": ca_path, "state": "absent", "id": 143},
            },
        ],
        environment=zendesk.environment,
    ).check()
    for name in ("ca_path", "variables", "no check", "old host"):
        assert run[name].get("listed") == {"tokens": 18, "agents": 3}, run.output
    assert [token["id"] for token in run["revoke"]["revoked"]] == [143]
    assert list(zendesk.connects) == ["acme.zendesk.com:443"] * 3 + ["www.zopim.com:443", "acme.zendesk.com:443"]
    chat = "/api/v2/chat/oauth/tokens"
    seen = [(entry["method"], entry["path"]) for entry in sandbox.state.requests]
    assert seen == [
        *[("GET", chat)] * 3,
        ("GET", "/api/v2/oauth/tokens"),
        *[("GET", chat), ("DELETE", f"{chat}/143"), ("GET", chat)],
    ]


def test_zendesk_is_not_trusted(player: Player, sandbox: Sandbox, zendesk: Zendesk) -> None:
    """Nothing is sent where the certificate cannot be verified, or where the Support API would be met."""
    token: dict[str, Any] = {"access_token": sandbox.access_token}
    support = "https://acme.zendesk.com/api/v2"
    run = player.play(
        [
            _info("untrusted", subdomain="acme", **token),
            _info("support", api_url=support, **token, validate_certs=False),
            _info("no bundle", {"REQUESTS_CA_BUNDLE": "/nowhere"}, subdomain="acme", **token),
        ],
        environment=zendesk.environment,
    ).check()
    assert run["untrusted"]["failed"]
    assert "certificate could not be verified" in run["untrusted"]["msg"]
    assert "'ca_path'" in run["untrusted"]["msg"]
    assert "Traceback" not in run.output
    assert run["support"]["failed"]
    assert f"{support}/chat" in run["support"]["msg"]
    assert "There is no file or directory /nowhere, which REQUESTS_CA_BUNDLE" in run["no bundle"]["msg"]
    # One try for the certificate, which no retry would mend; none for the Support API.
    assert list(zendesk.connects) == ["acme.zendesk.com:443"]
    assert sandbox.state.requests == []


def test_no_network(player: Player, sandbox: Sandbox, closed_port: int) -> None:
    """Each way in which no answer comes is said as such, after as many tries as were asked for."""
    sandbox.reset(faults=[{"stall": 20.0}])
    token: dict[str, Any] = {"access_token": sandbox.access_token}
    closed = f"http://127.0.0.1:{closed_port}"
    run = player.play(
        [
            _info("refused", api_url=f"{closed}/api/v2/chat", retries=1, **token),
            _info("no such host", api_url="https://zchat.invalid/api/v2/chat", retries=0, **token),
            _info("no such proxy", {"HTTPS_PROXY": closed}, subdomain="acme", retries=0, **token),
            _info("timed out", api_url=sandbox.api_url, timeout=1, retries=1, **token),
            # A proxy would see the credentials: plain http to this machine goes without.
            _info(
                "not through a proxy", {"HTTP_PROXY": closed}, api_url=sandbox.api_url, timeout=1, retries=0, **token
            ),
        ],
    ).check()
    expected = {
        "refused": "refused",
        "no such host": "could not be resolved",
        "no such proxy": "proxy",
        "timed out": "no data for 1 s ('timeout')",
        "not through a proxy": "no data for 1 s ('timeout')",
    }
    for name, words in expected.items():
        assert run[name]["failed"], name
        assert run[name]["msg"].startswith("No answer from http"), run[name]["msg"]
        assert words in run[name]["msg"]
        assert "status" not in run[name]
    assert "try 2 of 2" in run["refused"]["msg"]
    assert "try 2 of 2" in run["timed out"]["msg"]
    assert "Traceback" not in run.output
    assert len(sandbox.state.requests) == 3


def test_requests_is_missing(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """Without its library a module says which Python lacks it."""
    environment = tmp_path / "bare"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    run = player.play(
        [
            _info("list"),
            {
                "name": "revoke",
                "zchat.admin.zchat_oauth_token": {"state": "absent", "ids": [38]},
                "ignore_errors": True,
            },
        ],
        variables={**sandbox_variables(sandbox), "ansible_python_interpreter": str(python)},
        module_defaults=chat_defaults(),
    ).check()
    for name in ("list", "revoke"):
        assert run[name]["failed"]
        assert "Failed to import the required Python library (requests)" in run[name]["msg"]
        assert str(python) in run[name]["msg"], f"{run[name]['msg']} {sys.executable}"
        assert run[name]["msg"].endswith(". The import says: No module named 'requests'")
    assert sandbox.state.requests == []


def _server(authority: trustme.CA, *names: str, script: bytes, **options: Any) -> ScriptedServer:
    """A server that speaks TLS as ``names``, with a certificate of the ``authority``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **options).configure_cert(context)
    return ScriptedServer(script, wrap=lambda plain: context.wrap_socket(plain, server_side=True))


def _https(server: ScriptedServer) -> str:
    return server.url.replace("http://", "https://")


def test_certificates(player: Player, tmp_path: Path) -> None:
    """What does not verify is sent nothing and not tried again; what the task says beats what the environment says."""
    ours, theirs = trustme.CA(), trustme.CA()
    our_path, their_path, no_path = (str(tmp_path / name) for name in ("ours.pem", "theirs.pem", "none.pem"))
    ours.cert_pem.write_to_path(our_path)
    theirs.cert_pem.write_to_path(their_path)
    Path(no_path).write_text("This is no certificate.\n", encoding="utf-8")
    long_ago = datetime(2020, 1, 1, tzinfo=timezone.utc)
    token = {"access_token": "the-token-of-the-automation"}
    with (
        _server(ours, "127.0.0.1", script=answer(200, [])) as good,
        _server(ours, "127.0.0.1", script=answer(200, []), not_after=long_ago) as expired,
        _server(ours, "acme.zendesk.com", script=answer(200, [])) as other_host,
        ScriptedServer(answer(200, []), wrap=_speak_plainly) as plain,
        ScriptedServer(answer(200, []), wrap=_hang_up) as hangs_up,
    ):
        ca_path = {"ca_path": our_path, **token}
        env = {"REQUESTS_CA_BUNDLE": our_path}
        wrong_env = {"REQUESTS_CA_BUNDLE": their_path, "CURL_CA_BUNDLE": their_path}
        run = player.play(
            [
                _info("nobody trusts it", api_url=_https(good), retries=2, **token),
                _info("another CA", api_url=_https(good), **{**ca_path, "ca_path": their_path}),
                _info("expired", api_url=_https(expired), **ca_path),
                _info("another host", api_url=_https(other_host), **ca_path),
                _info("no PEM", api_url=_https(good), retries=0, **{**ca_path, "ca_path": no_path}),
                _info("no TLS", api_url=_https(plain), retries=0, **ca_path),
                _info("hangs up", api_url=_https(hangs_up), retries=0, **ca_path),
                _info("ca_path", wrong_env, api_url=_https(good), **ca_path),
                _info("bundle", env, api_url=_https(good), **token),
                _info("unchecked", wrong_env, api_url=_https(expired), validate_certs=False, **token),
            ],
            secrets=["the-token-of-the-automation"],
        ).check()
        refused = "its TLS certificate could not be verified, so nothing was sent"
        for name in ("nobody trusts it", "another CA", "expired", "another host"):
            assert refused in run[name]["msg"], run[name]["msg"]
            assert "'ca_path'" in run[name]["msg"]
            assert "That was try" not in run[name]["msg"]
        for name in ("no PEM", "no TLS", "hangs up"):
            assert run[name]["msg"].startswith("No answer from https://"), run[name]["msg"]
        assert "ca_path" in run["no PEM"]["msg"]
        assert "no TLS connection came about" in run["no TLS"]["msg"]
        for name in ("ca_path", "bundle", "unchecked"):
            assert run[name].get("tokens") == [], run[name]["msg"]
        requests = [len(server.requests) for server in (good, expired, other_host, hangs_up)]
        assert requests == [2, 1, 0, 0]


def _hang_up(plain: socket.socket) -> socket.socket:
    """Read the beginning of TLS, and close."""
    plain.recv(65_536)
    plain.close()
    raise OSError("as the script says")


def _speak_plainly(plain: socket.socket) -> socket.socket:
    """Read the beginning of TLS, and answer without."""
    plain.recv(65_536)
    plain.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    plain.close()
    raise OSError("as the script says")


def test_proxies(player: Player, tmp_path: Path) -> None:
    """A proxy that refuses is said to; it never sees the credentials, and its own are not shown; exceptions are kept to."""
    authority = trustme.CA()
    ca_path = str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(ca_path)
    token = {"access_token": "the-token-of-the-automation", "retries": 0}
    with (
        ScriptedServer(answer(407, "<html>Who are you?</html>", {"Proxy-Authenticate": "Basic"})) as asks,
        ScriptedServer(answer(502, "Bad gateway")) as broken,
        _server(authority, "127.0.0.1", script=answer(200, [])) as direct,
    ):
        address = f"http://someone:pr0xy-password@127.0.0.1:{asks.port}"
        tasks = [
            _info("asks", {"HTTPS_PROXY": address}, subdomain="acme", **token),
            _info("broken", {"https_proxy": f"http://127.0.0.1:{broken.port}"}, subdomain="acme", **token),
            _info("no address", {"ALL_PROXY": "http://"}, subdomain="acme", **token),
            _info(
                "exception",
                {"HTTPS_PROXY": address, "NO_PROXY": "example.com,127.0.0.1"},
                api_url=_https(direct),
                ca_path=ca_path,
                **token,
            ),
        ]
        run = player.play(tasks, secrets=["the-token-of-the-automation", "pr0xy-password"]).check()
        for name in ("asks", "broken"):
            assert "the proxy that the environment names (HTTPS_PROXY) gave no way through" in run[name]["msg"]
        assert run["no address"]["failed"]
        assert run["exception"].get("tokens") == [], run["exception"]["msg"]
        for proxy in (asks, broken):
            (request,) = proxy.requests
            assert request.startswith("CONNECT acme.zendesk.com:443 ")
            assert "the-token" not in request
            assert "Bearer" not in request
        assert len(direct.requests) == 1


def test_netrc_is_never_used(player: Player, sandbox: Sandbox, tmp_path: Path) -> None:
    """Neither the file in the home folder, which every play here has, nor the one that NETRC names."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone@example.com password of-the-n3trc\n", encoding="utf-8")
    run = player.play(
        [_info("home"), _info("named", {"NETRC": str(netrc)})],
        variables=sandbox_variables(sandbox),
        module_defaults=chat_defaults(),
        secrets=["of-the-n3trc"],
    ).check()
    assert run["home"]["listed"] == run["named"]["listed"] == {"tokens": 18, "agents": 3}
    assert [entry["authorization"] for entry in sandbox.state.requests] == ["bearer", "bearer"]
