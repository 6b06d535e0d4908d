# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client over real sockets. Its pauses are recorded and not waited for. Messages of responses are in test__errors.py."""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import importlib.util
import inspect
import itertools
import json
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import DEFAULT, Mock

import pytest
import requests
import urllib3

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Failure
from ansible_collections.zchat.admin.plugins.module_utils._http import client as _client
from ansible_collections.zchat.admin.plugins.module_utils._http import limits
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, Response
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import Secrets
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import task_options
from ansible_collections.zchat.admin.tests.unit.support.mock_chat import Waits
from ansible_collections.zchat.admin.tests.unit.support.scripted_server import Exchange, ScriptedServer, response

if TYPE_CHECKING:
    from ansible_collections.zchat.admin.tests.unit.support.scripted_server import Step

TOKEN = "hush-this-is-the-token"
PATH = "oauth/tokens"
CHAT_URL = "https://acme.zendesk.com/api/v2/chat"
NO_CONTENT = response(204)
NOT_GZIP = response(200, b"[]", {"Content-Encoding": "gzip"})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\nContent-Length: 500\r\nTransfer-Encoding: chunked\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def reset(data: bytes = b"") -> Step:
    return lambda exchange: exchange.send_and_reset(data)


def close(data: bytes = b"") -> Step:
    return lambda exchange: exchange.send_and_close(data)


def stall(data: bytes = b"") -> Step:
    return lambda exchange: exchange.send_and_stall(data)


def slow(data: bytes) -> Step:
    return lambda exchange: exchange.send_slowly(data, interval=0.005)


@pytest.fixture(name="waits", autouse=True)
def _waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """The waits of the client. Only they advance its clock."""
    waits = Waits()
    clock = SimpleNamespace(monotonic=lambda: 1000.0 + sum(waits.pauses), time=lambda: 1_500_000_000.0)
    monkeypatch.setattr(_client, "time", clock)
    monkeypatch.setattr(limits, "time", clock)
    return waits


@pytest.fixture
def _slow_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part of a response takes five seconds, on the clock of the limits."""
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=itertools.count(0, 5).__next__))


@pytest.fixture(name="connect")
def _connect(waits: Waits) -> Callable[..., ChatClient]:
    """Return a function that creates a client."""

    def connect(url: str, *, pool_size: int = 1, timeout: float = 20, **options: Any) -> ChatClient:
        credentials = {} if "password" in options else {"access_token": TOKEN}
        options = {"api_url": url, **credentials, **options}
        connection = connection_from([task_options(options, options)])
        # Options are integers; a test must not wait that long for a timeout.
        connection = dataclasses.replace(connection, timeout=timeout)
        return ChatClient(connection, Secrets(connection.secrets), waits, pool_size)

    return connect


def outcome_of(call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """Return the result of a request, or its failure, which contains no secret."""
    try:
        return call(*arguments, **more)
    except ChatError as error:
        failure, cause = error.failure, error.__cause__
    assert TOKEN not in failure.msg
    assert cause is None
    return failure


@pytest.fixture(name="send")
def _send(connect: Callable[..., ChatClient]) -> Callable[..., tuple[Any, ScriptedServer]]:
    """Return a function that sends one request to a server, and returns its result or failure, and the server."""

    def send(method: str, *script: Step, **options: Any) -> tuple[Any, ScriptedServer]:
        with ScriptedServer(*script) as server:
            return outcome_of(getattr(connect(server.url, **options), method), PATH), server

    return send


# Requests and final responses


def test_a_request_has_the_credentials_of_the_task_and_never_those_of_netrc(connect, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    with ScriptedServer(response(200, [1, {"a": None}], {"Date": "x"})) as server:
        document = connect(server.url).get(PATH)
    assert (document.status, document.data, document.headers["date"]) == (200, [1, {"a": None}], "x")
    assert document.endpoint.url == f"{server.url}/{PATH}"
    (request,) = server.requests
    assert request.startswith("GET /api/v2/chat/oauth/tokens HTTP/1.1\r\n")
    assert f"\r\nAuthorization: Bearer {TOKEN}\r\n" in request
    assert "\r\nAccept: application/json\r\n" in request


def test_a_request_with_another_access_token_never_has_that_of_the_task(connect):
    with ScriptedServer(*[response(401, {"error": "Unauthorized"})] * 2) as server:
        client = connect(server.url)
        failure = outcome_of(client.get, "agents/me", access_token="probed-value")
        assert ("'token_values'" in failure.msg, failure.rejects_credentials) == (True, True)
        failure = outcome_of(client.get, "agents/me")
        assert ("'access_token'" in failure.msg, failure.rejects_credentials) == (True, True)
    assert ["probed-value" in request for request in server.requests] == [True, False]
    assert [TOKEN in request for request in server.requests] == [False, True]


STATUSES = (200, 201, 202, 204, 299, 300, 304, 400, 401, 403, 404, 405, 409, 410, 411, 422, 499)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    ("method", "successes"),
    [("get", {200}), ("delete", {status for status in STATUSES if status < 300} | {404, 410})],
)
def test_only_some_statuses_are_no_failure(method, successes, status, send):
    outcome, server = send(method, response(status, b"" if status == 204 else b'{"a": 1}'))
    assert outcome.status == status
    assert isinstance(outcome, Failure) is (status not in successes)
    assert not getattr(outcome, "may_be_executed", False)
    assert [request.split()[0] for request in server.requests] == [method.upper()]


def test_with_missing_ok_only_a_404_is_no_failure(connect):
    with ScriptedServer(response(404, "<html>"), response(403), response(410)) as server:
        client = connect(server.url)
        document = client.get("agents/5", missing_ok=True)
        assert (document.status, document.data, document.is_from_api) == (404, None, False)
        failures = [outcome_of(client.get, "agents/5", missing_ok=True) for _time in range(2)]
    assert [(type(failure), failure.status) for failure in failures] == [(Failure, 403), (Failure, 410)]


def test_an_error_of_the_api_is_an_object_with_a_string():
    assert Response(404, {}, b'{"error": "Not found", "more": 1}').is_from_api
    others = (
        b"",
        b"<html>",
        b"Not found",
        b"\xff",
        b"[" * 100_000,
        b"null",
        b'["error"]',
        b'{"message": "x"}',
        b'{"error": 1}',
    )
    for body in (*others, b'{"error": {"title": "x"}}', b'{"error": "Not f'):
        assert not Response(404, {}, body).is_from_api, body
    assert not Response(404, {}, b'{"error": "Not found"}', complete=False).is_from_api


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["get", "delete"])
def test_redirects_are_never_followed(status, method, send):
    """The message is in test__errors.py."""
    with ScriptedServer(response(200, [])) as other:
        failure, server = send(method, response(status, "", {"Location": other.url}))
    assert (other.connections, len(server.requests), failure.status) == (0, 1, status)


@pytest.mark.parametrize("secret", ["correct  horse battery", "R&amp;D-secret", "pass\u00adword", "<b>pass</b>word1"])
def test_a_secret_is_masked_before_the_text_is_extracted(secret, send):
    failure, _server = send("get", response(400, f"bad login: {secret} (sorry)"), email="a@b.example", password=secret)
    assert "bad login: ******** (sorry)." in failure.msg


@pytest.mark.parametrize(
    "interim",
    [b"", SWITCHING, CONTINUE + EARLY_HINTS + PROCESSING + EARLY_HINTS],
)
def test_connections_are_reused_and_interim_responses_never_shift_their_responses(interim, connect):
    finals = [NO_CONTENT, response(404, {}), response(200, [7]), response(500), response(410, {}), response(200, [8])]
    with ScriptedServer(*(interim + final for final in finals)) as server:
        client = connect(server.url)
        assert [client.delete(f"{PATH}/{number}").status for number in (1, 2)] == [204, 404]
        assert client.get(PATH).data == [7]
        assert client.delete(f"{PATH}/3").status == 410
        assert client.get(PATH).data == [8]
    assert (len(server.requests), server.connections) == (6, 1)


# Responses that break off, do not end, or cannot be read

BROKE = "the connection broke before the response was complete"
NO_DATA = "no data for 0.4 s ('timeout')"
SLOW = r"the response was too slow \([0-9]+ bytes in [0-9]+ s\)"
CONTRADICTING = "the response headers are not valid, or contradict each other"
FAULTS = {
    "reset": (reset(), BROKE),
    "closed in the headers": (close(HEAD[:30]), BROKE),
    "closed in the body": (close(HEAD), BROKE),
    "invalid chunk": (close(CHUNKED + b"-5\r\n"), ""),
    "silent": (stall(), NO_DATA),
    "silent in the body": (stall(HEAD), NO_DATA),
    "two lengths": (close(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), CONTRADICTING),
    "a line that is no header": (close(b"HTTP/1.1 200 OK\r\nx\r\nContent-Length: 2\r\n\r\n[]"), CONTRADICTING),
    "not gzip": (NOT_GZIP, "the response could not be decompressed"),
}


@pytest.mark.parametrize(("step", "reason"), FAULTS.values(), ids=list(FAULTS))
@pytest.mark.parametrize("method", ["get", "delete"])
def test_a_request_without_a_complete_response_may_be_executed_and_is_repeated_if_that_can_help(
    method, step, reason, send
):
    failure, server = send(method, step, retries=1, timeout=0.4)
    assert failure.msg.startswith(f"No response from {server.url}/oauth/tokens: {reason}")
    assert (failure.status, failure.may_be_executed) == (None, True)
    assert len(server.requests) == (2 if reason in (BROKE, NO_DATA) else 1)


@pytest.mark.usefixtures("_slow_line")
@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\nX-Slow: ", HEAD, EARLY_HINTS])
@pytest.mark.parametrize("method", ["get", "delete"])
def test_a_slow_response_is_given_up_and_may_be_executed(method, data, send):
    failure, server = send(method, slow(data), retries=1)
    assert re.search(SLOW, failure.msg)
    assert "increase 'timeout'" in failure.msg
    assert (failure.status, failure.may_be_executed, len(server.requests)) == (None, True, 2)


HEAD_LIMIT, SIZE_LIMIT = (f"the response does not end (more than {limit} bytes)" for limit in (50_000, 300_000))
ENDLESS = {
    "trailers": (CHUNKED + b"2\r\n[]\r\n0\r\n", b"X: y\r\n", SIZE_LIMIT),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b"[[", SIZE_LIMIT),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"1", HEAD_LIMIT),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Many: 1\r\n", BROKE),  # http.client has a limit for their number
    "interim responses": (b"", EARLY_HINTS, HEAD_LIMIT),
}


@pytest.mark.parametrize(("beginning", "repeated", "reason"), ENDLESS.values(), ids=list(ENDLESS))
def test_a_response_without_end_is_given_up(beginning, repeated, reason, send, monkeypatch):
    monkeypatch.setattr(limits, "MAX_HEAD", 50_000)
    monkeypatch.setattr(limits, "MAX_SIZE", 300_000)
    failure, _server = send("get", lambda exchange: exchange.send_endlessly(beginning, repeated), retries=0)
    assert reason in failure.msg
    assert (failure.status, failure.may_be_executed) == (None, True)


def test_a_body_that_is_small_only_while_it_is_compressed(send, monkeypatch):
    monkeypatch.setattr(_client, "MAX_SIZE", 1_000_000)
    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")
    failure, server = send("get", response(200, bomb, {"Content-Encoding": "gzip"}))
    assert "the response does not end (more than 1000000 bytes)" in failure.msg
    assert len(server.requests) == 1, "it is not repeated"


@pytest.mark.usefixtures("_slow_line")
def test_an_error_keeps_its_status_whatever_its_body_is_and_each_connection_returns_to_the_pool(connect):
    script: list[Step] = [
        close(b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n"),
        response(404, json.dumps("x" * 1_000_000)),
        response(403, b"Forbidden", {"Content-Encoding": "gzip"}),
        slow(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100000\r\n\r\nGo away "),
        NOT_GZIP,
        reset(),
        NO_CONTENT,
    ]
    with ScriptedServer(*script) as server:
        client = connect(server.url, retries=0)
        outcomes = [outcome_of(client.delete, PATH) for _step in script]
    assert [outcome.status for outcome in outcomes] == [404, 404, 403, 403, None, None, 204]
    assert [outcome.may_be_executed for outcome in outcomes] == [False, False, False, False, True, True, False]
    assert [gone.is_from_api for gone in outcomes[:2]] == [False, False], "the body is incomplete"
    assert len(outcomes[1].body) == 65_536, "the beginning is sufficient for an error"


# No connection


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "the host name could not be resolved"),
        (socket.timeout("timed out"), "no connection within 20 s ('timeout')"),
        (ConnectionRefusedError(111, "Connection refused"), "the connection was refused"),
        (OSError(101, "Network is unreachable"), "the connection failed (Network is unreachable)"),
    ],
)
def test_an_attempt_without_a_connection_is_never_executed(problem, reason, send, monkeypatch):
    create = Mock(wraps=urllib3.util.connection.create_connection, side_effect=[problem])
    monkeypatch.setattr("urllib3.util.connection.create_connection", create)
    failure, server = send("delete", NO_CONTENT, retries=0)
    assert reason in failure.msg
    assert (failure.status, failure.may_be_executed, server.connections) == (None, False, 0)
    create.side_effect = [problem, DEFAULT]
    gone, _server = send("delete", response(404), retries=1)
    assert (gone.status, gone.may_be_executed) == (404, False)
    create.side_effect = [DEFAULT, problem, DEFAULT]
    gone, _server = send("delete", reset(), response(404), retries=2)
    assert (gone.status, gone.may_be_executed) == (404, True)


def test_other_users_of_urllib3_keep_their_connections(connect):
    connect(CHAT_URL)
    pools = urllib3.PoolManager().pool_classes_by_scheme.values()
    assert limits.LimitedResponse not in [pool.ConnectionCls.response_class for pool in pools]


# Repetitions


@pytest.mark.parametrize(("fault", "status"), [(reset(), None), (response(599, "<html>"), 599)])
def test_a_temporary_fault_is_retried_with_a_growing_pause(fault, status, send, waits):
    document, _server = send("get", fault, fault, response(200, [5]), retries=2)
    assert document.data == [5]
    first, second = waits.pauses
    assert 0.25 <= first <= 0.5 <= second <= 1.0
    failure, server = send("get", fault, retries=1)
    assert (failure.status, failure.may_be_executed, len(server.requests)) == (status, True, 2)
    assert "attempt 2 of 2" in failure.msg


def refused(seconds: str, status: int = 429) -> bytes:
    return response(status, "", {"Retry-After": seconds})


@pytest.mark.parametrize(
    ("script", "status", "may_be_executed"),
    [
        ([reset(), NO_CONTENT], 204, True),
        ([response(502), response(404)], 404, True),
        ([reset(), refused("1"), response(410)], 410, True),
        ([refused("1"), response(404)], 404, False),
        ([reset(), response(401)], 401, True),
        ([response(500), refused("3600")], 429, True),
        ([refused("3600", 503)], 503, True),
        ([refused("1", 503), response(404)], 404, True),
        ([reset(), refused("1"), response(302, "", {"Location": "/"})], 302, True),
        ([response(500), reset()], None, True),
        ([response(500), NOT_GZIP], None, True),
    ],
)
def test_a_delete_may_be_executed_if_an_earlier_attempt_got_no_response_or_a_5xx(script, status, may_be_executed, send):
    outcome, server = send("delete", *script, retries=1)
    assert (outcome.status, outcome.may_be_executed) == (status, may_be_executed)
    assert getattr(outcome, "affects_all", False) is (status == 401)
    assert len(server.requests) == len(script)


@pytest.mark.parametrize(
    ("data", "may_be_executed"), [(refused("1"), False), (response(500), True), (b"HTTP/1.1 200 OK\r\n", True)]
)
def test_an_interrupted_run_sends_no_further_request(data, may_be_executed, send, waits):
    def interrupt(exchange: Exchange) -> bool:
        waits.interrupted = True
        return exchange.send_and_close(data)

    for interrupted_before in (False, True):
        failure, server = send("delete", interrupt)
        executed = may_be_executed and not interrupted_before
        assert "the run was interrupted" in failure.msg
        assert ("Not sent" in failure.msg) is not executed
        assert (failure.status, failure.may_be_executed) == (None, executed)
        assert len(server.requests) == (0 if interrupted_before else 1)


# The rate limit


@pytest.mark.parametrize(
    ("refusals", "limit", "pauses", "message"),
    [
        (["7"], 7, [7.0], None),
        (["Fri, 14 Jul 2017 02:41:30 GMT"], 90, [90.0], None),
        (["61"], 60, [], "61 s exceeds 'rate_limit_timeout' (60 s)"),
        (["20", "11"], 30, [20.0], "11 s (already waited: 20 s) exceeds 'rate_limit_timeout' (30 s)"),
        (["5", "5", "5", "5", "5"], 20, [5.0] * 4, "(already waited: 20 s)"),
    ],
)
def test_retry_after_is_honored_up_to_rate_limit_timeout(refusals, limit, pauses, message, send, waits):
    script = [*map(refused, refusals), response(200, [])]
    outcome, _server = send("get", *script, retries=0, rate_limit_timeout=limit)
    assert waits.pauses == pauses
    assert outcome.status == (429 if message else 200)
    assert not message or message in outcome.msg


def test_a_503_with_retry_after_counts_as_a_failure_and_its_wait_is_limited(send, waits):
    outcome, _server = send("get", refused("7", 503), refused("0", 503), response(200, []), retries=2)
    assert (outcome.status, waits.pauses[0], 0.5 <= waits.pauses[1] <= 1) == (200, 7.0, True)
    outcome, server = send("get", *[refused("1", 503)] * 3, retries=1)
    assert (outcome.status, len(server.requests)) == (503, 2)
    outcome, server = send("get", refused("61", 503), retries=9, rate_limit_timeout=60)
    assert (outcome.status, len(server.requests)) == (503, 1)
    assert all(text in outcome.msg for text in ("is not available", "61 s exceeds 'rate_limit_timeout' (60 s)"))


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}, {"Retry-After": "0.9"}])
def test_without_a_useful_retry_after_the_wait_doubles(headers, send, waits):
    send("delete", *[response(429, "", headers)] * 3, NO_CONTENT)
    first, second, third = waits.pauses
    assert 0.25 <= first <= 0.5 <= second <= 1.0 <= third <= 2.0


def test_a_wait_that_is_too_long_for_one_request_also_stops_the_others(connect, waits):
    with ScriptedServer(refused("3600"), response(200, [])) as server:
        client = connect(server.url)
        assert ["3600 s exceeds" in outcome_of(client.get, PATH).msg for _time in range(2)] == [True, True]
    assert (len(server.requests), waits.pauses) == (1, [])


def test_after_a_429_all_requests_continue_at_the_same_time(connect):
    """The next requests of all threads are active together: an early 429 does not make the run serial."""
    together = threading.Barrier(4)

    def wait_for_others(exchange: Exchange) -> bool:
        together.wait(20)  # raises an exception unless four requests are active
        exchange.connection.sendall(NO_CONTENT)
        return True

    with ScriptedServer(refused("2"), wait_for_others) as server, ThreadPoolExecutor(4) as workers:
        client = connect(server.url, pool_size=4)
        deletes = [workers.submit(client.delete, f"{PATH}/{number}") for number in range(4)]
        assert [delete.result(20).status for delete in deletes] == [204] * 4


# Proxies


def test_a_proxy_receives_no_secret(connect, monkeypatch):
    with ScriptedServer(response(407, "who are you")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxy-password@127.0.0.1:{proxy.port}")
        failure = outcome_of(connect(CHAT_URL, retries=1).delete, PATH)
    assert proxy.requests[0].startswith("CONNECT acme.zendesk.com:443 ")
    assert TOKEN not in "".join(proxy.requests)
    assert "HTTPS_PROXY could not be used (HTTP 407)" in failure.msg
    assert "proxy-password" not in failure.msg
    assert not failure.may_be_executed


@pytest.mark.parametrize("proxy", ["http://[", "nonsense://x", "http://user:password@", "http://user:password@:3128"])
def test_an_invalid_proxy_is_a_failure(proxy, connect, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    failure = outcome_of(connect(CHAT_URL, retries=0).get, PATH)
    assert failure.msg.startswith(f"No response from {CHAT_URL}/oauth/tokens: ")
    assert "password" not in failure.msg


def test_a_socks_proxy_without_its_library(connect, monkeypatch, waits):
    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", SOCKSProxyManager)
    monkeypatch.setenv("HTTPS_PROXY", "socks5h://user:proxy-password@127.0.0.1:1")
    failure = outcome_of(connect(CHAT_URL).delete, PATH)
    assert "requires the library PySocks" in failure.msg
    assert "proxy-password" not in failure.msg
    assert (failure.may_be_executed, waits.pauses) == (False, [])


def SOCKSProxyManager(*_args: Any, **_options: Any) -> None:  # noqa: N802 - as requests names it
    """As in requests without the library."""
    raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")


@pytest.mark.usefixtures("_slow_line")
def test_a_slow_proxy_is_given_up(connect, monkeypatch):
    with ScriptedServer(slow(b"HTTP/1.1 200 OK\r\nX-Slow: ")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert re.search(SLOW, outcome_of(connect(CHAT_URL, retries=0).get, PATH).msg)


# TLS


@pytest.fixture(name="authority", scope="module")
def _authority() -> Any:
    return pytest.importorskip("trustme").CA()


def tls_server(authority: Any, *script: Step, name: str = "127.0.0.1", **dates: Any) -> ScriptedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **dates).configure_cert(context)
    return ScriptedServer(*script, wrap=lambda plain: context.wrap_socket(plain, server_side=True))


def https_url(server: ScriptedServer) -> str:
    return server.url.replace("http:", "https:")


@pytest.mark.usefixtures("_slow_line")
def test_limits_and_interim_responses_over_tls(authority, connect):
    script = [EARLY_HINTS + response(404, {}), EARLY_HINTS + NO_CONTENT, slow(b"HTTP/1.1 200 OK\r\nX-Slow: ")]
    with tls_server(authority, *script) as server:
        client = connect(https_url(server), validate_certs=False, retries=0)
        assert [client.delete(PATH).status for _time in range(2)] == [404, 204]
        assert re.search(SLOW, outcome_of(client.get, PATH).msg)


@pytest.mark.parametrize(
    ("options", "bundle", "trusted"),
    [
        ({}, None, False),
        ({}, "ca", True),
        ({"ca_path": "ca"}, "other", True),
        ({"validate_certs": False}, "other", True),
    ],
)
def test_a_certificate_is_verified_with_ca_path_or_the_bundle_of_the_environment(
    options, bundle, trusted, authority, tmp_path, connect, monkeypatch, recwarn, waits
):
    monkeypatch.chdir(tmp_path)
    authority.cert_pem.write_to_path("ca")
    pytest.importorskip("trustme").CA().cert_pem.write_to_path("other")
    if bundle:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with tls_server(authority, NO_CONTENT) as server:
        outcome = outcome_of(connect(https_url(server), **options).delete, PATH)
    assert (isinstance(outcome, Response), outcome.may_be_executed, waits.pauses) == (trusted, False, [])
    assert len(server.requests) == trusted
    assert trusted or "certificate could not be verified, so nothing was sent" in outcome.msg
    assert [str(warning.message) for warning in recwarn] == []


NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("certificate", "reason", "advice"),
    [
        ({"not_before": NOW - 2 * DAY, "not_after": NOW - DAY}, "certificate has expired", "clock of this host"),
        ({"not_before": NOW + DAY, "not_after": NOW + 2 * DAY}, "certificate is not yet valid", "clock of this host"),
        ({"name": "other.example.com"}, "mismatch", "Check 'api_url'"),
    ],
)
def test_the_reason_why_a_certificate_is_not_valid(certificate, reason, advice, authority, tmp_path, connect, waits):
    """The table of all reasons is in test_transport_errors.py."""
    if not certificate.keys() <= {"name", *inspect.signature(authority.issue_cert).parameters}:
        pytest.skip("trustme 1.2, which needs Python 3.9, is not installed")
    authority.cert_pem.write_to_path(str(tmp_path / "ca"))
    with tls_server(authority, NO_CONTENT, **certificate) as server:
        failure = outcome_of(connect(https_url(server), ca_path=str(tmp_path / "ca")).delete, PATH)
    assert reason in failure.msg
    assert advice in failure.msg
    assert "set 'ca_path'" not in failure.msg
    assert (failure.may_be_executed, waits.pauses, server.requests) == (False, [], [])


def test_the_certificate_of_a_proxy(authority, connect, monkeypatch):
    with tls_server(authority, NO_CONTENT) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://user:proxy-password@127.0.0.1:{proxy.port}")
        failure = outcome_of(connect(CHAT_URL).delete, PATH)
    assert "the TLS certificate could not be verified" in failure.msg
    # urllib3 1 does not show whose certificate it is.
    assert "the proxy in HTTPS_PROXY could not be used: the TLS" in failure.msg or urllib3.__version__.startswith("1.")
    assert "proxy-password" not in failure.msg
    assert (failure.may_be_executed, proxy.requests) == (False, [])


def test_a_connection_that_breaks_behind_a_proxy_may_be_executed(authority, connect, monkeypatch):
    """urllib3 reports this as an error of the proxy, like one without a connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("acme.zendesk.com").configure_cert(context)
    received: list[bytes] = []

    def break_after_request(exchange: Exchange) -> bool:
        exchange.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        exchange.connection = context.wrap_socket(exchange.connection, server_side=True)
        received.append(exchange.connection.recv(65_536))
        exchange.reset()
        exchange.connection.close()
        return False

    with ScriptedServer(break_after_request) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        failure = outcome_of(connect(CHAT_URL, validate_certs=False, retries=0).delete, PATH)
    assert received[0].startswith(b"DELETE ")
    assert "with the proxy in HTTPS_PROXY, the connection broke before the response was complete (Remote" in failure.msg
    assert failure.may_be_executed


def test_a_server_without_tls(connect, waits):
    with ScriptedServer(NO_CONTENT, wrap=speak_first) as server:
        failure = outcome_of(connect(https_url(server)).delete, PATH)
    assert "The server does not use TLS at this port. Check 'api_url'." in failure.msg
    assert waits.pauses == []


def speak_first(plain: socket.socket) -> socket.socket:
    """Send an error as a server without TLS does that cannot read a request."""
    plain.sendall(response(400))
    return plain


@pytest.mark.parametrize("broken", ["requests", "urllib3"])
@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        ("ImportError('no library')", "ImportError: no library"),
        ("AttributeError('no attribute')", "AttributeError: no attribute"),
        ("SyntaxError('invalid syntax')", "SyntaxError: invalid syntax"),
        ("SystemExit(1)", "SystemExit: 1"),
        ("type('PanicException', (BaseException,), {})('in Rust')", "PanicException: in Rust"),
        (f"OSError('{TOKEN}\\n' + 1000 * ' line')", "OSError: ******** line line "),
    ],
)
def test_the_requests_library_can_be_missing_or_broken(raised, reason, broken, tmp_path, monkeypatch):
    (tmp_path / f"{broken}.py").write_text(f"raise {raised}")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] in ("requests", "urllib3")]:
        monkeypatch.delitem(sys.modules, name)
    without = import_client_again(monkeypatch)
    assert without.REQUESTS_IMPORT_ERROR.startswith(reason)
    assert len(without.REQUESTS_IMPORT_ERROR) < 250
    assert _client.REQUESTS_IMPORT_ERROR is None


def test_an_interruption_while_the_library_is_imported_ends_the_process(tmp_path, monkeypatch):
    (tmp_path / "requests.py").write_text("raise KeyboardInterrupt")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "requests")
    with pytest.raises(KeyboardInterrupt):
        import_client_again(monkeypatch)


def import_client_again(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return another instance of the module of the client."""
    spec = importlib.util.spec_from_file_location("another_client", _client.__file__)
    another = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, another)
    spec.loader.exec_module(another)
    return another
