# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The responses of the sandbox match the vendor's pages, and requests change its state."""

from __future__ import annotations

import concurrent.futures
import hashlib
import time
from datetime import datetime, timezone

import pytest

pytest.importorskip("flask", reason="the sandbox requires flask")
requests = pytest.importorskip("requests")

from tests.sandbox import (  # noqa: E402 - it requires flask, see above
    AUTOMATION_TOKEN_ID,
    COLLEAGUE_ID,
    DELETED_ID,
    LEAVER_EMAIL,
    LEAVER_ID,
    UNKNOWN_ID,
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
    """Return the header that authenticates with a token."""
    return {"Authorization": f"Bearer {sandbox.state.tokens[token_id]['access_token']}"}


def list_ids(session, base):
    """Return the ids in the token list."""
    return [token["id"] for token in session.get(f"{base}/oauth/tokens", timeout=TIMEOUT).json()]


# The token list and DELETE


def test_the_list_is_a_bare_array_with_the_tokens_of_the_vendor_s_page(sandbox, session):
    response = session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert int(response.headers["Content-Length"]) == len(response.content)
    tokens = response.json()
    assert tokens[0] == PAGE_TOKEN
    assert (tokens[1]["id"], tokens[1]["agent_id"], tokens[1]["client_identifier"]) == (143, 10000026, "zendesk")
    assert [token["id"] for token in tokens] == sorted(sandbox.state.tokens)


def test_a_delete_returns_204_without_a_body_and_then_404(sandbox, session):
    url = f"{sandbox.api_url}/oauth/tokens/38"
    response = session.delete(url, timeout=TIMEOUT)
    assert (response.status_code, response.reason, response.content) == (204, "No Content", b"")
    assert not {"Content-Length", "Content-Type", "Transfer-Encoding"} & set(response.headers)
    assert 38 not in list_ids(session, sandbox.api_url)
    again = session.delete(url, timeout=TIMEOUT)
    assert again.status_code == 404
    assert again.json()["error"] == "Not Found"


def test_both_base_urls_serve_the_same_account(sandbox, session):
    session.delete(f"{sandbox.legacy_url}/oauth/tokens/143", timeout=TIMEOUT)
    assert 143 not in list_ids(session, sandbox.api_url)


def test_connections_stay_open(sandbox, session):
    for token_id in (1201, 1202, 1203):
        session.delete(f"{sandbox.api_url}/oauth/tokens/{token_id}", timeout=TIMEOUT)
    list_ids(session, sandbox.api_url)
    assert len({entry["connection"] for entry in sandbox.state.requests}) == 1


def test_a_connection_is_closed_on_request(sandbox, session):
    response = session.get(f"{sandbox.api_url}/oauth/tokens", headers={"Connection": "close"}, timeout=TIMEOUT)
    assert response.headers["Connection"] == "close"


def test_a_head_returns_the_length_and_no_body(sandbox, session):
    response = session.head(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
    assert response.content == b""
    assert int(response.headers["Content-Length"]) > 1000
    assert len(list_ids(session, sandbox.api_url)) == 21


def test_a_body_of_unknown_length_is_rejected(sandbox, session):
    response = session.post(f"{sandbox.api_url}/oauth/tokens", data=iter([b"x"]), timeout=TIMEOUT)
    assert response.status_code == 411


@pytest.mark.parametrize("path", ["/", "/api/v2/chat", "/api/v2/chat/chats", "/api/v2/chat/oauth/tokens/", "/x//y"])
def test_an_unknown_path_returns_404_as_text(sandbox, session, path):
    response = session.get(sandbox.url + path, timeout=TIMEOUT, allow_redirects=False)
    assert response.status_code == 404
    assert response.text == "There is no help desk configured at this address"


# Authentication and authorization


def test_only_the_old_base_url_accepts_basic_authentication(sandbox):
    auth = (sandbox.email, sandbox.password)
    assert requests.get(f"{sandbox.legacy_url}/oauth/tokens", auth=auth, timeout=TIMEOUT).status_code == 200
    rejected = requests.get(f"{sandbox.api_url}/oauth/tokens", auth=auth, timeout=TIMEOUT)
    assert (rejected.status_code, rejected.json()) == (401, {"error": "Couldn't authenticate you"})


@pytest.mark.parametrize(
    "header",
    [None, "Bearer nonsense", "Bearer ", "Basic %%%", "Basic bm9jb2xvbg==", "Basic YTpi", "Digest x"],
)
def test_invalid_credentials_return_401(sandbox, header):
    headers = {"Authorization": header} if header else {}
    response = requests.get(f"{sandbox.legacy_url}/oauth/tokens", headers=headers, auth=lambda r: r, timeout=TIMEOUT)
    assert response.status_code == 401
    assert response.json()["error"] == "Unauthorized"
    assert response.json()["description"].startswith("The server could not verify")


def test_a_password_can_contain_any_character():
    seed = demo_seed()
    seed["credentials"] = [{"email": "amelie.laurent@example.com", "password": "pässwörd: ŝ"}]
    with Sandbox(Options(seed=seed)) as sandbox:
        auth = (b"Amelie.Laurent@example.com", "pässwörd: ŝ".encode())
        assert requests.get(f"{sandbox.legacy_url}/oauth/tokens", auth=auth, timeout=TIMEOUT).status_code == 200


def test_an_agent_without_the_administrator_role_gets_403(sandbox):
    auth = ("priya.nair@example.com", "not-her-real-password")
    for response in (
        requests.get(f"{sandbox.api_url}/oauth/tokens", headers=bearer(sandbox, 1301), timeout=TIMEOUT),
        requests.get(f"{sandbox.legacy_url}/oauth/tokens", auth=auth, timeout=TIMEOUT),
    ):
        assert response.status_code == 403
        assert response.json()["error"]["title"] == "Forbidden"
        assert "administrator" in response.json()["error"]["message"]


def test_a_missing_scope_returns_403(sandbox):
    reader = bearer(sandbox, 1102)
    assert requests.get(f"{sandbox.api_url}/oauth/tokens", headers=reader, timeout=TIMEOUT).status_code == 200
    response = requests.delete(f"{sandbox.api_url}/oauth/tokens/38", headers=reader, timeout=TIMEOUT)
    assert response.status_code == 403
    description = "You are missing the following required scopes: write"
    assert response.json() == {"error": "Forbidden", "description": description}
    assert 38 in sandbox.state.tokens


def test_an_expired_token_and_a_revoked_token_get_401(sandbox, session):
    assert get(requests, sandbox, "agents/me", headers=bearer(sandbox, 1101)).status_code == 401
    own = f"{sandbox.api_url}/oauth/tokens/{AUTOMATION_TOKEN_ID}"
    assert get(session, sandbox, "agents/me").status_code == 200
    assert session.delete(own, timeout=TIMEOUT).status_code == 204
    assert get(session, sandbox, "agents/me").status_code == 401


def test_an_unlisted_token_authenticates_and_cannot_be_revoked(sandbox, session):
    seed = demo_seed()
    next(token for token in seed["tokens"] if token["id"] == 1301)["listed"] = False
    sandbox.reset(seed=seed)
    assert get(requests, sandbox, "agents/me", headers=bearer(sandbox, 1301)).json()["id"] == COLLEAGUE_ID
    assert 1301 not in list_ids(session, sandbox.api_url)
    assert session.delete(f"{sandbox.api_url}/oauth/tokens/1301", timeout=TIMEOUT).status_code == 404
    assert 1301 in sandbox.state.live_ids()
    assert "listed" not in sandbox.state.tokens[1301]


# Clients


@pytest.mark.parametrize("base", ["api_url", "legacy_url"])
def test_clients_are_a_bare_array(sandbox, session, base):
    clients = get(session, sandbox, "oauth/clients", base).json()
    assert clients == sandbox.state.clients
    documented = {
        *("id", "name", "company", "client_secret", "client_identifier", "client_type", "redirect_uris", "scopes"),
        *("agent_id", "create_date", "update_date"),
    }
    assert all(client.keys() == documented for client in clients)
    used = {token["client_identifier"] for token in sandbox.state.tokens.values()}
    assert {client["client_identifier"] for client in clients} == used
    assert all(
        isinstance(client["redirect_uris"], str) and not client["update_date"].endswith("Z") for client in clients
    )


def test_clients_are_returned_as_in_the_seed(sandbox, session):
    odd = {"name": None, "extra": [1]}
    sandbox.reset(seed={**demo_seed(), "clients": [odd]})
    assert get(session, sandbox, "oauth/clients").json() == [odd]


# Agents


def get(session, sandbox, path, base="api_url", **more):
    """Return the response to a GET of this path below a base URL."""
    return session.get(f"{getattr(sandbox, base)}/{path}", timeout=TIMEOUT, **more)


@pytest.mark.parametrize("base", ["api_url", "legacy_url"])
def test_agents_are_a_bare_array_sorted_by_id(sandbox, session, base):
    response = get(session, sandbox, "agents", base)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == list(sandbox.state.agents.values())
    assert [agent["id"] for agent in response.json()] == sorted(sandbox.state.agents)
    # 1 or 0 on the vendor's page, true or false in recorded responses.
    assert {type(agent["enabled"]) for agent in response.json() if agent["id"] != UNKNOWN_ID} == {int, bool}


def test_since_id_and_max_id_are_inclusive(sandbox, session):
    sandbox.reset(agents=250)
    first = get(session, sandbox, "agents").json()
    assert len(first) == 100
    assert [agent["id"] for agent in first[:2]] == [2_000_001, 2_000_002]
    again = get(session, sandbox, f"agents?since_id={first[-1]['id']}&limit=2").json()
    assert again[0] == first[-1]
    assert [agent["id"] for agent in get(session, sandbox, "agents?max_id=2000002").json()] == [2_000_001, 2_000_002]
    last = get(session, sandbox, "agents?since_id=2000250").json()
    assert [agent["id"] for agent in last] == [2_000_250, *sorted(sandbox.state.agents)[-4:]]
    assert get(session, sandbox, f"agents?since_id={last[-1]['id'] + 1}").json() == []
    assert last[0]["email"] == "agent-2000250@example.com"


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "limit=all", "since_id=x", "max_id=-1"])
def test_an_invalid_query_of_agents_returns_400(sandbox, session, query):
    response = get(session, sandbox, f"agents?{query}")
    assert response.status_code == 400
    assert response.json()["error"] == "Bad Request"


@pytest.mark.parametrize(
    "path", [LEAVER_ID, f"email/{LEAVER_EMAIL}", "email/Jonas.WEBER%40example.com", "email/%6Aonas.weber@example.com"]
)
def test_one_agent_by_id_or_address(sandbox, session, path):
    response = get(session, sandbox, f"agents/{path}")
    assert (response.status_code, response.json()) == (200, sandbox.state.agents[LEAVER_ID])


def test_an_agent_needs_only_an_id(sandbox, session):
    seed = demo_seed()
    seed["agents"] += [{"id": 1}, {"id": 2, "email": None, "enabled": None, "roles": None}]
    seed["agents"] += [{"id": 3, "email": "", "roles": {"administrator": None}}]
    seed["tokens"] += [{"id": 9, "agent_id": 2, "access_token": "no-role"}]
    sandbox.reset(seed=seed)
    assert get(session, sandbox, "agents?limit=3").json() == seed["agents"][5:]
    assert get(session, sandbox, "agents/1").json() == {"id": 1}
    assert {get(session, sandbox, f"agents/email/{address}").status_code for address in ("", "None", "null")} == {404}
    assert get(requests, sandbox, "oauth/tokens", headers={"Authorization": "Bearer no-role"}).status_code == 403


def test_a_deleted_agent_is_gone_but_keeps_its_tokens(sandbox, session):
    (deleted,) = [agent for agent in demo_seed()["agents"] if agent.get("deleted")]
    assert deleted["id"] == DELETED_ID
    agents = [agent["id"] for agent in get(session, sandbox, "agents").json()]
    assert agents == [10000001, COLLEAGUE_ID, UNKNOWN_ID, LEAVER_ID]
    paths = [str(DELETED_ID), f"email/{deleted['email']}"]
    assert {get(session, sandbox, f"agents/{path}").status_code for path in paths} == {404}
    tokens = get(session, sandbox, "oauth/tokens").json()
    assert [token["id"] for token in tokens if token["agent_id"] == DELETED_ID] == [1401, 1402]


def test_agents_have_a_last_login(sandbox):
    sandbox.reset(agents=7)
    logins = [agent["last_login"] for agent in sandbox.state.agents.values()]
    assert logins[6] is None
    dates = [datetime.strptime(login, "%Y-%m-%dT%H:%M:%S%z") for login in logins if login is not None]
    assert len(dates) == 10
    assert max(dates) <= datetime.now(timezone.utc)


def test_an_address_can_contain_reserved_characters_of_a_url(sandbox, session):
    seed = demo_seed()
    del seed["credentials"][1]
    seed["agents"][1]["email"] = "/a/b?c#d+e%2F \n☃@example.com"
    sandbox.reset(seed=seed)
    path = "agents/email/%2Fa%2Fb%3Fc%23d+e%252F%20%0A%E2%98%83%40example.com"
    assert get(session, sandbox, path).json()["id"] == COLLEAGUE_ID
    # A slash that is not encoded is part of the path.
    assert get(session, sandbox, path.replace("%2Fb", "/b")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["7", "email/nobody@example.com", "email/a%2Fb@x", "email/%2F", "email/", "email/%0A", "email/%FF", "email/me"],
)
def test_an_unknown_agent_returns_404(sandbox, session, path):
    response = get(session, sandbox, f"agents/{path}")
    assert response.status_code == 404
    assert response.json()["error"] == "Not Found"


def test_agents_and_clients_require_an_administrator_with_the_scope_read(sandbox, session):
    paths = ["agents", f"agents/{LEAVER_ID}", f"agents/email/{LEAVER_EMAIL}", "oauth/clients"]
    assert {get(requests, sandbox, path).status_code for path in [*paths, "agents/me"]} == {401}
    session.headers.update(bearer(sandbox, 1301))
    assert {get(session, sandbox, path).status_code for path in paths} == {403}
    sandbox.state.add_tokens([{"id": 9, "agent_id": 10000001, "access_token": "writer", "scopes": "write"}])
    session.headers["Authorization"] = "Bearer writer"
    assert [get(session, sandbox, path).json()["error"] for path in paths] == ["Forbidden"] * 4


def test_me_is_the_caller(sandbox, session):
    assert get(session, sandbox, "agents/me").json()["id"] == 10000001
    session.headers.update(bearer(sandbox, 1301))
    assert get(session, sandbox, "agents/me").json()["id"] == COLLEAGUE_ID
    auth = ("priya.nair@example.com", "not-her-real-password")
    by_password = requests.get(f"{sandbox.legacy_url}/agents/me", auth=auth, timeout=TIMEOUT)
    assert by_password.json()["id"] == COLLEAGUE_ID
    sandbox.state.add_tokens([{"id": 9, "access_token": "of-nobody"}])
    session.headers["Authorization"] = "Bearer of-nobody"
    assert get(session, sandbox, "agents/me").status_code == 404


def test_agents_have_rate_limits_per_endpoint_and_faults(sandbox, session):
    sandbox.reset(rate_limit=1, faults=[{"path": "agents/7$", "status": 502}])
    paths = ["agents", "agents", "agents/email/%2Fx", "agents/email/y", "agents/7", "agents/8"]
    assert [get(session, sandbox, path).status_code for path in paths] == [200, 429, 404, 429, 502, 429]


# The Support API, and confusing the two


def test_the_support_api_has_unrelated_tokens_with_the_same_ids(sandbox, session):
    url = f"{sandbox.url}/support/api/v2/oauth/tokens"
    listed = session.get(url, timeout=TIMEOUT).json()
    assert set(listed) == {"tokens", "next_page", "previous_page", "count"}
    assert listed["count"] == len(listed["tokens"]) == 21
    assert {"id", "user_id", "client_id", "token"} <= set(listed["tokens"][0])
    assert {token["id"] for token in listed["tokens"]} == set(sandbox.state.tokens)
    assert session.delete(f"{url}/38", timeout=TIMEOUT).status_code == 204
    assert session.delete(f"{url}/38", timeout=TIMEOUT).status_code == 404
    assert 38 in sandbox.state.tokens
    assert 38 not in session.get(f"{sandbox.url}/_sandbox/support_tokens", timeout=TIMEOUT).json()


def test_a_zendesk_host_serves_the_support_api_at_the_old_path(sandbox, session):
    session.headers["Host"] = "acme.zendesk.com"
    assert "tokens" in session.get(f"{sandbox.url}/api/v2/oauth/tokens", timeout=TIMEOUT).json()
    assert isinstance(session.get(f"{sandbox.url}/api/v2/chat/oauth/tokens", timeout=TIMEOUT).json(), list)
    session.delete(f"{sandbox.url}/api/v2/oauth/tokens/38", timeout=TIMEOUT)
    assert 38 in sandbox.state.tokens
    assert 38 not in sandbox.state.support_tokens
    assert sandbox.state.requests[-1]["path"] == "/api/v2/oauth/tokens/38"


def test_the_support_api_requires_credentials(sandbox):
    url = f"{sandbox.url}/support/api/v2/oauth/tokens"
    assert requests.get(url, timeout=TIMEOUT).status_code == 401
    assert requests.delete(f"{url}/38", timeout=TIMEOUT).status_code == 401


# The demo account


def test_the_demo_account_covers_the_cases_of_the_guides(sandbox):
    tokens = list(sandbox.state.tokens.values())
    assert len(sandbox.state.agents) == 4
    assert [agent["id"] for agent in sandbox.state.agents.values() if "enabled" not in agent] == [UNKNOWN_ID]
    assert {token["agent_id"] for token in tokens} - sandbox.state.agents.keys() == {DELETED_ID}
    assert any(not agent["first_name"].isascii() for agent in sandbox.state.agents.values())
    assert all(agent["email"].endswith("@example.com") for agent in sandbox.state.agents.values())
    assert sum(token["agent_id"] == LEAVER_ID for token in tokens) == 12
    assert sum(token["expire_date"] is None for token in tokens) == 2
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert sum(token["expire_date"] is not None and token["expire_date"] < now for token in tokens) == 8
    assert len({token["client_identifier"] for token in tokens}) >= 5
    assert {scope for token in tokens for scope in token["scopes"].split()} == {"read", "write", "chat"}
    assert sandbox.state.tokens[AUTOMATION_TOKEN_ID]["access_token"] == sandbox.access_token


def test_generated_secrets_are_recognizably_fake_and_have_unique_beginnings(sandbox):
    invented = [token for token in sandbox.state.tokens.values() if token["id"] not in (38, 143)]
    values = [token[key] for token in invented for key in ("access_token", "refresh_token")]
    assert all(len(value) == 64 and value.isalnum() and "FAKE" in value and "NOTaREAL" in value for value in values)
    assert len({value[:8] for value in values}) == len(values)


# Options


def test_a_rate_limit_is_per_endpoint_and_returns_retry_after(sandbox, session):
    sandbox.reset(rate_limit=2, rate_window=30)
    statuses = [session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).status_code for attempt in range(2)]
    assert statuses == [200, 200]
    limited = session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "30")
    assert limited.headers["Content-Type"].startswith("text/plain")
    # Another endpoint has another window, and all ids are one endpoint.
    deletes = [
        session.delete(f"{sandbox.api_url}/oauth/tokens/{n}", timeout=TIMEOUT).status_code for n in (38, 143, 1201)
    ]
    assert deletes == [204, 204, 429]
    assert 1201 in sandbox.state.tokens


def test_a_window_is_fixed_and_starts_with_its_first_request(sandbox, monkeypatch):
    sandbox.reset(rate_limit=2, rate_window=3)
    clock = [100.0]
    monkeypatch.setattr("tests.sandbox.state.time.monotonic", lambda: clock[0])
    waits = []
    for moment in (100.0, 100.5, 100.6, 102.95, 103.0, 105.9, 105.95, 106.0):
        clock[0] = moment
        waits.append(sandbox.state.admit("list"))
    assert waits == [None, None, 3, 1, None, None, 1, None]


def test_latency_applies_to_concurrent_requests_in_parallel(sandbox, session):
    sandbox.reset(latency=0.2, tokens=32)
    ids = [token_id for token_id in sandbox.state.live_ids() if token_id > 1_000_000]

    def revoke(token_id):
        url = f"{sandbox.api_url}/oauth/tokens/{token_id}"
        return requests.delete(url, headers=session.headers, timeout=TIMEOUT).status_code

    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert set(pool.map(revoke, ids)) == {204}
    assert 0.2 <= time.monotonic() - start < 3.2
    assert len({entry["connection"] for entry in sandbox.state.requests}) == 32


def test_a_capped_list_contains_the_lowest_ids(sandbox, session):
    sandbox.reset(list_cap=2)
    assert list_ids(session, sandbox.api_url) == [38, 143]
    session.delete(f"{sandbox.api_url}/oauth/tokens/38", timeout=TIMEOUT)
    assert list_ids(session, sandbox.api_url) == [143, 1100]
    assert len(session.get(f"{sandbox.url}/_sandbox/tokens", timeout=TIMEOUT).json()) == 20


@pytest.mark.parametrize(
    ("options", "access_token"),
    [
        ({"value_form": "full"}, PAGE_TOKEN["access_token"]),
        ({"value_form": "beginning"}, "L0m2pVzxYp"),
        ({"value_form": "beginning", "value_length": 4}, "L0m2"),
        ({"value_length": 8}, "L0m2pVzx"),
        ({"value_form": "hash"}, hashlib.sha256(PAGE_TOKEN["access_token"].encode()).hexdigest()),
    ],
)
def test_the_list_shows_values_in_this_form(sandbox, session, options, access_token):
    sandbox.reset(**options)
    listed = get(session, sandbox, "oauth/tokens").json()[0]
    assert listed["access_token"] == access_token
    assert len(listed["refresh_token"]) == len(access_token)
    assert sandbox.state.tokens[38] == PAGE_TOKEN


def test_the_list_can_be_limited_to_the_tokens_of_the_caller(sandbox, session):
    sandbox.reset(own_only=True)
    assert list_ids(session, sandbox.api_url) == [1100, 1101, 1102]
    sandbox.state.add_tokens([{"id": 9, "agent_id": 10000001}, {"id": 10, "agent_id": 5}, {"id": 11}])
    auth = (sandbox.email, sandbox.password)
    by_password = requests.get(f"{sandbox.legacy_url}/oauth/tokens", auth=auth, timeout=TIMEOUT)
    assert [token["id"] for token in by_password.json()] == [9, 1100, 1101, 1102]
    seed = demo_seed()
    seed["agents"][1]["roles"]["administrator"] = True
    sandbox.reset(own_only=True, seed=seed)
    assert list_ids(session, sandbox.api_url) == [1100, 1101, 1102]
    session.headers.update(bearer(sandbox, 1301))
    assert list_ids(session, sandbox.api_url) == [143, 1301, 1302]


def test_the_lookup_by_email_can_be_case_sensitive(sandbox, session):
    seed = demo_seed()
    seed["agents"][2]["email"] = "Jonas.Weber@example.com"
    seed["agents"].append({"id": 200000000, "email": LEAVER_EMAIL})
    sandbox.reset(email_case_sensitive=True, seed=seed)
    assert get(session, sandbox, "agents/email/Jonas.Weber@example.com").json()["id"] == LEAVER_ID
    assert get(session, sandbox, f"agents/email/{LEAVER_EMAIL}").json()["id"] == 200000000
    assert get(session, sandbox, "agents/email/jonas.weber@EXAMPLE.com").status_code == 404


def test_each_page_of_agents_can_be_reversed(sandbox, session):
    sandbox.reset(agents=3, agent_page_order="reversed")
    assert [agent["id"] for agent in get(session, sandbox, "agents?limit=2").json()] == [2_000_002, 2_000_001]
    second = get(session, sandbox, "agents?limit=2&since_id=2000003").json()
    assert [agent["id"] for agent in second] == [10000001, 2_000_003]


def test_generated_tokens_are_distributed_among_the_agents_and_reproducible(sandbox, session):
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
    assert len(list_ids(session, sandbox.api_url)) == 21 + 9


def test_fifty_thousand_tokens_are_fast(sandbox, session):
    sandbox.reset(tokens=50_000)
    start = time.monotonic()
    for token_id in range(1_000_001, 1_000_101):
        session.delete(f"{sandbox.api_url}/oauth/tokens/{token_id}", timeout=TIMEOUT)
    session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
    assert time.monotonic() - start < 5


# The control API


def test_the_log_contains_exactly_the_api_requests(sandbox, session):
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


def test_waiting_for_requests(sandbox, session):
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        waiting = other.submit(sandbox.state.wait_for_requests, 1, TIMEOUT, "DELETE")
        session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT)
        session.delete(f"{sandbox.api_url}/oauth/tokens/38", timeout=TIMEOUT)
        assert waiting.result() is True
    assert sandbox.state.wait_for_requests(2, 0) is True
    assert sandbox.state.wait_for_requests(2, 0.01, "GET") is False


def test_a_reset_restores_the_initial_state(sandbox, session):
    session.delete(f"{sandbox.api_url}/oauth/tokens/38", timeout=TIMEOUT)
    session.put(f"{sandbox.url}/_sandbox/faults", json=[{"status": 500}], timeout=TIMEOUT)
    url = f"{sandbox.url}/_sandbox/reset"
    assert session.post(url, json={"options": {"list_cap": 1}}, timeout=TIMEOUT).status_code == 204
    assert sandbox.state.requests == []
    assert list_ids(session, sandbox.api_url) == [38]
    assert session.post(url, timeout=TIMEOUT).status_code == 204
    assert len(list_ids(session, sandbox.api_url)) == 21


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "reset", '{"options": {"port": 80}}', "port"),
        ("POST", "reset", '{"options": {"latency": "1"}}', "latency"),
        ("POST", "reset", "[]", "object"),
        ("POST", "reset", "{", "not JSON"),
        ("POST", "tokens", '[{"id": true}]', "tokens[0].id"),
        ("PUT", "faults", '[{"statsu": 500}]', "statsu"),
    ],
)
def test_an_invalid_control_request_returns_400(sandbox, session, method, path, body, message):
    response = session.request(method, f"{sandbox.url}/_sandbox/{path}", data=body, timeout=TIMEOUT)
    assert response.status_code == 400
    assert message in response.json()["error"]
    assert len(sandbox.state.live_ids()) == 21


def test_added_tokens_are_listed_unchanged(sandbox, session):
    odd = {"id": 100, "agent_id": 5, "client_identifier": None, "create_date": "now-2d", "extra": "ü"}
    response = session.post(f"{sandbox.url}/_sandbox/tokens", json=[odd], timeout=TIMEOUT)
    assert (response.status_code, response.json()) == (201, [100])
    assert list_ids(session, sandbox.api_url)[:3] == [38, 100, 143]
    listed = session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).json()[1]
    age = datetime.now(timezone.utc) - datetime.strptime(listed.pop("create_date"), "%Y-%m-%dT%H:%M:%S%z")
    assert 0 <= age.total_seconds() - 2 * 86_400 < 60
    assert listed == {"id": 100, "agent_id": 5, "client_identifier": None, "extra": "ü"}


def test_a_replaced_token_stops_working(sandbox, session):
    sandbox.state.add_tokens([{"id": AUTOMATION_TOKEN_ID, "access_token": "x"}])
    assert session.get(f"{sandbox.api_url}/oauth/tokens", timeout=TIMEOUT).status_code == 401


def test_the_secrets_of_before_a_reset_are_kept(sandbox):
    sandbox.state.add_tokens([{"id": 100, "access_token": "the-first", "refresh_token": None}, {"id": 101}])
    sandbox.state.add_tokens([{"id": 100, "access_token": "the-second", "refresh_token": "to-refresh"}])
    agents = [{"id": 1, "email": "a@example.com"}]
    sandbox.reset(seed={"agents": agents, "tokens": [], "credentials": [{"email": "a@example.com", "password": "ü"}]})
    secrets = sandbox.state.secrets
    assert {"the-first", "the-second", "to-refresh", "ü", "YUBleGFtcGxlLmNvbTrDvA=="} <= secrets
    # Those of the demo account, which existed before the reset.
    assert {"not-a-real-password", "L0m2pVzxYpiVZOnzuWfGTHJjUxMicmbsEeGh4QSBqTTaScnprJNC8DusW5RwFTuo"} <= secrets
    assert all(isinstance(secret, str) and secret for secret in secrets)
