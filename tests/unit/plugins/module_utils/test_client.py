# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client over real sockets. Only time is not real: pauses are taken down, not waited for."""

from __future__ import annotations

import base64
import gzip
import html
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
from urllib.parse import quote, quote_plus

import pytest

from ansible_collections.zchat.admin.plugins.module_utils import client as client_module
from ansible_collections.zchat.admin.plugins.module_utils import pace
from ansible_collections.zchat.admin.plugins.module_utils.client import ChatClient, plain_words
from ansible_collections.zchat.admin.plugins.module_utils.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError, not_token_list
from ansible_collections.zchat.admin.tests.unit.support.fake_chat import DEFAULTS
from ansible_collections.zchat.admin.tests.unit.support.scripted_server import ScriptedServer, Turn, answer

TOKEN = "hush-this-is-the-token"
PATH = "oauth/tokens"
NO_CONTENT = answer(204)
CLOCKS: list[FakeTime] = []
"""The clock of the test that runs, if it asked for one."""


class FakeTime:
    """A clock that only pauses move on, and the event that interrupts them."""

    def __init__(self) -> None:
        self.paused: list[float] = []
        self.now = 1000.0
        self.interrupt_after = 1000
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        with self._lock:
            return self.now

    def time(self) -> float:
        return 1_500_000_000.0

    def is_set(self) -> bool:
        return len(self.paused) >= self.interrupt_after

    def wait(self, seconds: float) -> bool:
        assert seconds > 0
        with self._lock:
            self.paused.append(seconds)
            self.now += seconds
        return self.is_set()


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTime]:
    clock = FakeTime()
    monkeypatch.setattr(client_module, "time", clock)
    CLOCKS.append(clock)
    yield clock
    CLOCKS.remove(clock)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def make(url: str, pool_size: int = 1, **options: Any) -> ChatClient:
    given = {**DEFAULTS, "api_url": url, "access_token": TOKEN, "timeout": 1, **options}
    interrupted: Any = CLOCKS[-1] if CLOCKS else None
    return ChatClient(connection_from(given, {}), pool_size, interrupted=interrupted)


def failure(call: Callable[..., Any], *arguments: Any) -> ChatError:
    with pytest.raises(ChatError) as caught:
        call(*arguments)
    assert TOKEN not in caught.value.msg
    assert caught.value.__cause__ is None
    return caught.value


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_get_sends_one_request_with_the_credential():
    with ScriptedServer(answer(200, [1, {"a": None}])) as server:
        assert make(server.url).get(PATH, not_token_list) == [1, {"a": None}]
    (request,) = server.requests
    assert request.startswith("GET /api/v2/chat/oauth/tokens HTTP/1.1\r\n")
    assert f"\r\nAuthorization: Bearer {TOKEN}\r\n" in request
    assert "\r\nAccept: application/json\r\n" in request


def test_connections_are_kept():
    with ScriptedServer(answer(200, []), NO_CONTENT, answer(404, {"error": "gone"}), answer(200, "[]")) as server:
        client = make(server.url)
        assert client.get(PATH, not_token_list) == []
        assert client.delete(f"{PATH}/1") is True
        assert client.delete(f"{PATH}/2") is False
        assert client.get(PATH, not_token_list) == []
    assert (len(server.requests), server.connections) == (4, 1)


@pytest.mark.parametrize(
    ("status", "ended"), [(200, True), (202, True), (204, True), (299, True), (404, False), (410, False)]
)
def test_delete(status, ended):
    with ScriptedServer(answer(status)) as server:
        assert make(server.url).delete(f"{PATH}/38") is ended
    assert [request.split("\r\n")[0] for request in server.requests] == ["DELETE /api/v2/chat/oauth/tokens/38 HTTP/1.1"]


@pytest.mark.parametrize("status", [300, 304, 400, 401, 402, 403, 405, 409, 411, 412, 422, 451, 499])
def test_no_other_answer_ends_a_token(status):
    with ScriptedServer(answer(status)) as server:
        assert failure(make(server.url).delete, f"{PATH}/38").status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["get", "find", "delete"])
def test_redirects_are_never_followed(status, method):
    with ScriptedServer(answer(200, [])) as other:
        location = f"http://ada:pw@127.0.0.1:{other.port}/login?token={TOKEN}#x"
        with ScriptedServer(answer(status, "", {"Location": location})) as server:
            arguments = [] if method == "delete" else [not_token_list]
            error = failure(getattr(make(server.url), method), PATH, *arguments)
    assert other.requests == []
    assert len(server.requests) == 1
    assert error.status == status
    assert f"redirects to http://127.0.0.1:{other.port}/login (HTTP {status})" in error.msg


@pytest.mark.parametrize("location", ["http://[::bad", "http://", "\x80\xff", "", f"https://x.example.com/{TOKEN}"])
def test_redirects_to_nonsense(location):
    with ScriptedServer(answer(302, "", {"Location": location})) as server:
        assert "HTTP 302" in failure(make(server.url).delete, PATH).msg


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"error": "Unauthorized", "description": "Not verified"}, "It may be mistyped, expired or revoked"),
        (403, {"error": {"title": "Forbidden", "message": "No", "code": 3}}, "Forbidden: No"),
        (
            403,
            {"error": "Forbidden", "description": "missing the following required scopes: write"},
            "lacks the scope write, which",
        ),
        (400, "plain   text\r\n\x1b[31mred", "says: plain text [31mred"),
        (
            404,
            "<html><head><title>x</title><style>p {}</style></head><body><p>Not &amp; here</p></body>",
            "says: Not & here",
        ),
        (422, '"a string"', "says: a string"),
        (422, [1, 2], "It gave no reason"),
        (422, {"errors": 5}, "It gave no reason"),
        (422, "", "It gave no reason"),
        (428, b"\xff\xfe\x00", "HTTP 428"),
    ],
)
def test_refusals_quote_the_api(status, body, words):
    with ScriptedServer(answer(status, body)) as server:
        error = failure(make(server.url).get, PATH, not_token_list)
    assert words in error.msg
    assert error.status == status
    assert len(server.requests) == 1


def test_refusals_of_two_megabytes_are_short():
    with ScriptedServer(answer(400, "word " * 400_000)) as server:
        error = failure(make(server.url).get, PATH, not_token_list)
    assert len(error.msg) < 350
    assert error.msg.endswith("word word...")


def test_a_refusal_that_breaks_off_still_counts():
    whole = answer(403, {"error": "Forbidden"}, {"Content-Length": "9999"})
    with ScriptedServer(lambda turn: turn.send_and_close(whole)) as server:
        assert failure(make(server.url).delete, PATH).status == 403
    assert len(server.requests) == 1


def test_secrets_are_scrubbed_from_what_the_api_says():
    with ScriptedServer(answer(400, f"Authorization: Bearer {TOKEN}, listed-token-value, hush-this...")) as server:
        client = make(server.url)
        client.secrets.add(["listed-token-value"])
        assert failure(client.get, PATH, not_token_list).msg.endswith(
            "Authorization: Bearer ********, ********, ********..."
        )


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        ("<!DOCTYPE html><p>Log in</p>", {"Content-Type": "text/html"}, "looks like a web page"),
        (" <html>", {}, "looks like a web page"),
        ("[1, 2", {}, "not valid JSON"),
        ("", {}, "not valid JSON"),
        ("[NaN]", {}, "not valid JSON"),
        ("[" * 100_000, {}, "not valid JSON"),
        (b"\xff\xfe\xfa", {}, "not valid JSON"),
        (gzip.compress(b"[1", mtime=0), {"Content-Encoding": "gzip"}, "not valid JSON"),
    ],
)
def test_200_that_is_not_json(body, headers, reason):
    with ScriptedServer(answer(200, body, headers)) as server:
        error = failure(make(server.url).get, PATH, not_token_list)
    assert reason in error.msg
    assert error.status == 200


def test_only_200_is_a_list():
    with ScriptedServer(answer(202, [])) as server:
        assert failure(make(server.url).get, PATH, not_token_list).status == 202


RESET: Callable[[Turn], bool] = lambda turn: turn.reset()  # noqa: E731 - one name for a one-line act
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1"


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (RESET, "the connection broke before the answer was complete"),
        (lambda turn: turn.send_and_close(b""), "the connection broke before the answer was complete"),
        (lambda turn: turn.send_and_reset(b"HTTP/1.1 20"), "the connection broke before the answer was complete"),
        (lambda turn: turn.send_and_reset(HEAD), "the connection broke before the answer was complete"),
        (lambda turn: turn.send_and_close(HEAD), "the connection broke before the answer was complete"),
        (lambda turn: turn.send_and_close(b"nonsense\r\n\r\n"), "the connection broke before the answer was complete"),
        (lambda turn: turn.send_and_stall(b""), "it sent no data for 1 s"),
        (lambda turn: turn.send_and_stall(b"H"), "it sent no data for 1 s"),
        (lambda turn: turn.send_and_stall(HEAD), "it sent no data for 1 s"),
        (
            lambda turn: turn.send_and_close(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
            ),
            "its answer could not be decompressed",
        ),
        (
            lambda turn: turn.send_and_close(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            "the headers of its answer contradict each other",
        ),
    ],
)
def test_faults_are_explained(act, reason, clock):
    with ScriptedServer(act) as server:
        error = failure(make(server.url, retries=0).get, PATH, not_token_list)
    assert error.status is None
    assert error.msg.startswith(f"No answer from {server.url}/oauth/tokens: {reason}")
    assert len(server.requests) == 1
    assert clock.paused == []


SLOWLY = r"its answer came too slowly, (\d+) bytes in \d s, and was given up\. .* raise 'timeout'"


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n[",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
    ids=["status line", "headers", "body", "chunk", "body of no known length"],
)
def test_an_answer_that_drips_for_ever_is_given_up(beginning):
    began = time.monotonic()
    with ScriptedServer(lambda turn: turn.send_and_drip(beginning)) as server:
        error = failure(make(server.url, retries=0).get, PATH, not_token_list)
    # Each drip is within the timeout, and they never end. How soon it is given up depends on how busy the machine is, too.
    assert 3 <= time.monotonic() - began < 30
    found = re.search(SLOWLY, error.msg)
    assert found, error.msg
    assert int(found.group(1)) > len(beginning)
    assert (error.status, len(server.requests)) == (None, 1)


def test_a_delete_whose_answer_drips_may_have_been_carried_out(clock, monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 1)
    with ScriptedServer(lambda turn: turn.send_and_drip(b"HTTP/1.1 2"), answer(404)) as server:
        assert make(server.url).delete(f"{PATH}/38") is True
    assert (len(server.requests), len(clock.paused)) == (2, 1)


def test_a_refusal_that_drips_still_counts(monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 1)
    beginning = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100000\r\n\r\nGo away "
    with ScriptedServer(lambda turn: turn.send_and_drip(beginning)) as server:
        error = failure(make(server.url).delete, PATH)
    assert error.status == 403
    assert len(server.requests) == 1


def test_a_proxy_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 1)
    with ScriptedServer(lambda turn: turn.send_and_drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        client = make("https://acme.zendesk.com/api/v2/chat", retries=1)
        assert re.search(SLOWLY, failure(client.get, PATH, not_token_list).msg)
    assert len(proxy.requests) == 2


@pytest.mark.parametrize("fault", [RESET, answer(500), answer(502, "<html>bad gateway"), answer(599)])
def test_a_fault_that_passes_is_survived(fault, clock):
    with ScriptedServer(fault, fault, answer(200, [5])) as server:
        assert make(server.url, retries=2).get(PATH, not_token_list) == [5]
    assert len(server.requests) == 3
    first, second = clock.paused
    assert 0.25 <= first <= 0.5 <= second <= 1.0


@pytest.mark.parametrize(("fault", "status"), [(RESET, None), (answer(503, "busy"), 503)])
@pytest.mark.parametrize("retries", [0, 1, 4])
def test_retries_are_counted_exactly(fault, status, retries, clock):
    with ScriptedServer(fault) as server:
        error = failure(make(server.url, retries=retries).get, PATH, not_token_list)
    assert len(server.requests) == retries + 1
    assert len(clock.paused) == retries
    assert error.status == status
    assert error.msg.endswith(f"That was try {retries + 1} of {retries + 1}. Run the task again later.") is (
        retries > 0
    )


def test_refused_connection(clock):
    error = failure(make(f"http://127.0.0.1:{closed_port()}/api/v2", retries=2).get, PATH, not_token_list)
    assert "the connection was refused" in error.msg
    assert len(clock.paused) == 2


def test_unknown_host(clock, monkeypatch):
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert (
        "could not be resolved"
        in failure(make("https://acme.zendesk.com/api/v2/chat", retries=1).get, PATH, not_token_list).msg
    )
    assert len(clock.paused) == 1


def test_connect_timeout(clock, monkeypatch):
    def no_route(*args: Any, **kwargs: Any) -> Any:
        raise socket.timeout("timed out")

    monkeypatch.setattr("urllib3.util.connection.create_connection", no_route)
    assert (
        "no connection within 1 s" in failure(make("http://127.0.0.1:9/api", retries=0).get, PATH, not_token_list).msg
    )


def test_unreachable_network(monkeypatch):
    def unreachable(*args: Any, **kwargs: Any) -> Any:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("urllib3.util.connection.create_connection", unreachable)
    assert (
        "could not be made (Network is unreachable)"
        in failure(make("http://127.0.0.1:9/api", retries=0).get, PATH, not_token_list).msg
    )


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ([RESET, answer(404)], True),
        ([answer(502), answer(404)], True),
        ([lambda turn: turn.send_and_stall(b""), answer(410)], True),
        ([RESET, NO_CONTENT], True),
        ([answer(429, "", {"Retry-After": "1"}), answer(404)], False),
        ([answer(404)], False),
    ],
)
def test_lost_answers_to_a_delete(script, ended, clock):
    with ScriptedServer(*script) as server:
        assert make(server.url).delete(f"{PATH}/38") is ended


def test_a_delete_that_could_not_have_arrived_is_no_lost_answer(clock, monkeypatch):
    with ScriptedServer(answer(404)) as server:
        client = make(server.url)
        real_send = client._adapter.send
        refused = make(f"http://127.0.0.1:{closed_port()}/api")

        def send(request: Any, **settings: Any) -> Any:
            client._adapter.send = real_send
            request.url = request.url.replace(server.url, refused.connection.base_url)
            return real_send(request, **settings)

        client._adapter.send = send
        assert client.delete(f"{PATH}/38") is False
    assert len(clock.paused) == 1


def test_rate_limit_is_obeyed(clock):
    with ScriptedServer(answer(429, "slow down", {"Retry-After": "7"}), answer(200, [])) as server:
        assert make(server.url, retries=0).get(PATH, not_token_list) == []
    assert clock.paused == [7.0]


def test_rate_limit_beyond_the_bound_fails_at_once(clock):
    with ScriptedServer(answer(429, "", {"Retry-After": "61"})) as server:
        error = failure(make(server.url, rate_limit_timeout=60).get, PATH, not_token_list)
    assert "wants another 61 s" in error.msg
    assert "'rate_limit_timeout' (60 s)" in error.msg
    assert (error.status, clock.paused, len(server.requests)) == (429, [], 1)


def test_rate_limit_waits_add_up(clock):
    with ScriptedServer(answer(429, "", {"Retry-After": "25"})) as server:
        error = failure(make(server.url, rate_limit_timeout=60).get, PATH, not_token_list)
    assert clock.paused == [25.0, 25.0]
    assert "wants another 25 s of patience, after 50 s already waited" in error.msg


@pytest.mark.parametrize("value", [None, "0", "-5", "soon", "0.2", "1e9", "Wed, 99 Foo"])
def test_rate_limit_without_a_usable_wait_backs_off(value, clock):
    headers = {} if value is None else {"Retry-After": value}
    with ScriptedServer(answer(429, "", headers), answer(429, "", headers), answer(200, [])) as server:
        make(server.url).get(PATH, not_token_list)
    first, second = clock.paused
    assert 0.25 <= first <= 0.5 <= second <= 1.0


def test_rate_limit_that_never_ends(clock):
    with ScriptedServer(answer(429, "", {"Retry-After": "0"})) as server:
        assert failure(make(server.url, rate_limit_timeout=20).get, PATH, not_token_list).status == 429
    assert 5 <= len(server.requests) <= 20


def test_others_wait_with_the_one_that_was_told_to(clock):
    with ScriptedServer(answer(429, "", {"Retry-After": "9"}), NO_CONTENT) as server:
        client = make(server.url, rate_limit_timeout=10)
        client.delete(f"{PATH}/1")
        client._rate_limit.close_for(5)
        client.delete(f"{PATH}/2")
        client._rate_limit.close_for(11)
        assert failure(client.delete, f"{PATH}/3").status == 429
    assert clock.paused == [9.0, 5.0]
    assert len(server.requests) == 3


def test_one_429_pauses_the_other_requests_too(clock, monkeypatch):
    asked: list[float] = []
    told = threading.Event()

    def pass_time() -> None:
        clock.now += 9

    together = threading.Barrier(2, pass_time)

    def wait(seconds: float) -> bool:
        asked.append(seconds)
        told.set()
        together.wait(10)  # broken, if the other request does not wait
        return False

    monkeypatch.setattr(clock, "wait", wait)
    refusal = answer(429, "", {"Retry-After": "9"})
    with ScriptedServer(refusal, NO_CONTENT) as server, ThreadPoolExecutor(2) as workers:
        client = make(server.url, pool_size=2)
        first = workers.submit(client.delete, f"{PATH}/1")
        assert told.wait(10)
        second = workers.submit(client.delete, f"{PATH}/2")
        assert first.result(20)
        assert second.result(20)
    assert asked == [9.0, 9.0]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "secret",
    [
        "correct  horse battery",
        "R&amp;D-secret",
        "R&D-secret",
        "pass\u00adword-long",
        "<b>pass</b>word1",
        "S3cr/t+pass word",
    ],
)
def test_a_password_is_scrubbed_in_whatever_form_it_comes_back(secret):
    forms = {
        secret,
        html.escape(secret),
        json.dumps(secret)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        re.sub("%..", lambda found: found.group().lower(), quote(secret, safe="")),
        base64.b64encode(secret.encode()).decode(),
    }
    for form in forms:
        with ScriptedServer(answer(400, f"bad login: {form} (sorry)")) as server:
            given = {"access_token": None, "email": "a@example.com", "password": secret}
            words = failure(make(server.url, **given).get, PATH, not_token_list).msg
        assert words.endswith("bad login: ******** (sorry)."), (form, words)


@pytest.mark.parametrize("pause", [answer(429, "", {"Retry-After": "9"}), answer(500)])
def test_interrupted_while_it_waits(pause, clock):
    clock.interrupt_after = 1
    with ScriptedServer(pause) as server:
        error = failure(make(server.url).delete, f"{PATH}/1")
    # A 500 may come from a DELETE that was carried out all the same.
    known = (
        "Not sent, since the run was interrupted" if "429" in str(pause) else "before it was known what came of this"
    )
    assert known in error.msg
    assert (len(server.requests), len(clock.paused)) == (1, 1)


def test_interrupted_before_it_starts(clock):
    clock.interrupt_after = 0
    with ScriptedServer(NO_CONTENT) as server:
        assert failure(make(server.url).delete, f"{PATH}/1").status is None
    assert server.requests == []


def test_netrc_is_never_used(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    with ScriptedServer(answer(200, [])) as server:
        make(server.url).get(PATH, not_token_list)
    assert f"Authorization: Bearer {TOKEN}\r\n" in server.requests[0]


def test_a_proxy_never_sees_what_is_meant_for_loopback(monkeypatch):
    with ScriptedServer(answer(200, ["proxy"])) as proxy, ScriptedServer(answer(200, ["api"])) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert make(server.url).get(PATH, not_token_list) == ["api"]
    assert proxy.requests == []


def test_a_proxy_is_asked_for_https_and_learns_no_secret(clock, monkeypatch):
    with ScriptedServer(answer(407, "who are you")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxy-password@127.0.0.1:{proxy.port}")
        error = failure(make("https://acme.zendesk.com/api/v2/chat", retries=0).get, PATH, not_token_list)
    assert proxy.requests[0].startswith("CONNECT acme.zendesk.com:443 ")
    assert TOKEN not in proxy.requests[0]
    assert "the proxy that the environment names (HTTPS_PROXY) gave no way through" in error.msg
    assert "proxy-password" not in error.msg


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://[", "nonsense://x"])
def test_proxies_that_cannot_be_used(proxy, clock, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = failure(make("https://acme.zendesk.com/api/v2/chat", retries=0).get, PATH, not_token_list)
    assert error.msg.startswith("No answer from https://acme.zendesk.com/api/v2/chat/oauth/tokens: ")


def test_ca_bundle_of_the_environment_that_does_not_exist(clock, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/does/not/exist.pem")
    error = failure(make, "https://127.0.0.1:9/api/v2")
    assert "/does/not/exist.pem, which REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE in the environment names" in error.msg
    make("https://127.0.0.1:9/api/v2", validate_certs=False)
    make("http://127.0.0.1:9/api/v2")


def test_plain_http_where_tls_is_spoken_of(clock):
    def speak_plainly(connection: socket.socket) -> socket.socket:
        connection.sendall(answer(400, "This is http."))
        return connection

    with ScriptedServer(answer(200, []), wrap=speak_plainly) as server:
        error = failure(make(server.url.replace("http:", "https:"), retries=0).get, PATH, not_token_list)
    assert "no TLS connection came about" in error.msg
    assert server.requests == []


@pytest.fixture(name="authority", scope="module")
def _authority() -> Any:
    return pytest.importorskip("trustme").CA()


def over_tls(authority: Any, *script: Any) -> ScriptedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return ScriptedServer(*script, wrap=lambda plain: context.wrap_socket(plain, server_side=True))


def test_a_certificate_that_does_not_verify_is_not_tried_again(authority, clock):
    with over_tls(authority, answer(200, [])) as server:
        error = failure(make(server.url.replace("http:", "https:")).get, PATH, not_token_list)
    assert "its TLS certificate could not be verified, so nothing was sent" in error.msg
    assert "'ca_path'" in error.msg
    assert (server.connections, server.requests, clock.paused) == (1, [], [])


def test_an_answer_that_drips_over_tls_is_given_up(authority, monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 1)
    with over_tls(authority, lambda turn: turn.send_and_drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")) as server:
        client = make(server.url.replace("http:", "https:"), validate_certs=False, retries=0)
        assert "its answer came too slowly" in failure(client.get, PATH, not_token_list).msg


def test_ca_path_is_trusted(authority, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with over_tls(authority, answer(200, [1])) as server:
        url = server.url.replace("http:", "https:")
        assert make(url, ca_path=str(tmp_path / "ca.pem")).get(PATH, not_token_list) == [1]
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        assert make(url).get(PATH, not_token_list) == [1]


def test_validate_certs_off_beats_the_environment(authority, tmp_path, monkeypatch, recwarn):
    trustme = pytest.importorskip("trustme")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    with over_tls(authority, answer(200, [1])) as server:
        url = server.url.replace("http:", "https:")
        assert make(url, validate_certs=False).get(PATH, not_token_list) == [1]
        assert "could not be verified" in failure(make(url).get, PATH, not_token_list).msg
    assert [str(warning.message) for warning in recwarn] == []


def test_requests_may_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", None)
    spec = importlib.util.spec_from_file_location("client_without_requests", client_module.__file__)
    without = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, without)
    spec.loader.exec_module(without)
    assert "requests" in without.REQUESTS_IMPORT_ERROR
    assert client_module.REQUESTS_IMPORT_ERROR is None


def test_words_of_a_page_without_end():
    assert len(plain_words("<head " * 20_000)) == 2000
    assert len(plain_words('{"error":' * 5000)) == 2000
    assert len(plain_words("word " * 20_000)) == 2000
    assert plain_words('{"error":' * 3 + '"deep"' + "}" * 3) == ""


def test_an_answer_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(client_module, "_LARGEST_ANSWER", 100_000)
    with ScriptedServer(answer(200, "[" + "1," * 200_000 + "1]")) as server:
        assert "not valid JSON" in failure(make(server.url).get, PATH, not_token_list).msg
