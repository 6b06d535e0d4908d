# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault changes the responses to the requests that it selects, and no others."""

from __future__ import annotations

import concurrent.futures
import re
import socket
import time
from email.utils import parsedate_to_datetime

import pytest

pytest.importorskip("flask", reason="the sandbox requires flask")
requests = pytest.importorskip("requests")

from tests.sandbox import Fault, InputError, Options, Sandbox  # noqa: E402 - it requires flask, see above

TIMEOUT = 10


@pytest.fixture
def get(sandbox, session):
    """Request the token list."""
    return lambda **more: session.get(f"{sandbox.api_url}/oauth/tokens", **{"timeout": TIMEOUT, **more})


@pytest.fixture
def delete(sandbox, session):
    """Revoke a token."""
    return lambda token_id, **more: session.delete(
        f"{sandbox.api_url}/oauth/tokens/{token_id}", **{"timeout": TIMEOUT, **more}
    )


def test_the_first_matching_fault_acts_until_it_is_exhausted(sandbox, get, delete):
    sandbox.reset(
        faults=[
            {"method": "delete", "status": 502, "times": 1},
            {"path": "/tokens$", "status": 503, "after": 1, "times": 2},
            {"method": "DELETE", "path": "/143$", "status": 500},
        ]
    )
    assert [get().status_code for attempt in range(5)] == [200, 503, 503, 200, 200]
    assert [delete(n).status_code for n in (38, 38, 143, 143)] == [502, 204, 500, 500]
    assert 143 in sandbox.state.tokens
    uses = requests.get(f"{sandbox.url}/_sandbox/faults", timeout=TIMEOUT).json()
    assert uses == [{"seen": 1, "used": 1}, {"seen": 3, "used": 2}, {"seen": 2, "used": 2}]


def test_faults_can_be_set_over_http(sandbox, session, get):
    assert session.put(f"{sandbox.url}/_sandbox/faults", json=[{"status": 418}], timeout=TIMEOUT).status_code == 204
    assert get().status_code == 418
    assert session.put(f"{sandbox.url}/_sandbox/faults", json=[], timeout=TIMEOUT).status_code == 204
    assert get().status_code == 200


def test_a_replaced_response_of_a_request_that_took_effect(sandbox, get, delete):
    sandbox.state.set_faults([{"method": "DELETE", "status": 502, "apply": True, "times": 1}])
    assert delete(38).status_code == 502
    assert 38 not in sandbox.state.tokens
    assert delete(38).status_code == 404


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ("oops", "text/plain; charset=utf-8", "oops"),
        ("<html>ü</html>", "text/html; charset=utf-8", "<html>ü</html>"),
        ([{"id": True}], "application/json", '[{"id": true}]'),
        ([], "application/json", "[]"),
        ("x" * 2_000_000, "text/plain; charset=utf-8", "x" * 2_000_000),
        (None, None, ""),
    ],
)
def test_bodies(sandbox, get, body, content_type, sent):
    sandbox.state.set_faults([{"status": 200, "body": body}])
    response = get()
    response.encoding = "utf-8"
    assert (response.headers.get("Content-Type"), response.text) == (content_type, sent)


def test_headers_of_a_replaced_response(sandbox, get):
    headers = {"Location": "/elsewhere", "content-type": "text/x-odd", "Retry-After": "{http_date:30}"}
    sandbox.state.set_faults([{"status": 302, "headers": headers, "body": "moved"}])
    response = get(allow_redirects=False)
    assert (response.status_code, response.headers["Location"]) == (302, "/elsewhere")
    assert response.headers["Content-Type"] == "text/x-odd"
    wait = parsedate_to_datetime(response.headers["Retry-After"]).timestamp() - time.time()
    assert 28 < wait <= 30


def test_placeholders(sandbox, session, delete):
    value = sandbox.state.tokens[1201]["access_token"]
    body = {"error": "{authorization}", "list": ["{access_token:1201}", "{refresh_token:38}", "{access_token:5}", 7]}
    sandbox.state.set_faults([{"status": 500, "apply": True, "body": body}])
    response = delete(1201).json()
    assert response["error"] == session.headers["Authorization"]
    assert response["list"] == [value, "pLZYNfA082RVrUt6ArGiKroVrN6CS9ZJ2glbty5rA1CejmSVlGPk5GjfKarDR5VS", "", 7]


@pytest.mark.parametrize(("when", "there"), [("before", True), ("after", False)])
def test_a_dropped_connection_is_reset(sandbox, delete, when, there):
    sandbox.state.set_faults([{"drop": when, "times": 1}])
    with pytest.raises(requests.ConnectionError, match="Connection reset"):
        delete(38)
    assert (38 in sandbox.state.tokens) is there
    assert sandbox.state.requests[0]["status"] is None
    assert delete(38).status_code == (204 if there else 404)


def test_a_truncated_response_is_incomplete(sandbox, get):
    sandbox.state.set_faults([{"truncate": 100, "times": 1}])
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError), match="100 bytes read"):
        get()
    assert sandbox.state.requests[0]["status"] == 200
    assert get().status_code == 200


def test_a_truncated_response_can_end_in_a_reset(sandbox, get):
    sandbox.state.set_faults([{"truncate": 100, "drop": "after", "times": 1}])
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        get()


def test_a_stalled_response_sends_one_byte(sandbox, delete):
    sandbox.state.set_faults([{"stall": 60, "times": 1}])
    with pytest.raises(requests.exceptions.ReadTimeout):
        delete(38, timeout=0.2)
    assert 38 not in sandbox.state.tokens
    assert sandbox.state.requests[0]["status"] is None
    sandbox.state.set_faults([{"stall": 0, "times": 1}])
    with pytest.raises(requests.ConnectionError, match="BadStatusLine"):
        delete(143)


def test_a_delay_comes_after_the_effect(sandbox, delete):
    sandbox.state.set_faults([{"delay": 60, "times": 1}])
    with pytest.raises(requests.exceptions.ReadTimeout):
        delete(38, timeout=0.2)
    assert 38 not in sandbox.state.tokens


def raw(sandbox, request, *headers):
    """Return the bytes that the sandbox sends until it closes the connection."""
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), timeout=TIMEOUT) as connection:
        connection.sendall("\r\n".join([f"{request} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode())
        with connection.makefile("rb") as response:
            return response.read()


def test_a_connection_can_be_closed_without_a_header(sandbox):
    sandbox.state.set_faults([{"close": True, "times": 1}])
    # With a raw socket, because a client may or may not use this connection for its next request.
    sent = raw(sandbox, "GET /api/v2/chat")
    assert sent.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"Connection:" not in sent
    assert sent.endswith(b"There is no help desk configured at this address")


@pytest.mark.parametrize(("status", "phrase"), [(102, b"Processing"), (103, b"Early Hints")])
def test_interim_responses_precede_the_response(sandbox, status, phrase):
    sandbox.state.set_faults([{"interim": status, "interim_times": 2, "close": True}])
    sent = raw(sandbox, "DELETE /api/v2/chat/oauth/tokens/38", f"Authorization: Bearer {sandbox.access_token}")
    interim = b"HTTP/1.1 %d %s\r\n\r\n" % (status, phrase)
    assert sent.startswith(interim * 2 + b"HTTP/1.1 204 No Content\r\n")
    assert 38 not in sandbox.state.tokens
    assert sandbox.state.requests[0]["status"] == 204


def test_one_interim_response_is_the_default(sandbox):
    sandbox.state.set_faults([{"interim": 103, "status": 500, "body": "Oops", "close": True}])
    sent = raw(sandbox, "GET /api/v2/chat")
    assert sent.startswith(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 Internal Server Error\r\n")
    assert sent.endswith(b"\r\n\r\nOops")


def test_headers_are_added_to_the_normal_response(sandbox, get):
    normal = get()
    headers = {"Link": '<https://example.com/?page=2>; rel="next"', "X-Total-Count": "99", "content-type": "text/html"}
    sandbox.state.set_faults([{"headers": headers}])
    response = get()
    assert (response.status_code, response.content) == (200, normal.content)
    assert response.links["next"]["url"] == "https://example.com/?page=2"
    assert (response.headers["X-Total-Count"], response.headers["Content-Type"]) == ("99", "text/html")
    # The request takes effect: without valid credentials, the normal response is a 401.
    assert get(headers={"Authorization": "Bearer invalid"}).status_code == 401


def test_a_response_that_claims_to_be_gzip(sandbox, get):
    sandbox.state.set_faults([{"headers": {"Content-Encoding": "gzip"}}])
    with pytest.raises(requests.exceptions.ContentDecodingError):
        get()


@pytest.mark.parametrize("shift", [0, -600, 86_400])
def test_the_date_header(sandbox, shift):
    if shift:
        sandbox.state.set_faults([{"headers": {"Date": f"{{http_date:{shift}}}"}}])
    authorization = f"Authorization: Bearer {sandbox.access_token}"
    sent = raw(sandbox, "GET /api/v2/chat/oauth/tokens", authorization, "Connection: close").decode()
    (date,) = re.findall(r"(?mi)^date: (.*)\r$", sent)
    assert -2 < parsedate_to_datetime(date).timestamp() - time.time() - shift <= 1


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("applied", [True, False])
def test_a_delete_with_a_body(sandbox, status, applied):
    sandbox.state.set_faults([{"method": "DELETE", "status": status, "body": {"ok": 1}, "apply": applied}])
    authorization = f"Authorization: Bearer {sandbox.access_token}"
    sent = raw(sandbox, "DELETE /api/v2/chat/oauth/tokens/38", authorization, "Connection: close")
    assert sent.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nContent-Length: 9\r\n" in sent
    assert sent.endswith(b'\r\n\r\n{"ok": 1}')
    assert (38 in sandbox.state.tokens) is not applied


def test_a_revoked_token_can_be_accepted_for_some_requests(sandbox, session, get, delete):
    sandbox.state.set_faults([{"method": "DELETE", "bearer_linger": 2, "linger": 1}])
    own = {"Authorization": "Bearer " + sandbox.state.tokens[1102]["access_token"]}
    assert delete(1102).status_code == 204
    assert 1102 in [token["id"] for token in get().json()]
    assert delete(1102).status_code == 404
    me = f"{sandbox.api_url}/agents/me"
    assert [session.get(me, headers=own, timeout=TIMEOUT).status_code for attempt in range(3)] == [200, 200, 401]


def test_a_revoked_token_can_remain_listed(sandbox, get, delete):
    sandbox.state.set_faults([{"method": "DELETE", "linger": 2}])
    own = {"Authorization": "Bearer " + sandbox.state.tokens[1102]["access_token"]}
    assert [delete(n).status_code for n in (38, 1102, 1102)] == [204, 204, 204]
    assert 38 not in sandbox.state.live_ids()
    assert get(headers=own).status_code == 401
    assert [38 in [token["id"] for token in get().json()] for attempt in range(3)] == [True, True, False]


def test_a_delete_can_return_204_without_revoking(sandbox, get, delete):
    sandbox.state.set_faults([{"method": "DELETE", "linger": -1}])
    assert delete(38).status_code == 204
    assert [38 in [token["id"] for token in get().json()] for attempt in range(3)] == [True, True, True]
    assert 38 in sandbox.state.tokens


def test_tokens_can_be_added_after_a_request(sandbox, get, delete):
    sandbox.state.set_faults([{"method": "GET", "mint": [{"id": 50, "agent_id": 1, "client_identifier": "new"}]}])
    assert 50 not in [token["id"] for token in get().json()]
    assert 50 in [token["id"] for token in get().json()]
    assert delete(50).status_code == 204
    assert 50 not in [token["id"] for token in get().json()]


def test_a_fault_adds_its_tokens_only_once(sandbox, get, delete):
    sandbox.state.set_faults([{"method": "DELETE", "linger": 0, "mint": [{"id": 50}]}])
    assert [delete(n).status_code for n in (38, 50, 143)] == [204, 204, 204]
    assert 50 not in sandbox.state.live_ids()


def test_no_fault_acts_on_a_rate_limited_request(sandbox, get):
    sandbox.reset(faults=[{"status": 500, "after": 1}], rate_limit=1)
    assert [get().status_code for attempt in range(3)] == [200, 429, 429]


def test_stopping_interrupts_delays():
    sandbox = Sandbox(Options(latency=60, faults=[{"method": "DELETE", "stall": 60}])).start()
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}
    url = f"{sandbox.api_url}/oauth/tokens"
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = [
            pool.submit(requests.get, url, headers=headers, timeout=TIMEOUT),
            pool.submit(requests.delete, f"{url}/38", headers=headers, timeout=TIMEOUT),
        ]
        assert sandbox.state.wait_for_requests(2, TIMEOUT)
        sandbox.stop()
        for future in waiting:
            with pytest.raises(requests.ConnectionError):
                future.result()
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({}, "faults[0]: has no action"),
        ({"method": "GET"}, "faults[0]: has no action"),
        ({"status": 99}, "faults[0].status"),
        ({"status": 600}, "faults[0].status"),
        ({"status": True}, "faults[0].status"),
        ({"body": "x", "delay": 1}, "faults[0].body: requires status"),
        ({"status": 500, "path": "("}, "faults[0].path: is not a regular expression"),
        ({"drop": "now"}, "faults[0].drop: must be one of before, after"),
        ({"times": 0, "status": 500}, "faults[0].times"),
        ({"stall": -1}, "faults[0].stall"),
        ({"linger": -2}, "faults[0].linger"),
        ({"bearer_linger": -1}, "faults[0].bearer_linger"),
        ({"interim": 200}, "faults[0].interim: must be an HTTP status from 100 to 199"),
        ({"interim": 103, "interim_times": 0}, "faults[0].interim_times"),
        ({"delay": 1, "interim_times": 2}, "faults[0].interim_times: requires interim"),
        ({"apply": 1, "status": 500}, "faults[0].apply"),
        ({"mint": [{"id": "x"}]}, "faults[0].mint[0].id"),
        ({"status": 500, "headers": {"A": 1}}, "faults[0].headers.A"),
        ("x", "faults[0]: must be a JSON object"),
    ],
)
def test_an_invalid_fault_is_rejected_with_the_field(fault, message):
    with pytest.raises(InputError) as caught:
        Options(faults=[fault])
    assert message in str(caught.value)


def test_a_fault_can_be_an_object():
    assert Options(faults=[Fault(status=500)]).faults == [Fault(status=500)]
