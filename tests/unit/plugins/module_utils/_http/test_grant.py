# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token endpoint over real sockets: what a run sends, which responses are a token, and the messages for all others."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http import client as _client
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils._http.grant import connection_with_token
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import Secrets
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import environment_variables, task_options
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Waits
from ansible_collections.zchat.admin.tests.unit.support.scripted_server import ScriptedServer, response

SECRET = "hush+this/is=the&secret"
PAIR = {"client_id": "automation", "client_secret": SECRET}
TOKEN, REFRESH = "hush-this-is-the-token", "hush-this-renews-the-token"
GOOD = {"access_token": TOKEN, "token_type": "Bearer", "scope": "read write"}


@pytest.fixture(name="waits")
def _waits(monkeypatch):
    """The waits of the client. Only they advance its clock."""
    waits = Waits()
    clock = SimpleNamespace(monotonic=lambda: 1000.0 + sum(waits.pauses), time=lambda: 1_500_000_000.0)
    monkeypatch.setattr(_client, "time", clock)
    return waits


@pytest.fixture(name="grant")
def _grant(waits):
    """Return a function that requests a token, and returns the connection, or the error, which contains no secret."""

    def grant(url, **options):
        options = {"api_url": url, "retries": 2, **PAIR, **options}
        connection = connection_from([task_options(options, options)])
        client = ChatClient(connection, Secrets(connection.secrets), waits)
        try:
            assert connection.client
            return connection_with_token(client, connection.client)
        except ChatError as caught:
            error = caught
        shown = f"{error.msg} {error.__cause__} {connection!r} {connection.client!r}"
        assert "hush" not in shown
        return error

    return grant


@pytest.mark.parametrize(
    ("base", "path"), [("/api/v2/chat", "/oauth2/chat/token"), ("/api/v2", "/oauth2/token"), ("", "/oauth2/token")]
)
def test_a_run_gets_its_token_with_one_form(grant, base, path, tmp_path, monkeypatch):
    """At the root of the account's host, without other credentials. The pair can contain any printable character."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    with ScriptedServer(response(200, {**GOOD, "refresh_token": REFRESH, "expires_in": 60})) as server:
        connection = grant(f"http://127.0.0.1:{server.port}{base}")
    (request,) = server.requests
    head, _end, body = request.partition("\r\n\r\n")
    assert head.startswith(f"POST {path} HTTP/1.1\r\n")
    assert "\r\nContent-Type: application/x-www-form-urlencoded" in head
    assert "Authorization" not in head
    form = {**PAIR, "grant_type": "client_credentials", "scope": "read write"}
    assert parse_qs(body) == {name: [value] for name, value in form.items()}
    assert (connection.authorization, connection.access_token) == (f"Bearer {TOKEN}", TOKEN)
    assert {SECRET, TOKEN, REFRESH, REFRESH.upper()} <= connection.secrets
    assert "hush" not in repr(connection)
    assert str(connection.credential).endswith("issued to this run for 'client_id' and 'client_secret'")


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_in_any_case(grant, kind):
    with ScriptedServer(response(200, {**GOOD, "token_type": kind, "refresh_token": None})) as server:
        assert grant(server.url).access_token == TOKEN


BOTH = "'client_id' and 'client_secret'"
URL = "http://127.0.0.1:{port}/oauth2/chat/token"
NO_TOKEN = f"{URL} did not return an access token: "
MISSING = f"{NO_TOKEN}its 'access_token' is missing or not printable. Check 'api_url'."
NO_OBJECT = f"{NO_TOKEN}it is not a JSON object. Check 'api_url'."
OTHER = f"{URL} did not return a bearer token: its 'token_type' is missing or another one."
HTML = "<html>hush+this/is=the&secret</html>"
INVALID = {"error": "invalid_client", "error_description": f"{SECRET} is wrong"}
ISSUED_NONE = f"The API at {URL} issued no access token for {BOTH} (HTTP {{status}}, "
CONFIDENTIAL = "Check both. The API client must have the type 'confidential'"
GATEWAY = (
    f"Access to {URL} was refused (HTTP {{status}}). The response does not have the form of the Chat API: a firewall"
)


@pytest.mark.parametrize(
    ("status", "body", "parts"),
    [
        *((200, {**GOOD, "access_token": value}, [MISSING]) for value in (None, "", " ", 5, "hush ü", "hush\n", "h h")),
        (200, {"token_type": "Bearer"}, [MISSING]),
        *((200, {**GOOD, "token_type": value}, [OTHER]) for value in (None, "mac", ["Bearer"], "")),
        *((200, body, [NO_OBJECT]) for body in (HTML, b"", [GOOD], TOKEN, b"[" * 100_000, b"\xff\xfe")),
        *((status, INVALID, [ISSUED_NONE, "invalid_client). ", CONFIDENTIAL]) for status in (400, 401, 403)),
        (400, {"error": "unsupported_grant_type"}, ["(HTTP 400, unsupported_grant_type). ", CONFIDENTIAL]),
        (400, {"error": "invalid_scope"}, ["(HTTP 400, invalid_scope). The API client must have the scopes"]),
        (401, {"error": SECRET}, ["(HTTP 401, ********)"]),
        (400, {"error": "hushthisis"}, ["(HTTP 400, ****", CONFIDENTIAL]),
        *((status, HTML, [GATEWAY]) for status in (401, 403, 407)),
        (400, HTML, [f"The API returned HTTP 400 at {URL}."]),
        (404, {"error": "Not Found"}, [f"There is no token endpoint at {URL} (HTTP 404). Check 'api_url'."]),
        (201, GOOD, [f"The API returned HTTP 201 at {URL}."]),
    ],
)
def test_any_other_response_is_an_error_that_is_not_repeated(grant, status, body, parts):
    """It names the URL and what to do, never the secret, and never "not from Admin Center"."""
    secret = "hushthisisit" if body == {"error": "hushthisis"} else SECRET
    with ScriptedServer(response(status, body)) as server:
        error = grant(server.url, client_secret=secret)
    assert len(server.requests) == 1
    assert error.status == status
    for part in parts:
        assert part.format(port=server.port, status=status) in error.msg
    assert "Admin Center" not in error.msg


def test_no_redirect_is_followed(grant):
    location = f"https://ada:pw@elsewhere.example.com/x?{SECRET}"
    with ScriptedServer(response(302, b"", {"Location": location})) as server:
        error = grant(server.url)
    assert len(server.requests) == 1
    assert "redirects to https://elsewhere.example.com/x (HTTP 302)." in error.msg


def test_environment_variables_are_named(grant, monkeypatch):
    for name, value in PAIR.items():
        monkeypatch.setenv(f"ZCHAT_{name.upper()}", value)
    with ScriptedServer(response(401, INVALID)) as server:
        monkeypatch.setenv("ZCHAT_API_URL", server.url)
        connection = connection_from([environment_variables()])
        with pytest.raises(ChatError) as caught:
            connection_with_token(ChatClient(connection, Secrets(connection.secrets), Waits()), connection.client)
    assert "no access token for ZCHAT_CLIENT_ID and ZCHAT_CLIENT_SECRET (HTTP 401, invalid_client)" in caught.value.msg


# Which attempts are repeated


def test_a_429_is_repeated(grant, waits):
    with ScriptedServer(response(429, b"", {"Retry-After": "7"}), response(200, GOOD)) as server:
        assert grant(server.url).access_token == TOKEN
    assert (len(server.requests), waits.pauses) == (2, [7])
    with ScriptedServer(response(429, b"", {"Retry-After": "61"}), response(200, GOOD)) as server:
        error = grant(server.url, rate_limit_timeout=60)
    assert (len(server.requests), error.status) == (1, 429)
    assert "exceeds 'rate_limit_timeout' (60 s)" in error.msg
    assert "may have issued" not in error.msg


@pytest.mark.parametrize(
    "step",
    [
        response(500),
        response(503, b"", {"Retry-After": "1"}),
        response(502, HTML),
        lambda exchange: exchange.send_and_close(b""),
        lambda exchange: exchange.send_and_reset(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
    ],
    ids=["500", "503", "502", "no response", "half a response"],
)
def test_an_attempt_that_may_have_arrived_is_not_repeated(grant, waits, step):
    """The message states that there can be a token that nobody revokes."""
    with ScriptedServer(step, response(200, GOOD)) as server:
        error = grant(server.url)
    assert (len(server.requests), waits.pauses) == (1, [])
    assert error.failure.may_be_executed
    assert "The API may have issued an access token for this run, which is not revoked." in error.msg


def test_an_attempt_that_never_arrived_is_repeated(grant, waits):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = grant(f"http://127.0.0.1:{port}/api/v2/chat")
    assert "This was attempt 3 of 3." in error.msg
    assert (len(waits.pauses), error.failure.may_be_executed) == (2, False)
    assert "may have issued" not in error.msg


def test_an_interrupted_run_requests_no_token(grant, waits):
    waits.interrupted = True
    with ScriptedServer(response(200, GOOD)) as server:
        assert "Not sent, because the run was interrupted." in grant(server.url).msg
    assert server.requests == []
