# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox answers as the vendor's pages say, and what it answers comes from state."""

from __future__ import annotations

import concurrent.futures
import time
from datetime import datetime, timezone

import pytest

pytest.importorskip("flask", reason="the sandbox needs flask")
requests = pytest.importorskip("requests")

from tests.sandbox import (  # noqa: E402 - it needs flask, looked for above
    AUTOMATION_TOKEN_ID,
    COLLEAGUE_ID,
    LEAVER_EMAIL,
    LEAVER_ID,
    Options,
    Sandbox,
    demo_seed,
)

PAGE_TOKEN = {
    "access_token": "L0m2pVzxYpiVZOnzuWfGTHJjUxMicmbsEeGh4QSBqTTaScnprJNC8DusW5RwFTuo",
    "agent_id": 100000204,
    "client_identifier": "zopim",
    "create_date": "2014-09-09T07:49:20Z",
    "expire_date": "2014-09-09T17:49:20Z",
    "id": 38,
    "refresh_token": "pLZYNfA082RVrUt6ArGiKroVrN6CS9ZJ2glbty5rA1CejmSVlGPk5GjfKarDR5VS",
    "scopes": "read write",
    "token_type": "Bearer",
}
TIMEOUT = 10


def bearer(sandbox, token_id):
    """Return the header that authenticates with a listed token."""
    return {"Authorization": f"Bearer {sandbox.state.tokens[token_id]['access_token']}"}


def list_ids(session, base):
    """Return the ids that the list shows."""
    return [token["id"] for token in session.get(f"{base}/oauth/tokens", timeout=TIMEOUT).json()]


# The token list and DELETE


def test_the_list_is_a_bare_array_with_the_tokens_of_the_vendor_s_page(sandbox, session):
    answer = session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    tokens = answer.json()
    assert tokens[0] == PAGE_TOKEN
    assert (tokens[1]["id"], tokens[1]["agent_id"], tokens[1]["client_identifier"]) == (143, 10000026, "zendesk")
    assert [token["id"] for token in tokens] == sorted(sandbox.state.tokens)


def test_a_delete_answers_204_without_a_body_and_then_404(sandbox, session):
    url = f"{sandbox.api_url}/oauth/tokens/38"
    answer = session.delete(url, timeout=TIMEOUT)
    assert (answer.status_code, answer.reason, answer.content) == (204, "No Content", b"")
    assert not {"Content-Length", "Content-Type", "Transfer-Encoding"} & set(answer.headers)
    assert 38 not in list_ids(session, sandbox.api_url)
    again = session.delete(url, timeout=TIMEOUT)
    assert again.status_code == 404
    assert again.json()["error"] == "Not Found"


def test_both_bases_are_the_same_account(sandbox, session):
    session.delete(f"{sandbox.legacy_url}/oauth/tokens/143", timeout=TIMEOUT)
    assert 143 not in list_ids(session, sandbox.api_url)


def test_connections_are_kept(sandbox, session):
    for token_id in (1201, 1202, 1203):
        session.delete(f"{sandbox.api_url}/oauth/tokens/{token_id}", timeout=TIMEOUT)
    list_ids(session, sandbox.api_url)
    assert len({entry["connection"] for entry in sandbox.state.requests}) == 1


def test_a_connection_is_closed_for_who_asks(sandbox, session):
    answer = session.get(f"{sandbox.api_url}/oauth/tokens", headers={"Connection": "close"}, timeout=TIMEOUT)
    assert answer.headers["Connection"] == "close"


def test_a_head_has_the_length_and_no_body(sandbox, session):
    answer = session.head(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
    assert answer.content == b""
    assert int(answer.headers["Content-Length"]) > 1000
    assert len(list_ids(session, sandbox.api_url)) == 18


def test_a_body_without_a_known_end_is_refused(sandbox, session):
    answer = session.post(f"{sandbox.api_url}/oauth/tokens", data=iter([b"x"]), timeout=TIMEOUT)
    assert answer.status_code == 411


@pytest.mark.parametrize("path", ["/", "/api/v2/chat", "/api/v2/chat/chats", "/api/v2/chat/oauth/tokens/", "/x//y"])
def test_an_unknown_path_is_404_in_text(sandbox, session, path):
    answer = session.get(sandbox.url + path, timeout=TIMEOUT, allow_redirects=False)
    assert answer.status_code == 404
    assert answer.text == "There is no help desk configured at this address"


# Who may call


def test_basic_is_for_the_old_base_only(sandbox):
    auth = (sandbox.email, sandbox.password)
    assert requests.get(f"{sandbox.legacy_url}/oauth/tokens", auth=auth, timeout=TIMEOUT).status_code == 200
    refused = requests.get(f"{sandbox.api_url}/oauth/tokens", auth=auth, timeout=TIMEOUT)
    assert (refused.status_code, refused.json()) == (401, {"error": "Couldn't authenticate you"})


@pytest.mark.parametrize(
    "header",
    [None, "Bearer nonsense", "Bearer ", "Basic %%%", "Basic bm9jb2xvbg==", "Basic YTpi", "Digest x"],
)
def test_bad_credentials_are_401(sandbox, header):
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{sandbox.legacy_url}/oauth/tokens", headers=headers, auth=lambda r: r, timeout=TIMEOUT)
    assert answer.status_code == 401
    assert answer.json()["error"] == "Unauthorized"
    assert answer.json()["description"].startswith("The server could not verify")


def test_a_password_may_be_any_text():
    seed = demo_seed()
    seed["credentials"] = [{"email": "amelie.laurent@example.com", "password": "pässwörd: ŝ"}]
    with Sandbox(Options(seed=seed)) as sandbox:
        auth = (b"Amelie.Laurent@example.com", "pässwörd: ŝ".encode())
        assert requests.get(f"{sandbox.legacy_url}/oauth/tokens", auth=auth, timeout=TIMEOUT).status_code == 200


def test_an_agent_who_is_no_administrator_is_refused(sandbox):
    auth = ("priya.nair@example.com", "not-her-real-password")
    for answer in (
        requests.get(f"{sandbox.api_url}/oauth/tokens", headers=bearer(sandbox, 1301), timeout=TIMEOUT),
        requests.get(f"{sandbox.legacy_url}/oauth/tokens", auth=auth, timeout=TIMEOUT),
    ):
        assert answer.status_code == 403
        assert answer.json()["error"]["title"] == "Forbidden"
        assert "administrator" in answer.json()["error"]["message"]


def test_scopes_are_asked_for(sandbox):
    reader = bearer(sandbox, 1102)
    assert requests.get(f"{sandbox.api_url}/oauth/tokens", headers=reader, timeout=TIMEOUT).status_code == 200
    answer = requests.delete(f"{sandbox.api_url}/oauth/tokens/38", headers=reader, timeout=TIMEOUT)
    assert answer.status_code == 403
    description = "You are missing the following required scopes: write"
    assert answer.json() == {"error": "Forbidden", "description": description}
    assert 38 in sandbox.state.tokens


def test_an_expired_token_is_401_and_a_revoked_one_too(sandbox, session):
    expired = requests.get(f"{sandbox.api_url}/oauth/tokens", headers=bearer(sandbox, 1101), timeout=TIMEOUT)
    assert expired.status_code == 401
    own = f"{sandbox.api_url}/oauth/tokens/{AUTOMATION_TOKEN_ID}"
    assert session.delete(own, timeout=TIMEOUT).status_code == 204
    assert session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).status_code == 401


# Agents


def get(session, sandbox, path, base="api_url"):
    """Return what a GET of this path below a base of the API answers."""
    return session.get(f"{getattr(sandbox, base)}/{path}", timeout=TIMEOUT)


@pytest.mark.parametrize("base", ["api_url", "legacy_url"])
def test_agents_are_a_bare_array_by_id_as_the_seed_has_them(sandbox, session, base):
    answer = get(session, sandbox, "agents", base)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == list(sandbox.state.agents.values())
    assert [agent["id"] for agent in answer.json()] == sorted(sandbox.state.agents)
    # The page's form and the form that was seen.
    assert {type(agent["enabled"]) for agent in answer.json()} == {int, bool}


def test_pages_of_agents_begin_with_since_id_and_end_with_max_id(sandbox, session):
    sandbox.reset(agents=250)
    first = get(session, sandbox, "agents").json()
    assert len(first) == 100
    assert [agent["id"] for agent in first[:2]] == [2_000_001, 2_000_002]
    again = get(session, sandbox, f"agents?since_id={first[-1]['id']}&limit=2").json()
    assert again[0] == first[-1]
    assert [agent["id"] for agent in get(session, sandbox, "agents?max_id=2000002").json()] == [2_000_001, 2_000_002]
    last = get(session, sandbox, "agents?since_id=2000250").json()
    assert [agent["id"] for agent in last] == [2_000_250, *sorted(sandbox.state.agents)[-3:]]
    assert get(session, sandbox, f"agents?since_id={last[-1]['id'] + 1}").json() == []
    assert last[0]["email"] == "agent-2000250@example.com"


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "limit=all", "since_id=x", "max_id=-1"])
def test_a_page_of_agents_that_cannot_be_is_400(sandbox, session, query):
    answer = get(session, sandbox, f"agents?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"] == "Bad Request"


@pytest.mark.parametrize(
    "path", [LEAVER_ID, f"email/{LEAVER_EMAIL}", "email/Jonas.WEBER%40example.com", "email/%6Aonas.weber@example.com"]
)
def test_one_agent_by_id_or_address(sandbox, session, path):
    answer = get(session, sandbox, f"agents/{path}")
    assert (answer.status_code, answer.json()) == (200, sandbox.state.agents[LEAVER_ID])


def test_an_address_may_hold_what_means_something_in_a_url(sandbox, session):
    seed = demo_seed()
    del seed["credentials"][1]
    seed["agents"][1]["email"] = "/a/b?c#d+e%2F \n☃@example.com"
    sandbox.reset(seed=seed)
    path = "agents/email/%2Fa%2Fb%3Fc%23d+e%252F%20%0A%E2%98%83%40example.com"
    assert get(session, sandbox, path).json()["id"] == COLLEAGUE_ID
    # Slashes that are not encoded are the path's own.
    assert get(session, sandbox, path.replace("%2Fb", "/b")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["7", "email/nobody@example.com", "email/a%2Fb@x", "email/%2F", "email/", "email/%0A", "email/%FF", "email/me"],
)
def test_nobody_is_404(sandbox, session, path):
    answer = get(session, sandbox, f"agents/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"] == "Not Found"


def test_agents_are_for_administrators_with_the_scope_read(sandbox, session):
    paths = ["agents", f"agents/{LEAVER_ID}", f"agents/email/{LEAVER_EMAIL}"]
    assert {get(requests, sandbox, path).status_code for path in [*paths, "agents/me"]} == {401}
    session.headers.update(bearer(sandbox, 1301))
    assert {get(session, sandbox, path).status_code for path in paths} == {403}
    sandbox.state.add_tokens([{"id": 9, "agent_id": 10000001, "access_token": "writer", "scopes": "write"}])
    session.headers["Authorization"] = "Bearer writer"
    assert [get(session, sandbox, path).json()["error"] for path in paths] == ["Forbidden"] * 3


def test_me_is_who_asks(sandbox, session):
    assert get(session, sandbox, "agents/me").json()["id"] == 10000001
    session.headers.update(bearer(sandbox, 1301))
    assert get(session, sandbox, "agents/me").json()["id"] == COLLEAGUE_ID
    auth = ("priya.nair@example.com", "not-her-real-password")
    by_password = requests.get(f"{sandbox.legacy_url}/agents/me", auth=auth, timeout=TIMEOUT)
    assert by_password.json()["id"] == COLLEAGUE_ID
    sandbox.state.add_tokens([{"id": 9, "access_token": "of-nobody"}])
    session.headers["Authorization"] = "Bearer of-nobody"
    assert get(session, sandbox, "agents/me").status_code == 404


def test_agents_are_limited_endpoint_by_endpoint_and_meet_faults(sandbox, session):
    sandbox.reset(rate_limit=1, faults=[{"path": "agents/7$", "status": 502}])
    paths = ["agents", "agents", "agents/email/%2Fx", "agents/email/y", "agents/7", "agents/8"]
    assert [get(session, sandbox, path).status_code for path in paths] == [200, 429, 404, 429, 502, 429]


# The Support API, and mixing it up


def test_the_support_api_is_another_api_with_the_same_ids(sandbox, session):
    url = f"{sandbox.url}/support/api/v2/oauth/tokens"
    listed = session.get(url, timeout=TIMEOUT).json()
    assert set(listed) == {"tokens", "next_page", "previous_page", "count"}
    assert listed["count"] == len(listed["tokens"]) == 18
    assert {"id", "user_id", "client_id", "token"} <= set(listed["tokens"][0])
    assert {token["id"] for token in listed["tokens"]} == set(sandbox.state.tokens)
    assert session.delete(f"{url}/38", timeout=TIMEOUT).status_code == 204
    assert session.delete(f"{url}/38", timeout=TIMEOUT).status_code == 404
    assert 38 in sandbox.state.tokens
    assert 38 not in session.get(f"{sandbox.url}/_sandbox/support_tokens", timeout=TIMEOUT).json()


def test_a_zendesk_host_has_the_support_api_at_the_old_path(sandbox, session):
    session.headers["Host"] = "acme.zendesk.com"
    assert "tokens" in session.get(f"{sandbox.url}/api/v2/oauth/tokens", timeout=TIMEOUT).json()
    assert isinstance(session.get(f"{sandbox.url}/api/v2/chat/oauth/tokens", timeout=TIMEOUT).json(), list)
    session.delete(f"{sandbox.url}/api/v2/oauth/tokens/38", timeout=TIMEOUT)
    assert 38 in sandbox.state.tokens
    assert 38 not in sandbox.state.support_tokens
    assert sandbox.state.requests[-1]["path"] == "/api/v2/oauth/tokens/38"


def test_the_support_api_wants_credentials_too(sandbox):
    url = f"{sandbox.url}/support/api/v2/oauth/tokens"
    assert requests.get(url, timeout=TIMEOUT).status_code == 401
    assert requests.delete(f"{url}/38", timeout=TIMEOUT).status_code == 401


# The demo account


def test_the_demo_account_is_what_the_stories_need(sandbox):
    tokens = list(sandbox.state.tokens.values())
    assert len(sandbox.state.agents) == 3
    assert any(not agent["first_name"].isascii() for agent in sandbox.state.agents.values())
    assert all(agent["email"].endswith("@example.com") for agent in sandbox.state.agents.values())
    assert sum(token["agent_id"] == LEAVER_ID for token in tokens) == 12
    assert sum(token["expire_date"] is None for token in tokens) == 2
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert sum(token["expire_date"] is not None and token["expire_date"] < now for token in tokens) == 7
    assert len({token["client_identifier"] for token in tokens}) >= 5
    assert {scope for token in tokens for scope in token["scopes"].split()} == {"read", "write", "chat"}
    assert sandbox.state.tokens[AUTOMATION_TOKEN_ID]["access_token"] == sandbox.access_token


def test_invented_secrets_are_plainly_fake_and_told_apart_by_their_beginning(sandbox):
    invented = [token for token in sandbox.state.tokens.values() if token["id"] not in (38, 143)]
    values = [token[key] for token in invented for key in ("access_token", "refresh_token")]
    assert all(len(value) == 64 and value.isalnum() and "FAKE" in value and "NOTaREAL" in value for value in values)
    assert len({value[:8] for value in values}) == len(values)


# Options


def test_a_rate_limit_is_per_endpoint_and_says_how_long_to_wait(sandbox, session):
    sandbox.reset(rate_limit=2, rate_window=30)
    statuses = [session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).status_code for attempt in range(2)]
    assert statuses == [200, 200]
    refused = session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
    assert refused.headers["Content-Type"].startswith("text/plain")
    # Another endpoint has a window of its own, and all ids are one endpoint.
    deletes = [
        session.delete(f"{sandbox.api_url}/oauth/tokens/{n}", timeout=TIMEOUT).status_code for n in (38, 143, 1201)
    ]
    assert deletes == [204, 204, 429]
    assert 1201 in sandbox.state.tokens


def test_a_window_is_fixed_and_begins_with_its_first_request(sandbox, monkeypatch):
    sandbox.reset(rate_limit=2, rate_window=3)
    clock = [100.0]
    monkeypatch.setattr("tests.sandbox.state.time.monotonic", lambda: clock[0])
    waits = []
    for moment in (100.0, 100.5, 100.6, 102.95, 103.0, 105.9, 105.95, 106.0):
        clock[0] = moment
        waits.append(sandbox.state.admit("list"))
    assert waits == [None, None, 3, 1, None, None, 1, None]


def test_latency_is_waited_side_by_side(sandbox, session):
    sandbox.reset(latency=0.2, tokens=32)
    ids = [token_id for token_id in sandbox.state.live_ids() if token_id > 1_000_000]

    def revoke(token_id):
        url = f"{sandbox.api_url}/oauth/tokens/{token_id}"
        return requests.delete(url, headers=session.headers, timeout=TIMEOUT).status_code

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert set(pool.map(revoke, ids)) == {204}
    assert 0.2 <= time.monotonic() - began < 3.2
    assert len({entry["connection"] for entry in sandbox.state.requests}) == 32


def test_a_capped_list_shows_the_lowest_ids_and_moves_on(sandbox, session):
    sandbox.reset(list_cap=2)
    assert list_ids(session, sandbox.api_url) == [38, 143]
    session.delete(f"{sandbox.api_url}/oauth/tokens/38", timeout=TIMEOUT)
    assert list_ids(session, sandbox.api_url) == [143, 1100]
    assert len(session.get(f"{sandbox.url}/_sandbox/tokens", timeout=TIMEOUT).json()) == 17


def test_values_can_be_listed_shortened(sandbox, session):
    sandbox.reset(value_length=10)
    tokens = session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).json()
    assert {len(token[key]) for token in tokens for key in ("access_token", "refresh_token")} == {10}


def test_generated_tokens_are_dealt_to_the_agents_and_always_the_same(sandbox, session):
    sandbox.reset(tokens=9)
    first = [token for token in sandbox.state.tokens.values() if token["client_identifier"] == "generated"]
    sandbox.reset(tokens=9)
    second = [token for token in sandbox.state.tokens.values() if token["client_identifier"] == "generated"]
    assert [token["id"] for token in first] == list(range(1_000_001, 1_000_010))
    assert {token["agent_id"] for token in first} == set(sandbox.state.agents)
    dates = ("create_date", "expire_date")
    timeless = [
        [{key: value for key, value in token.items() if key not in dates} for token in run] for run in (first, second)
    ]
    assert timeless[0] == timeless[1]
    assert len(list_ids(session, sandbox.api_url)) == 18 + 9


def test_fifty_thousand_tokens_stay_quick(sandbox, session):
    sandbox.reset(tokens=50_000)
    began = time.monotonic()
    for token_id in range(1_000_001, 1_000_101):
        session.delete(f"{sandbox.api_url}/oauth/tokens/{token_id}", timeout=TIMEOUT)
    session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
    assert time.monotonic() - began < 5


# Controls


def test_the_log_tells_all_and_only_the_api_s_requests(sandbox, session):
    session.get(f"{sandbox.api_url}/oauth/tokens?a=b", timeout=TIMEOUT)
    session.get(f"{sandbox.url}/_sandbox/tokens", timeout=TIMEOUT)
    auth = (sandbox.email, sandbox.password)
    requests.delete(f"{sandbox.legacy_url}/oauth/tokens/7", auth=auth, timeout=TIMEOUT)
    requests.get(f"{sandbox.api_url}/agents/email/a%2Fb%40example.com", auth=lambda r: r, timeout=TIMEOUT)
    log = session.get(f"{sandbox.url}/_sandbox/requests", timeout=TIMEOUT).json()
    keys = ("method", "path", "query", "status", "authorization")
    assert [tuple(entry[key] for key in keys) for entry in log] == [
        ("GET", "/api/v2/chat/oauth/tokens", "a=b", 200, "bearer"),
        ("DELETE", "/api/v2/oauth/tokens/7", "", 404, "basic"),
        ("GET", "/api/v2/chat/agents/email/a%2Fb%40example.com", "", 401, None),
    ]
    assert log[0]["at"] <= log[1]["at"] <= log[2]["at"] <= time.time() + 1
    assert session.delete(f"{sandbox.url}/_sandbox/requests", timeout=TIMEOUT).status_code == 204
    assert sandbox.state.requests == []


def test_requests_can_be_waited_for(sandbox, session):
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        waiting = other.submit(sandbox.state.wait_for_requests, 1, TIMEOUT, "DELETE")
        session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
        session.delete(f"{sandbox.api_url}/oauth/tokens/38", timeout=TIMEOUT)
        assert waiting.result() is True
    assert sandbox.state.wait_for_requests(2, 0) is True
    assert sandbox.state.wait_for_requests(2, 0.01, "GET") is False


def test_a_reset_goes_back_to_the_start(sandbox, session):
    session.delete(f"{sandbox.api_url}/oauth/tokens/38", timeout=TIMEOUT)
    session.put(f"{sandbox.url}/_sandbox/faults", json=[{"status": 500}], timeout=TIMEOUT)
    url = f"{sandbox.url}/_sandbox/reset"
    assert session.post(url, json={"options": {"list_cap": 1}}, timeout=TIMEOUT).status_code == 204
    assert sandbox.state.requests == []
    assert list_ids(session, sandbox.api_url) == [38]
    assert session.post(url, timeout=TIMEOUT).status_code == 204
    assert len(list_ids(session, sandbox.api_url)) == 18


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "reset", '{"options": {"port": 80}}', "port"),
        ("POST", "reset", '{"options": {"latency": "1"}}', "latency"),
        ("POST", "reset", "[]", "object"),
        ("POST", "reset", "{", "not JSON"),
        ("POST", "tokens", '[{"id": true}]', "tokens[0].id"),
        ("PUT", "faults", '[{"statsu": 500}]', "statsu"),
    ],
)
def test_a_wrong_control_request_is_told_so(sandbox, session, method, path, body, told):
    answer = session.request(method, f"{sandbox.url}/_sandbox/{path}", data=body, timeout=TIMEOUT)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert len(sandbox.state.live_ids()) == 18


def test_tokens_can_be_added_as_they_are(sandbox, session):
    odd = {"id": 100, "agent_id": 5, "client_identifier": None, "create_date": "now-2d", "extra": "ü"}
    answer = session.post(f"{sandbox.url}/_sandbox/tokens", json=[odd], timeout=TIMEOUT)
    assert (answer.status_code, answer.json()) == (201, [100])
    assert list_ids(session, sandbox.api_url)[:3] == [38, 100, 143]
    listed = session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).json()[1]
    age = datetime.now(timezone.utc) - datetime.strptime(listed.pop("create_date"), "%Y-%m-%dT%H:%M:%S%z")
    assert 0 <= age.total_seconds() - 2 * 86_400 < 60
    assert listed == {"id": 100, "agent_id": 5, "client_identifier": None, "extra": "ü"}


def test_a_token_that_replaces_another_takes_its_place(sandbox, session):
    sandbox.state.add_tokens([{"id": AUTOMATION_TOKEN_ID, "access_token": "x"}])
    assert session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).status_code == 401


def test_secrets_of_the_past_are_still_known(sandbox):
    sandbox.state.add_tokens([{"id": 100, "access_token": "the-first", "refresh_token": None}, {"id": 101}])
    sandbox.state.add_tokens([{"id": 100, "access_token": "the-second", "refresh_token": "to-refresh"}])
    agents = [{"id": 1, "email": "a@example.com"}]
    sandbox.reset(seed={"agents": agents, "tokens": [], "credentials": [{"email": "a@example.com", "password": "ü"}]})
    known = sandbox.state.secrets
    assert {"the-first", "the-second", "to-refresh", "ü", "YUBleGFtcGxlLmNvbTrDvA=="} <= known
    # Those of the demo account, from before the reset.
    assert {"not-a-real-password", "L0m2pVzxYpiVZOnzuWfGTHJjUxMicmbsEeGh4QSBqTTaScnprJNC8DusW5RwFTuo"} <= known
    assert all(isinstance(secret, str) and secret for secret in known)
