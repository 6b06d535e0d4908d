# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client over real sockets. Its pauses are recorded and not waited for."""

from __future__ import annotations

import dataclasses
import gzip
import importlib.util
import json
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils._http import client as _client
from ansible_collections.zchat.admin.plugins.module_utils._http import limits
from ansible_collections.zchat.admin.plugins.module_utils._http.client import ChatClient, Response
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import Secrets
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import task_options
from ansible_collections.zchat.admin.tests.unit.support.scripted_server import Exchange, ScriptedServer, response

TOKEN = "hush-this-is-the-token"
PATH = "oauth/tokens"
CHAT_URL = "https://acme.zendesk.com/api/v2/chat"
SHORT = 0.4
"""Seconds: a timeout for tests that wait for it. It is longer than the pauses of a busy host."""
NO_CONTENT = response(204)
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Clock:
    """A clock that only pauses advance, and the event that interrupts them."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.now = 1000.0
        self.interrupt_after = 1000
        """Number of pauses after which the run is interrupted."""
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        with self._lock:
            return self.now

    def time(self) -> float:
        return 1_500_000_000.0

    @property
    def happened(self) -> bool:
        return len(self.pauses) >= self.interrupt_after

    def wait(self, seconds: float) -> bool:
        assert seconds > 0
        with self._lock:
            self.pauses.append(seconds)
            self.now += seconds
        return self.happened


@pytest.fixture(name="clock", autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(_client, "time", clock)
    monkeypatch.setattr(limits, "TIMEOUT_FACTOR", 1)
    return clock


@pytest.fixture(name="connect")
def _connect(clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Callable[..., ChatClient]:
    """Return a function that creates a client. No environment variable of this host affects it."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    def connect(url: str, *, pool_size: int = 1, timeout: float = 20, **options: Any) -> ChatClient:
        credentials = {} if "password" in options else {"access_token": TOKEN}
        options = {"api_url": url, **credentials, **options}
        connection = connection_from([task_options(options, options)])
        # Options are integers; a test must not wait that long for a timeout.
        connection = dataclasses.replace(connection, timeout=timeout)
        return ChatClient(connection, Secrets(connection.secrets), clock, pool_size)

    return connect


def error_of(call: Callable[..., Any], *arguments: Any, **more: Any) -> ChatError:
    """Return the error that a call raises. It contains no secret, not even in its context."""
    with pytest.raises(ChatError) as caught:
        call(*arguments, **more)
    assert TOKEN not in caught.value.msg
    assert caught.value.__cause__ is None
    return caught.value


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# Requests and final responses


def test_get_sends_one_request_with_the_credentials(connect):
    with ScriptedServer(response(200, [1, {"a": None}], {"Date": "x"})) as server:
        document = connect(server.url).get(PATH)
    assert (document.status, document.data, document.headers["date"]) == (200, [1, {"a": None}], "x")
    assert document.endpoint.url == f"{server.url}/{PATH}"
    (request,) = server.requests
    assert request.startswith("GET /api/v2/chat/oauth/tokens HTTP/1.1\r\n")
    assert f"\r\nAuthorization: Bearer {TOKEN}\r\n" in request
    assert "\r\nAccept: application/json\r\n" in request


def test_get_with_another_access_token(connect):
    with ScriptedServer(response(401, "<html>"), response(401, {})) as server:
        client = connect(server.url)
        error = error_of(client.get, "agents/me", access_token="probed-value")
        assert ("'token_values'" in error.msg, error.failure.rejects_credentials) == (True, False)
        error = error_of(client.get, "agents/me")
        assert ("'access_token'" in error.msg, error.failure.rejects_credentials) == (True, True)
    assert ["probed-value" in request for request in server.requests] == [True, False]
    assert [TOKEN in request for request in server.requests] == [False, True]


def test_get_passes_the_object_hook_to_the_parser(connect):
    with ScriptedServer(response(200, [{"id": 5}])) as server:
        assert connect(server.url).get(PATH, object_hook=lambda item: item["id"]).data == [5]


def test_connections_are_reused(connect):
    script = [response(200, []), NO_CONTENT, response(404, {"error": "gone"}), response(500), response(200, "[]")]
    with ScriptedServer(*script) as server:
        client = connect(server.url)
        assert client.get(PATH).data == []
        assert client.delete(f"{PATH}/1").status == 204
        assert client.delete(f"{PATH}/2").status == 404
        assert client.get(PATH).data == []
    assert (len(server.requests), server.connections) == (5, 1)


@pytest.mark.parametrize("status", [200, 202, 204, 299, 404, 410])
def test_delete_returns_2xx_404_and_410(status, connect):
    body = b"" if status == 204 else b'{"a": 1}'
    with ScriptedServer(response(status, body)) as server:
        assert connect(server.url).delete(f"{PATH}/38") == Response(
            status, {"Content-Length": "8"} if body else {}, body, may_be_executed=False, complete=True
        )
    assert [request.split("\r\n")[0] for request in server.requests] == ["DELETE /api/v2/chat/oauth/tokens/38 HTTP/1.1"]


@pytest.mark.parametrize("status", [300, 304, 400, 401, 402, 403, 405, 409, 411, 412, 422, 451, 499])
def test_delete_raises_for_any_other_status(status, connect):
    with ScriptedServer(response(status)) as server:
        failure = error_of(connect(server.url).delete, f"{PATH}/38").failure
    assert (failure.status, failure.may_be_executed, failure.affects_all) == (status, False, status == 401)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [201, 202, 206, 404, 410])
def test_get_raises_for_any_status_but_200(status, connect):
    with ScriptedServer(response(status, [])) as server:
        assert error_of(connect(server.url).get, PATH).status == status


@pytest.mark.parametrize(("body", "is_from_api"), [("<html>", False), ('{"error": "Not found"}', True), ("", True)])
def test_get_with_missing_ok(body, is_from_api, connect):
    with ScriptedServer(response(404, body), response(403), response(410)) as server:
        client = connect(server.url)
        document = client.get("agents/5", missing_ok=True)
        assert (document.status, document.data, document.is_from_api) == (404, None, is_from_api)
        for status in ("HTTP 403", "HTTP 410"):
            with pytest.raises(ChatError, match=status):
                client.get("agents/5", missing_ok=True)


@pytest.mark.parametrize(
    ("body", "is_from_api"),
    [
        (b"", True),
        (b" \n", True),
        (b'{"error": "Not found"}', True),
        (b"null", True),
        (b"<html>Not found</html>", False),
        (b"Not found", False),
        (b"\xff", False),
        (b"[" * 100_000, False),
    ],
)
def test_responses_of_the_api_are_empty_or_json(body, is_from_api):
    assert Response(404, {}, body).is_from_api is is_from_api


def test_a_404_whose_body_is_incomplete_does_not_count_as_one_of_the_api(connect):
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n"
    with ScriptedServer(lambda exchange: exchange.send_and_close(head)) as server:
        gone = connect(server.url).delete(f"{PATH}/38")
    assert (gone.status, gone.body, gone.is_from_api, gone.may_be_executed) == (404, b"", False, False)


def test_a_large_body_of_an_error_is_not_read_to_its_end(connect):
    with ScriptedServer(response(404, json.dumps("x" * 1_000_000)), NO_CONTENT) as server:
        client = connect(server.url)
        gone = client.delete(f"{PATH}/38")
        # The connection has returned to the pool.
        assert client.delete(f"{PATH}/39").status == 204
    assert (len(gone.body), gone.is_from_api) == (65_536, False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["get", "delete"])
def test_redirects_are_never_followed(status, method, connect):
    with ScriptedServer(response(200, [])) as other:
        location = f"http://ada:pw@127.0.0.1:{other.port}/login?token={TOKEN}#x"
        with ScriptedServer(response(status, "", {"Location": location})) as server:
            error = error_of(getattr(connect(server.url), method), PATH)
    assert other.requests == []
    assert len(server.requests) == 1
    assert error.status == status
    assert f"redirects to http://127.0.0.1:{other.port}/login (HTTP {status})" in error.msg


@pytest.mark.parametrize("location", ["http://[::bad", "http://", "\x80\xff", "", f"https://x.example.com/{TOKEN}"])
def test_invalid_redirect_targets(location, connect):
    with ScriptedServer(response(302, "", {"Location": location})) as server:
        assert "HTTP 302" in error_of(connect(server.url).delete, PATH).msg


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (403, {"error": {"title": "Forbidden", "message": "No", "code": 3}}, "Forbidden: No"),
        (403, {"error": "x", "description": "missing the following required scopes: write"}, "lacks the scope 'write'"),
        (400, "plain   text\r\n\x1b[31mred", "returned: plain text [31mred"),
        (400, "<html><p>Not &amp; here</p>", "returned: Not & here"),
        (428, b"\xff\xfe\x00", "HTTP 428"),
    ],
)
def test_messages_quote_the_error_text(status, body, text, connect):
    with ScriptedServer(response(status, body)) as server:
        error = error_of(connect(server.url).get, PATH)
    assert text in error.msg
    assert error.status == status


@pytest.mark.parametrize(
    "secret", ["correct  horse battery", "R&amp;D-secret", "pass\u00adword-long", "<b>pass</b>word1"]
)
def test_a_secret_is_masked_before_the_text_is_extracted(secret, connect):
    with ScriptedServer(response(400, f"bad login: {secret} (sorry)")) as server:
        client = connect(server.url, email="a@example.com", password=secret)
        assert "bad login: ******** (sorry)." in error_of(client.get, PATH).msg


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        ("<!DOCTYPE html><p>Log in</p>", {"Content-Type": "text/html"}, "it is a web page"),
        (" <html>", {}, "it is a web page"),
        ("[1, 2", {}, "not valid JSON"),
        ("", {}, "not valid JSON"),
        ("[NaN]", {}, "not valid JSON"),
        ("[" * 100_000, {}, "not valid JSON"),
        (b"\xff\xfe\xfa", {}, "not valid JSON"),
        (gzip.compress(b"[1", mtime=0), {"Content-Encoding": "gzip"}, "not valid JSON"),
    ],
)
def test_a_200_without_json(body, headers, reason, connect):
    with ScriptedServer(response(200, body, headers)) as server:
        error = error_of(connect(server.url).get, PATH)
    assert reason in error.msg
    assert error.status == 200


# Interim responses


@pytest.mark.parametrize(
    "interim", [EARLY_HINTS, PROCESSING, CONTINUE, EARLY_HINTS + CONTINUE + PROCESSING + EARLY_HINTS]
)
def test_interim_responses_never_shift_the_responses_of_a_connection(interim, connect):
    finals = [NO_CONTENT, response(404, {}), response(200, [7]), response(404, {}), NO_CONTENT, response(200, [8])]
    with ScriptedServer(*(interim + final for final in finals)) as server:
        client = connect(server.url)
        statuses = [client.delete(f"{PATH}/1").status, client.delete(f"{PATH}/2").status]
        listed = client.get(PATH).data
        statuses += [client.delete(f"{PATH}/3").status, client.delete(f"{PATH}/4").status]
        assert client.get(PATH).data == [8]
    assert (statuses, listed) == ([204, 404, 404, 204], [7])
    assert (len(server.requests), server.connections) == (6, 1)


def test_an_interim_response_can_arrive_long_before_the_final_one(connect):
    def send_both(exchange: Exchange) -> bool:
        exchange.connection.sendall(EARLY_HINTS)
        exchange.server.closing.wait(0.1)
        exchange.connection.sendall(response(404, {}))
        return True

    with ScriptedServer(send_both, NO_CONTENT) as server:
        client = connect(server.url)
        assert [client.delete(f"{PATH}/{number}").status for number in (1, 2)] == [404, 204]
    assert server.connections == 1


@pytest.mark.parametrize("interim", [CONTINUE, EARLY_HINTS])
@pytest.mark.parametrize("method", ["get", "delete"])
def test_interim_responses_without_end(method, interim, connect, monkeypatch):
    monkeypatch.setattr(limits, "MAX_HEAD", 50_000)
    with ScriptedServer(lambda exchange: exchange.send_endlessly(b"", interim)) as server:
        error = error_of(getattr(connect(server.url), method), PATH)
    assert "the response does not end (more than 50000 bytes)" in error.msg
    assert error.failure.may_be_executed
    assert len(server.requests) == 1


# Responses that do not end


NO_END = "the response does not end (more than 300000 bytes)"
BROKE = "the connection broke before the response was complete"
ENDLESS = {
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n", b"X: y\r\n", NO_END),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\n[[\r\n", NO_END),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b"[[", NO_END),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"1", BROKE),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Many: 1\r\n", BROKE),
}


@pytest.mark.parametrize(("beginning", "repeated", "reason"), ENDLESS.values(), ids=list(ENDLESS))
def test_a_response_without_end(beginning, repeated, reason, connect, monkeypatch):
    monkeypatch.setattr(limits, "MAX_SIZE", 300_000)
    with ScriptedServer(
        lambda exchange: exchange.send_endlessly(beginning, repeated), response(200, [1])
    ) as server, ThreadPoolExecutor(1) as worker:
        client = connect(server.url, retries=0)
        error = error_of(worker.submit(client.get, PATH).result, 30)
        # The connection has returned to the pool.
        assert worker.submit(client.get, PATH).result(30).data == [1]
    assert reason in error.msg
    assert error.status is None


def test_a_body_that_is_small_only_while_it_is_compressed(connect, monkeypatch):
    monkeypatch.setattr(_client, "MAX_SIZE", 1_000_000)
    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")
    with ScriptedServer(response(200, bomb, {"Content-Encoding": "gzip"})) as server:
        error = error_of(connect(server.url).get, PATH)
    assert "the response does not end (more than 1000000 bytes)" in error.msg
    assert len(server.requests) == 1


NOT_GZIP = response(200, b"[]", {"Content-Encoding": "gzip"})


@pytest.mark.parametrize("method", ["get", "delete"])
def test_a_response_that_cannot_be_decompressed_releases_its_connection(method, connect):
    with ScriptedServer(NOT_GZIP) as server, ThreadPoolExecutor(4) as workers:
        call = getattr(connect(server.url, pool_size=1), method)
        results = [workers.submit(call, f"agents/{number}") for number in range(8)]
        for result in results:
            error = error_of(result.result, 30)
            assert "could not be decompressed" in error.msg
            assert error.failure.may_be_executed
    assert len(server.requests) == 8


def test_an_error_that_cannot_be_decompressed_keeps_its_status(connect):
    with ScriptedServer(response(403, b"Forbidden", {"Content-Encoding": "gzip"}), NO_CONTENT) as server:
        client = connect(server.url)
        assert error_of(client.delete, PATH).status == 403
        assert client.delete(PATH).status == 204


SLOW = r"the response was too slow \((\d+) bytes in \d s\)"


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n[",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        EARLY_HINTS,
    ],
    ids=["status line", "headers", "body", "chunk", "body of unknown length", "after an interim response"],
)
def test_a_slow_response_is_given_up(beginning, connect):
    start = time.monotonic()
    with ScriptedServer(lambda exchange: exchange.send_slowly(beginning, interval=0.05)) as server:
        error = error_of(connect(server.url, retries=0, timeout=SHORT).get, PATH)
    # Each byte arrives within the timeout. The upper limit depends on how busy the host is.
    assert SHORT <= time.monotonic() - start < 20
    found = re.search(SLOW, error.msg)
    assert found, error.msg
    assert "increase 'timeout'" in error.msg
    assert int(found.group(1)) > len(beginning)
    assert (error.status, len(server.requests)) == (None, 1)


def test_an_error_with_a_slow_body_keeps_its_status(connect):
    beginning = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100000\r\n\r\nGo away "
    with ScriptedServer(lambda exchange: exchange.send_slowly(beginning, interval=0.05)) as server:
        error = error_of(connect(server.url, timeout=SHORT).delete, PATH)
    assert error.status == 403
    assert len(server.requests) == 1


# Requests without a response


RESET: Callable[[Exchange], bool] = lambda exchange: exchange.reset()  # noqa: E731 - a step of one line
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (RESET, BROKE),
        (lambda exchange: exchange.send_and_close(b""), BROKE),
        (lambda exchange: exchange.send_and_reset(b"HTTP/1.1 20"), BROKE),
        (lambda exchange: exchange.send_and_reset(HEAD), BROKE),
        (lambda exchange: exchange.send_and_close(HEAD), BROKE),
        (lambda exchange: exchange.send_and_close(HEAD[:30]), BROKE),
        (lambda exchange: exchange.send_and_close(EARLY_HINTS), BROKE),
        (lambda exchange: exchange.send_and_close(b"nonsense\r\n\r\n"), BROKE),
        (lambda exchange: exchange.send_and_stall(b""), "no data for 0.4 s ('timeout')"),
        (lambda exchange: exchange.send_and_stall(b"H"), "no data for 0.4 s ('timeout')"),
        (lambda exchange: exchange.send_and_stall(EARLY_HINTS), "no data for 0.4 s ('timeout')"),
        (lambda exchange: exchange.send_and_stall(HEAD), "no data for 0.4 s ('timeout')"),
        (
            lambda exchange: exchange.send_and_close(
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
            ),
            "the response headers are not valid, or contradict each other",
        ),
        (
            lambda exchange: exchange.send_and_close(
                b'HTTP/1.1 200 OK\r\nnot a header\r\nLink: <x>; rel="next"\r\nContent-Length: 2\r\n\r\n[]'
            ),
            "the response headers are not valid, or contradict each other",
        ),
    ],
)
def test_faults(step, reason, connect, clock):
    with ScriptedServer(step) as server:
        error = error_of(connect(server.url, retries=0, timeout=SHORT).get, PATH)
    assert error.msg.startswith(f"No response from {server.url}/oauth/tokens: {reason}")
    assert (error.status, error.failure.may_be_executed) == (None, True)
    assert len(server.requests) == 1
    assert clock.pauses == []


def test_a_refused_connection(connect, clock):
    error = error_of(connect(f"http://127.0.0.1:{closed_port()}/api/v2", retries=2).delete, PATH)
    assert "the connection was refused" in error.msg
    assert not error.failure.may_be_executed
    assert len(clock.pauses) == 2


def test_an_unknown_host(connect, clock, monkeypatch):
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = error_of(connect(CHAT_URL, retries=1).delete, PATH)
    assert "could not be resolved" in error.msg
    assert not error.failure.may_be_executed
    assert len(clock.pauses) == 1


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (socket.timeout("timed out"), "no connection within 20 s ('timeout')"),
        (OSError(101, "Network is unreachable"), "the connection failed (Network is unreachable)"),
    ],
)
def test_no_connection(problem, reason, connect, monkeypatch):
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise problem

    monkeypatch.setattr("urllib3.util.connection.create_connection", fail)
    error = error_of(connect("http://127.0.0.1:9/api", retries=0).delete, PATH)
    assert reason in error.msg
    assert not error.failure.may_be_executed


# Repetitions


@pytest.mark.parametrize("fault", [RESET, response(500), response(502, "<html>bad gateway"), response(599)])
def test_a_temporary_fault_is_retried(fault, connect, clock):
    with ScriptedServer(fault, fault, response(200, [5])) as server:
        assert connect(server.url, retries=2).get(PATH).data == [5]
    assert len(server.requests) == 3
    first, second = clock.pauses
    assert 0.25 <= first <= 0.5 <= second <= 1.0


@pytest.mark.parametrize(("fault", "status"), [(RESET, None), (response(503, "busy"), 503)])
@pytest.mark.parametrize("retries", [0, 1, 4])
def test_the_number_of_repetitions(fault, status, retries, connect, clock):
    with ScriptedServer(fault) as server:
        error = error_of(connect(server.url, retries=retries).get, PATH)
    assert len(server.requests) == retries + 1
    assert len(clock.pauses) == retries
    assert error.status == status
    assert (f"attempt {retries + 1} of {retries + 1}" in error.msg) is (retries > 0)


RATE_LIMITED = response(429, "", {"Retry-After": "1"})
REFUSED_FOR_LONG = response(429, "", {"Retry-After": "3600"})
LOST = [
    RESET,
    response(502),
    lambda exchange: exchange.send_and_close(HEAD),
    lambda exchange: exchange.send_and_reset(EARLY_HINTS),
]


@pytest.mark.parametrize(
    ("script", "status", "repeated"),
    [
        *(([lost, response(404)], 404, True) for lost in LOST),
        ([RESET, NO_CONTENT], 204, True),
        ([RESET, RATE_LIMITED, response(410)], 410, True),
        ([RATE_LIMITED, response(404)], 404, False),
        ([response(404)], 404, False),
    ],
)
def test_a_delete_is_repeated_after_a_lost_response_or_a_5xx(script, status, repeated, connect):
    with ScriptedServer(*script) as server:
        result = connect(server.url).delete(f"{PATH}/38")
    assert (result.status, result.may_be_executed) == (status, repeated)
    assert len(server.requests) == len(script)


def test_a_delete_after_a_slow_response_is_repeated(connect):
    with ScriptedServer(lambda exchange: exchange.send_slowly(b"HTTP/1.1 2", interval=0.05), response(404)) as server:
        result = connect(server.url, timeout=SHORT).delete(f"{PATH}/38")
    assert (result.status, result.may_be_executed) == (404, True)


def test_a_delete_that_did_not_reach_the_server_is_not_repeated(connect, clock):
    with ScriptedServer(response(404)) as server:
        client = connect(server.url)
        real_send = client._adapter.send
        url_without_server = f"http://127.0.0.1:{closed_port()}/api"

        def send(request: Any, **settings: Any) -> Any:
            client._adapter.send = real_send
            request.url = request.url.replace(server.url, url_without_server)
            return real_send(request, **settings)

        client._adapter.send = send
        result = client.delete(f"{PATH}/38")
    assert (result.status, result.may_be_executed) == (404, False)
    assert len(clock.pauses) == 1


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ([RESET, response(401)], 401),
        ([response(500), response(403)], 403),
        ([response(500), REFUSED_FOR_LONG], 429),
        ([RESET, RATE_LIMITED, response(302, "", {"Location": "/"})], 302),
        ([response(500), response(503)], 503),
        ([response(500), RESET], None),
        ([response(500), NOT_GZIP], None),
    ],
)
def test_after_a_repetition_the_outcome_of_a_failed_delete_is_unknown(script, status, connect):
    with ScriptedServer(*script) as server:
        failure = error_of(connect(server.url, retries=1).delete, f"{PATH}/38").failure
    assert (failure.status, failure.may_be_executed, failure.affects_all) == (status, True, status == 401)


@pytest.mark.parametrize(("step", "may_be_executed"), [(REFUSED_FOR_LONG, False), (response(500), True), (RESET, True)])
def test_an_interrupted_pause(step, may_be_executed, connect, clock):
    clock.interrupt_after = 1
    with ScriptedServer(step if may_be_executed else RATE_LIMITED) as server:
        failure = error_of(connect(server.url).delete, f"{PATH}/1").failure
    assert "the run was interrupted" in failure.msg
    assert ("Not sent" in failure.msg) is not may_be_executed
    assert (failure.status, failure.may_be_executed) == (None, may_be_executed)
    assert (len(server.requests), len(clock.pauses)) == (1, 1)


def test_an_interrupted_run_sends_nothing(connect, clock):
    clock.interrupt_after = 0
    with ScriptedServer(NO_CONTENT) as server:
        failure = error_of(connect(server.url).delete, f"{PATH}/1").failure
    assert (failure.status, failure.may_be_executed) == (None, False)
    assert server.requests == []


# The rate limit


def test_retry_after_is_honored(connect, clock):
    with ScriptedServer(response(429, "slow down", {"Retry-After": "7"}), response(200, [])) as server:
        assert connect(server.url, retries=0).get(PATH).data == []
    assert clock.pauses == [7.0]


def test_a_wait_over_the_limit_fails_immediately(connect, clock):
    with ScriptedServer(response(429, "", {"Retry-After": "61"})) as server:
        error = error_of(connect(server.url, rate_limit_timeout=60).get, PATH)
    assert "61 s exceeds 'rate_limit_timeout' (60 s)" in error.msg
    assert (error.status, clock.pauses, len(server.requests)) == (429, [], 1)


def test_a_rate_limit_that_never_ends(connect):
    with ScriptedServer(response(429, "", {"Retry-After": "0"})) as server:
        assert error_of(connect(server.url, rate_limit_timeout=20).get, PATH).status == 429
    assert 5 <= len(server.requests) <= 20


def test_the_waits_of_a_request_add_up(connect, clock):
    script = [response(429, "", {"Retry-After": "20"}), response(429, "", {"Retry-After": "11"})]
    with ScriptedServer(*script) as server:
        error = error_of(connect(server.url, rate_limit_timeout=30).get, PATH)
    assert "11 s (already waited: 20 s) exceeds 'rate_limit_timeout' (30 s)" in error.msg
    assert (error.status, clock.pauses) == (429, [20.0])


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}, {"Retry-After": "0.9"}])
def test_without_a_useful_retry_after_the_wait_doubles(headers, connect, clock):
    refusal = response(429, "", headers)
    with ScriptedServer(refusal, refusal, refusal, NO_CONTENT) as server:
        connect(server.url).delete(f"{PATH}/1")
    first, second, third = clock.pauses
    assert 0.25 <= first <= 0.5 <= second <= 1.0 <= third <= 2.0


def test_a_wait_that_is_too_long_for_one_request_also_stops_the_others(connect, clock):
    with ScriptedServer(response(429, "", {"Retry-After": "3600"}), response(200, [])) as server:
        client = connect(server.url)
        for _request in range(2):
            assert "3600 s exceeds" in error_of(client.get, PATH).msg
    assert (len(server.requests), clock.pauses) == (1, [])


def test_a_429_pauses_the_other_requests(connect, clock, monkeypatch):
    with ScriptedServer(response(429, "", {"Retry-After": "9"}), NO_CONTENT) as server:
        client = connect(server.url)
        with monkeypatch.context() as patch:
            patch.setattr(clock, "wait", lambda seconds: clock.pauses.append(seconds) or clock.happened)
            clock.interrupt_after = 1
            assert "interrupted" in error_of(client.delete, f"{PATH}/1").msg
        clock.interrupt_after = 1000
        assert client.delete(f"{PATH}/2").status == 204
    assert clock.pauses == [9.0, 9.0]
    assert len(server.requests) == 2


def test_after_a_429_all_requests_continue_at_the_same_time(connect):
    """The next requests of all threads are active together: an early 429 does not make the run serial."""
    together = threading.Barrier(4)

    def wait_for_others(exchange: Exchange) -> bool:
        together.wait(20)  # raises an exception unless four requests are active
        exchange.connection.sendall(NO_CONTENT)
        return True

    with ScriptedServer(response(429, "", {"Retry-After": "2"}), wait_for_others) as server, ThreadPoolExecutor(
        4
    ) as workers:
        client = connect(server.url, pool_size=4)
        deletes = [workers.submit(client.delete, f"{PATH}/{number}") for number in range(4)]
        assert [delete.result(20).status for delete in deletes] == [204] * 4


# Settings of the environment


def test_netrc_is_never_used(connect, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    with ScriptedServer(response(200, [])) as server:
        connect(server.url).get(PATH)
    assert f"Authorization: Bearer {TOKEN}\r\n" in server.requests[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_never_receives_requests_for_loopback(scheme, connect, monkeypatch):
    with ScriptedServer(response(200, ["proxy"])) as proxy, ScriptedServer(response(200, ["api"])) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        client = connect(server.url.replace("http", scheme, 1), retries=0, timeout=SHORT)
        if scheme == "http":
            assert client.get(PATH).data == ["api"]
        else:
            assert error_of(client.get, PATH).status is None  # the server does not use TLS
        assert server.connections == 1
    assert proxy.connections == 0


def test_a_proxy_receives_no_secret(connect, monkeypatch):
    with ScriptedServer(response(407, "who are you")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxy-password@127.0.0.1:{proxy.port}")
        error = error_of(connect(CHAT_URL, retries=0).delete, PATH)
    assert proxy.requests[0].startswith("CONNECT acme.zendesk.com:443 ")
    assert TOKEN not in proxy.requests[0]
    assert "HTTPS_PROXY could not be used (HTTP 407)" in error.msg
    assert "proxy-password" not in error.msg
    assert not error.failure.may_be_executed


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:9", "http://[", "nonsense://x", "http://user:password@", "http://user:password@:3128"]
)
def test_invalid_proxies(proxy, connect, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert error_of(connect(CHAT_URL, retries=0).get, PATH).msg.startswith(
        f"No response from {CHAT_URL}/oauth/tokens: "
    )


def test_a_slow_proxy_is_given_up(connect, monkeypatch):
    beginning = b"HTTP/1.1 200 OK\r\nX-Slow: "
    with ScriptedServer(lambda exchange: exchange.send_slowly(beginning, interval=0.05)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert re.search(SLOW, error_of(connect(CHAT_URL, retries=0, timeout=SHORT).get, PATH).msg)
    assert len(proxy.requests) == 1


def test_a_ca_bundle_of_the_environment_must_exist(connect, monkeypatch):
    connect("http://127.0.0.1:9/api/v2")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/does/not/exist.pem")
    error = error_of(connect, "https://127.0.0.1:9/api/v2")
    assert "/does/not/exist.pem, set in REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE" in error.msg


# TLS


@pytest.fixture(name="authority", scope="module")
def _authority() -> Any:
    return pytest.importorskip("trustme").CA()


def tls_server(authority: Any, *script: Any) -> ScriptedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return ScriptedServer(*script, wrap=lambda plain: context.wrap_socket(plain, server_side=True))


def https_url(server: ScriptedServer) -> str:
    return server.url.replace("http:", "https:")


def test_a_server_that_does_not_use_tls(connect):
    def send_plain_http(connection: socket.socket) -> socket.socket:
        connection.sendall(response(400, "This is http."))
        return connection

    with ScriptedServer(response(200, []), wrap=send_plain_http) as server:
        error = error_of(connect(https_url(server), retries=0).get, PATH)
    assert "the TLS handshake failed" in error.msg
    assert server.requests == []


def test_a_certificate_that_cannot_be_verified(authority, connect, clock):
    with tls_server(authority, response(200, [])) as server:
        error = error_of(connect(https_url(server)).delete, PATH)
    assert "certificate could not be verified, so nothing was sent" in error.msg
    assert "'ca_path'" in error.msg
    assert not error.failure.may_be_executed
    assert (server.connections, server.requests, clock.pauses) == (1, [], [])


def test_limits_and_interim_responses_over_tls(authority, connect):
    def send_slowly(exchange: Exchange) -> bool:
        return exchange.send_slowly(b"HTTP/1.1 200 OK\r\nX-Slow: ", interval=0.05)

    with tls_server(authority, EARLY_HINTS + response(404, {}), EARLY_HINTS + NO_CONTENT, send_slowly) as server:
        client = connect(https_url(server), validate_certs=False, retries=0, timeout=SHORT)
        assert [client.delete(PATH).status for _time in range(2)] == [404, 204]
        assert re.search(SLOW, error_of(client.get, PATH).msg)


def test_ca_path_and_the_bundle_of_the_environment_are_trusted(authority, tmp_path, connect, monkeypatch):
    bundle = str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(bundle)
    with tls_server(authority, response(200, [1])) as server:
        assert connect(https_url(server), ca_path=bundle).get(PATH).data == [1]
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        assert connect(https_url(server)).get(PATH).data == [1]


def test_options_take_precedence_over_the_bundle_of_the_environment(authority, tmp_path, connect, monkeypatch, recwarn):
    trustme = pytest.importorskip("trustme")
    bundle = str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(bundle)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with tls_server(authority, response(200, [1])) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
        for options in ({"validate_certs": False}, {"ca_path": bundle}):
            assert connect(https_url(server), **options).get(PATH).data == [1]
        assert "could not be verified" in error_of(connect(https_url(server)).get, PATH).msg
    assert [str(warning.message) for warning in recwarn] == []


def test_the_requests_library_can_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", None)
    spec = importlib.util.spec_from_file_location("client_without_requests", _client.__file__)
    without = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, without)
    spec.loader.exec_module(without)
    assert "requests" in without.REQUESTS_IMPORT_ERROR
    assert _client.REQUESTS_IMPORT_ERROR is None


def test_an_invalid_number_in_a_response_is_a_broken_connection(connect):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n"
    with ScriptedServer(lambda exchange: exchange.send_and_close(chunked)) as server:
        error = error_of(connect(server.url, retries=0).delete, f"{PATH}/7")
    assert error.failure.may_be_executed
