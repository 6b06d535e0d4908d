# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault of README.md does what README.md states, over a real socket."""

from __future__ import annotations

import concurrent.futures
import re
import socket
import time

import pytest

from tests.sandbox import Options, Sandbox, fake_secret

RESET, TIMEOUT = "reset", "timeout"


def exchange(sandbox, request="DELETE /oauth/tokens/1102", timeout=10.0):
    """Return the bytes of the response, or RESET, or TIMEOUT if the connection is not closed in time."""
    address = ("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
    method, path = request.split(" ")
    lines = [f"{method} /api/v2/chat{path} HTTP/1.1", "Host: x", f"Authorization: Bearer {sandbox.access_token}"]
    with socket.create_connection(address, timeout=timeout) as connection, connection.makefile("rb") as response:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        try:
            return response.read().decode()
        except ConnectionResetError:
            return RESET
        except TimeoutError:
            return TIMEOUT


VALUE = fake_secret("access", 1102)
NORMAL = "HTTP/1.1 204 No Content\r\n.*\r\n\r\n"
JSON = ".*\r\nContent-Type: application/json\r\n.*\r\n\r\n"
TEXT = ".*\r\nContent-Type: text/{}; charset=utf-8\r\n.*\r\n\r\n"
# the fault of a DELETE, a regular expression for the complete response, and whether the token is revoked
FAULTS = {
    "status": ({"status": 502}, "HTTP/1.1 502 Bad Gateway\r\n.*Content-Length: 0\r\n.*\r\n\r\n", False),
    "status, applied": ({"status": 502, "apply": True}, "HTTP/1.1 502 Bad Gateway\r\n.*\r\n\r\n", True),
    "not applied": ({"apply": False, "delay": 0}, "HTTP/1.1 200 OK\r\n.*\r\n\r\n", False),
    "text": ({"status": 200, "body": "a{b}ü"}, TEXT.format("plain") + r"a\{b\}ü", False),
    "HTML": ({"status": 200, "body": "<p>"}, TEXT.format("html") + "<p>", False),
    "JSON": ({"status": 202, "body": [{"id": True}]}, JSON + re.escape('[{"id": true}]'), False),
    "headers": ({"headers": {"Link": "<x>"}}, "HTTP/1.1 204 No Content\r\n.*Link: <x>\r\n.*\r\n\r\n", True),
    "headers of a status": ({"status": 302, "headers": {"Location": "/x"}}, ".* 302 .*\r\nLocation: /x\r\n.*", False),
    "placeholders": (
        {"status": 500, "body": ["{authorization}", "{access_token:1102} {refresh_token:9}"], "apply": True},
        f'{JSON}."Bearer {fake_secret("access", 1100)}", "{VALUE} ".',
        True,
    ),
    "http_date": ({"headers": {"Date": "{http_date:-999999999}"}}, r"[^,]*\r\nDate: \w+, \d+ \w+ 199\d .*", True),
    "interim": ({"interim": 102, "interim_times": 2}, f"(HTTP/1.1 102 Processing\r\n\r\n){{2}}{NORMAL}", True),
    "drop before": ({"drop": "before"}, RESET, False),
    "drop after": ({"drop": "after"}, RESET, True),
    "truncate": ({"status": 200, "body": "abc", "truncate": 2}, ".*Content-Length: 3\r\n.*\r\n\r\nab", False),
    "stall": ({"stall": 0.01}, "H", True),
    "delay": ({"delay": 60}, TIMEOUT, True),
    "linger": ({"linger": -1}, NORMAL, False),
}


@pytest.mark.parametrize(("fault", "response", "revoked"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_changes_the_response(sandbox, fault, response, revoked):
    sandbox.reset(faults=[{"method": "DELETE", **fault}])
    assert re.fullmatch(response, exchange(sandbox, timeout=1 if response == TIMEOUT else 10), re.DOTALL)
    assert (1102 not in sandbox.state.tokens) is revoked
    assert (sandbox.state.requests[0]["status"] is None) is (response in (RESET, TIMEOUT, "H"))


def test_the_first_fault_that_matches_and_is_not_exhausted_acts(sandbox):
    sandbox.reset(
        faults=[
            {"method": "delete", "status": 501, "times": 1},
            {"path": "/oauth/tokens$", "status": 502, "after": 1, "times": 2},
            {"method": "DELETE", "path": "/38$", "status": 503},
        ]
    )
    deletes, lists = ["DELETE /oauth/tokens/38"] * 3 + ["DELETE /oauth/tokens/143"], ["GET /oauth/tokens"] * 4
    statuses = [int(exchange(sandbox, request).split()[1]) for request in [*deletes, *lists]]
    assert statuses == [501, 503, 503, 204, 200, 502, 502, 200]


# whether each of the next three lists contains the token, and whether each of the next three requests can use it
LINGERING = [
    ({"linger": 2}, [True, True, False], [401, 401, 401]),
    ({"linger": -1}, [True, True, True], [200, 200, 200]),
    ({"bearer_linger": 2}, [False, False, False], [200, 200, 401]),
]


@pytest.mark.parametrize(("fault", "listed", "accepted"), LINGERING)
def test_a_revoked_token_can_remain(sandbox, send, fault, listed, accepted):
    sandbox.reset(faults=[{"method": "DELETE", **fault}])
    assert send("DELETE /oauth/tokens/1102").status_code == 204
    assert [1102 in [token["id"] for token in send("GET /oauth/tokens").json()] for _list in listed] == listed
    assert [send("GET /agents/me", f"Bearer {VALUE}").status_code for _request in accepted] == accepted


@pytest.mark.parametrize(("fault", "listed"), [(fault, listed) for fault, listed, _accepted in LINGERING[:2]])
def test_a_deleted_client_can_remain(sandbox, send, fault, listed):
    """Its tokens are revoked, if at all, when it is deleted."""
    sandbox.reset(faults=[{"method": "DELETE", **fault}], revoke_with_client=True)
    assert send("DELETE /oauth/clients/9204").status_code == 204
    exists = fault["linger"] < 0
    assert (9204 in sandbox.state.clients, 1102 in sandbox.state.tokens) == (exists, exists)
    assert [9204 in [client["id"] for client in send("GET /oauth/clients").json()] for _list in listed] == listed


def test_mint_adds_tokens_after_the_first_request(sandbox, send):
    """Sorted by id, and unchanged except for relative dates."""
    token = {"id": 100, "agent_id": 5, "client_identifier": None, "extra": "ü"}
    sandbox.reset(faults=[{"method": "GET", "mint": [{**token, "create_date": "now-2d"}]}])
    assert len(send("GET /oauth/tokens").json()) == 21
    minted = send("GET /oauth/tokens").json()[1]
    day = minted.pop("create_date")[:10]
    assert minted == token
    assert day in {time.strftime("%Y-%m-%d", time.gmtime(time.time() - 2 * 86_400 - seconds)) for seconds in (0, 60)}
    send("DELETE /oauth/tokens/100")
    assert len(send("GET /oauth/tokens").json()) == len(sandbox.state.tokens) == 21


@pytest.mark.parametrize("option", [{"latency": 60}, {"faults": [{"stall": 60}]}])
def test_stopping_ends_every_wait(option):
    sandbox = Sandbox(Options(**option)).start()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pending = pool.submit(exchange, sandbox)
        assert sandbox.state.wait_for_requests(1, 10)
        start = time.monotonic()
        sandbox.stop()
        assert pending.result() in ("", "H", RESET)
        assert time.monotonic() - start < 5
    sandbox.stop()
    with pytest.raises(RuntimeError):
        str(sandbox.url)
