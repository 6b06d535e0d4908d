# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of the sandbox: its responses have the form of the real ones, and its options do what README.md states.

``recorded.json`` contains the example of the vendor's page "OAuth Tokens" unchanged. Its other bodies have the keys, the types and the
messages of responses that other projects recorded, with fictitious values: of agents (airbyte's source-zendesk-chat, zenpy), of
clients (pohsiu/zendesk-chat-api), and of errors (zenpy, tap-zendesk). The last agent has ``enabled`` as on the vendor's page "Agents".
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox import COLLEAGUE_ID, DELETED_ID, LEAVER_ID, InputError, Options, Sandbox, demo_seed, fake_secret
from tests.sandbox import state as _state

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))
CHAT, OLD, SUPPORT, CONTROL = "/api/v2/chat", "/api/v2", "/support/api/v2", "/_sandbox"
OWNER_ID = 10000001


def seed():
    """Return the demo account with further clients, agents and tokens."""
    document = demo_seed()
    document["clients"].append({"id": 8, "listed": False})
    document["agents"] += [{"id": 1}, {"id": 2, "email": "a/x?é@example.com", "roles": None}]
    document["tokens"] += [
        {"id": 5, "agent_id": OWNER_ID, "access_token": "writer", "scopes": "write"},
        {"id": 6, "agent_id": OWNER_ID, "access_token": "unlisted", "scopes": "read", "listed": False},
        {"id": 7, "access_token": "of-nobody"},
    ]
    return document


def bearer(token_id):
    return f"Bearer {fake_secret('access', token_id)}"


def basic(credentials):
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


def brief(response):
    """Return the ids in a response, otherwise its body."""
    if response.headers["Content-Type"] != "application/json":
        return response.text
    value = response.json()
    return [item["id"] for item in value] if isinstance(value, list) else value.get("id", value)


@pytest.mark.parametrize("base", [CHAT, OLD])
@pytest.mark.parametrize("path", ["/oauth/tokens", "/oauth/clients", "/agents"])
def test_a_list_is_a_bare_array_with_the_recorded_fields_and_types(send, base, path):
    """Any field can be null."""
    response = send(f"GET {path}", base=base)
    assert (response.status_code, response.headers["Content-Length"]) == (200, str(len(response.content)))
    recorded = RECORDED[path.rpartition("/")[2]]
    for field, value in [pair for item in response.json() for pair in item.items()]:
        assert value is None or type(value) in {type(body.get(field)) for body in recorded}, field
    if path == "/oauth/tokens":
        assert response.json()[:2] == recorded


BAD_LIMIT = {"error": "Bad Request", "description": "Invalid value for parameter limit"}
NO_TOKEN = {"error": "Not Found", "description": "There is no OAuth token with id 6"}
NO_WRITE = {"error": "Forbidden", "description": "You are missing the following required scopes: write"}
NO_AGENT = {"error": "Not Found", "description": "There is no such agent"}
OTHER = basic("Priya.Nair@example.com:not-her-real-password")
NO_CLIENT = {"error": "Not Found", "description": "There is no OAuth client with id 8"}
NO_OBJECT = {"error": "Bad Request", "description": "The body is not a JSON object"}
LISTED = sorted(token["id"] for token in seed()["tokens"] if token["id"] != 6)
UNAUTHORIZED, FORBIDDEN = RECORDED["unauthorized"], RECORDED["forbidden"]
# request, caller (an empty string: the automation), status, and the ids in the response or its body
RESPONSES = [
    ("GET /agents", "", 200, [1, 2, OWNER_ID, COLLEAGUE_ID, 10000150, LEAVER_ID]),
    (f"GET /agents?since_id=2&max_id={COLLEAGUE_ID}", "", 200, [2, OWNER_ID, COLLEAGUE_ID]),
    ("GET /agents?limit=2", "", 200, [1, 2]),
    ("GET /agents?limit=101", "", 400, BAD_LIMIT),
    (f"GET /agents/{LEAVER_ID}", "", 200, LEAVER_ID),
    (f"GET /agents/{DELETED_ID}", "", 404, NO_AGENT),
    ("GET /agents/email/Jonas.WEBER%40example.com", "", 200, LEAVER_ID),
    ("GET /agents/email/a%2Fx%3F%C3%A9%40example.com", "", 200, 2),
    ("GET /agents/email/a/x%3F%C3%A9%40example.com", "", 404, NO_AGENT),
    ("GET /agents/email/tom.becker@example.com", "", 404, NO_AGENT),
    ("GET /agents/me", bearer(1301), 200, COLLEAGUE_ID),
    ("GET /agents/me", OTHER, 200, COLLEAGUE_ID),
    ("GET /agents/me", "Bearer unlisted", 200, OWNER_ID),
    ("GET /agents/me", "Bearer of-nobody", 404, NO_AGENT),
    ("GET /oauth/tokens", "Bearer unlisted", 200, LISTED),
    ("DELETE /oauth/tokens/6", "", 404, NO_TOKEN),
    ("GET /oauth/tokens", None, 401, UNAUTHORIZED),
    ("GET /oauth/tokens", "Bearer unknown", 401, UNAUTHORIZED),
    ("GET /agents/me", bearer(1101), 401, UNAUTHORIZED),  # expired
    ("GET /agents/me", basic("priya.nair@example.com:x"), 401, UNAUTHORIZED),
    ("GET /agents/me", "Basic %%%", 401, UNAUTHORIZED),
    ("GET /oauth/clients", "Bearer writer", 403, RECORDED["missing_scope"]),
    ("DELETE /oauth/tokens/38", bearer(1102), 403, NO_WRITE),
    ("DELETE /oauth/clients/9205", bearer(1102), 403, NO_WRITE),
    ("POST /oauth/clients", bearer(1102), 403, NO_WRITE),
    ("PUT /oauth/clients/9205", bearer(1203), 403, FORBIDDEN),
    ("GET /oauth/clients", "", 200, list(range(9201, 9208))),
    ("DELETE /oauth/clients/8", "", 404, NO_CLIENT),
    ("POST /oauth/clients", "", 400, NO_OBJECT),
    ("PUT /oauth/clients/9205", "", 400, NO_OBJECT),
    ("GET /oauth/clients", bearer(1301), 403, FORBIDDEN),
    ("GET /agents", OTHER, 403, FORBIDDEN),
    ("DELETE /oauth/tokens/1301", bearer(1301), 403, FORBIDDEN),
    ("PUT /oauth/tokens", "", 405, RECORDED["method_not_allowed"]),
    ("GET /chats", "", 404, "There is no help desk configured at this address"),
]


@pytest.mark.parametrize(("request_", "caller", "status", "expected"), RESPONSES)
def test_a_response(sandbox, send, request_, caller, status, expected):
    """Both base URLs send this response, nothing changes, and the log contains it. Only the old one accepts a password."""
    sandbox.reset(seed=seed())
    content = (sandbox.state.tokens, sandbox.state.clients)
    path = request_.partition(" ")[2]
    for base in [OLD] if str(caller).startswith("Basic") else [OLD, CHAT]:
        response = send(request_, caller, base)
        assert (response.status_code, brief(response)) == (status, expected)
        logged = sandbox.state.requests[-1]
        assert (logged["status"], f"{logged['path']}?{logged['query']}".rstrip("?")) == (status, base + path)
    assert (sandbox.state.tokens, sandbox.state.clients) == content


def test_the_new_base_url_rejects_a_password(send):
    response = send("GET /agents/me", OTHER)
    assert (response.status_code, response.json()) == (401, {"error": "Couldn't authenticate you"})


@pytest.mark.parametrize("base", [CHAT, OLD, SUPPORT])
def test_a_delete_revokes_one_token_of_one_api(sandbox, send, base):
    """It returns 204 without a body, then 404. The tokens of the Support API have the same ids, but are unrelated."""
    response = send("DELETE /oauth/tokens/1102", base=base)
    assert (response.status_code, response.reason, response.content) == (204, "No Content", b"")
    assert not {"Content-Length", "Content-Type", "Transfer-Encoding"} & set(response.headers)
    assert send("DELETE /oauth/tokens/1102", base=base).status_code == 404
    assert send("GET /agents/me", bearer(1102)).status_code == (200 if base == SUPPORT else 401)
    chat, support = send("GET /oauth/tokens").json(), send("GET /oauth/tokens", base=SUPPORT).json()["tokens"]
    listed = [1102 in [token["id"] for token in tokens] for tokens in (chat, support)]
    assert listed == [base == SUPPORT, base != SUPPORT]
    assert send("GET /tokens", None, CONTROL).json() == [token["id"] for token in chat] == list(sandbox.state.tokens)
    assert send("GET /support_tokens", None, CONTROL).json() == [token["id"] for token in support]
    assert send("GET /oauth/tokens", None, SUPPORT).status_code == 401
    assert send("GET /requests", None, CONTROL).json() == sandbox.state.requests
    assert not any(entry["path"].startswith(CONTROL) for entry in sandbox.state.requests)


FIELDS = {"name": "Nightly", "company": None, "redirect_uris": "http://localhost", "scopes": "read write"}
NOT_CHANGED = {"id": 1, "agent_id": LEAVER_ID, "client_identifier": "mine", "client_secret": "known"}


@pytest.mark.parametrize("base", [CHAT, OLD])
def test_a_client_is_created_changed_and_deleted(sandbox, send, base):
    """Only the response to POST has the complete secret. Only PUT makes a client confidential."""
    recorded, confidential = RECORDED["clients"][0], {"client_type": "confidential"}
    response = send("POST /oauth/clients", base=base, json={**FIELDS, **confidential, **NOT_CHANGED})
    created = response.json()
    assert (response.status_code, set(created)) == (201, set(recorded))
    assert created.items() >= {**FIELDS, "id": 9208, "agent_id": OWNER_ID, "client_type": "public"}.items()
    for field in ("client_identifier", "create_date", "update_date"):
        assert len(created[field]) == len(recorded[field])
    assert created["client_secret"] in sandbox.state.secrets
    shown = {**created, "client_secret": f"{created['client_secret'][:4]}********"}
    assert len(shown["client_secret"]) == len(recorded["client_secret"])
    assert send("GET /oauth/clients", base=base).json()[-1] == shown
    response = send("PUT /oauth/clients/9208", base=base, json={**confidential, **NOT_CHANGED})
    changed = send("GET /oauth/clients", base=base).json()[-1]
    assert (response.status_code, response.json()) == (200, changed)
    assert changed == {**shown, **confidential, "update_date": changed["update_date"]}
    response = send("DELETE /oauth/clients/9208", base=base)
    assert (response.status_code, response.content) == (204, b"")
    statuses = [send(f"{method} /oauth/clients/9208", base=base, json={}).status_code for method in ("PUT", "DELETE")]
    assert statuses == [404, 404]
    assert send("GET /clients", None, CONTROL).json() == brief(send("GET /oauth/clients", base=base))
    assert send("POST /oauth/clients", base=base, json={}).json()["id"] == 9209


@pytest.mark.parametrize("revoked", [False, True])
def test_an_option_decides_whether_the_tokens_of_a_deleted_client_work(sandbox, send, revoked):
    sandbox.reset(revoke_with_client=revoked)
    before = set(sandbox.state.tokens)
    assert send("DELETE /oauth/clients/9204").status_code == 204
    assert send("GET /agents/me", bearer(1102)).status_code == (401 if revoked else 200)
    assert before - set(sandbox.state.tokens) == ({1102, 1209, 1210, 1501} if revoked else set())


def test_a_list_of_clients_can_be_limited_to_own_ones(sandbox, send):
    sandbox.reset(own_clients_only=True)
    assert brief(send("GET /oauth/clients")) == [9203]
    assert len(sandbox.state.clients) == 7


FORM = {"grant_type": "client_credentials", "client_id": "automation", "client_secret": fake_secret("client", 9203)}
FORM["scope"] = "read write"
GRANTS = ["/oauth2/chat/token", "/oauth2/token"]


class InTenMinutes(datetime):
    """A clock that is ten minutes ahead."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(minutes=10)


@pytest.mark.parametrize("path", GRANTS)
def test_a_confidential_client_gets_a_token(sandbox, send, path, monkeypatch):
    """Of its creator, and listed. An option adds an end and a refresh token. No value is in the log."""
    response = send(f"POST {path}", None, "", data=FORM)
    value = sandbox.state.tokens[1502]["access_token"]
    assert (response.status_code, response.json()) == (
        200,
        {"access_token": value, "token_type": "Bearer", "scope": "read write"},
    )
    listed = {token["id"]: token for token in send("GET /oauth/tokens", f"Bearer {value}").json()}
    recorded = RECORDED["tokens"][0]
    assert set(listed[1502]) == set(recorded)
    assert [listed[1502][key] for key in ("agent_id", "client_identifier", "scopes")] == [
        OWNER_ID,
        "automation",
        "read write",
    ]
    assert [listed[1502][key] for key in ("access_token", "refresh_token", "expire_date")] == [value, None, None]
    assert len(listed[1502]["create_date"]) == len(recorded["create_date"])
    assert send("DELETE /oauth/tokens/1502").status_code == 204
    assert send("GET /agents/me", f"Bearer {value}").status_code == 401
    sandbox.reset(granted_lifetime=600)
    response = send(f"POST {path}", None, "", data={**FORM, "scope": "read"}).json()
    assert response["expires_in"] == 600
    assert {response["access_token"], response["refresh_token"], FORM["client_secret"]} <= sandbox.state.secrets
    assert send("DELETE /oauth/tokens/38", f"Bearer {response['access_token']}").status_code == 403
    with monkeypatch.context() as patch:
        patch.setattr(_state, "datetime", InTenMinutes)
        assert send("GET /agents/me", f"Bearer {response['access_token']}").status_code == 401
    first = sandbox.state.requests[0]
    assert (first["method"], first["path"], first["query"], first["authorization"]) == ("POST", path, "", None)


REFUSED = [
    ({"client_secret": "wrong"}, 401, "invalid_client"),
    ({"client_secret": f"{FORM['client_secret'][:4]}********"}, 401, "invalid_client"),
    ({"client_id": "nobody"}, 401, "invalid_client"),
    ({"client_id": "zopim", "client_secret": fake_secret("client", 9201)}, 401, "invalid_client"),
    ({"client_id": "mobile-app", "client_secret": fake_secret("client", 9206)}, 400, "unauthorized_client"),
    ({"scope": "read all"}, 400, "invalid_scope"),
    ({"scope": ""}, 400, "invalid_scope"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": None}, 400, "invalid_request"),
]


@pytest.mark.parametrize(("change", "status", "error"), REFUSED)
def test_a_refused_grant_has_the_form_of_oauth(sandbox, send, change, status, error):
    """And nothing is created. A body that is no form is an invalid request."""
    before = sandbox.state.tokens
    for path in GRANTS:
        response = send(f"POST {path}", None, "", data={**FORM, **change})
        assert (response.status_code, set(response.json())) == (status, {"error", "error_description"})
        assert response.json()["error"] == error
        assert send(f"POST {path}", None, "", json=FORM).json()["error"] == "invalid_request"
        assert send(f"GET {path}", None, "").status_code == 405
    assert sandbox.state.tokens == before


def test_a_client_that_became_confidential_or_was_deleted(send):
    """As a person sets one up, and as an offboarding ends it."""
    created = send("POST /oauth/clients", json=FIELDS).json()
    form = {**FORM, "client_id": created["client_identifier"], "client_secret": created["client_secret"]}
    path = f"/oauth/clients/{created['id']}"
    steps = ["", f"PUT {path}", f"DELETE {path}"]
    statuses = []
    for step in steps:
        if step:
            send(step, json={"client_type": "confidential"})
        statuses.append(send(f"POST {GRANTS[0]}", None, "", data=form).status_code)
    assert statuses == [400, 200, 401]


def test_faults_and_the_rate_limit_apply_to_the_token_endpoint(sandbox, send):
    sandbox.reset(rate_limit=2, faults=[{"path": "/oauth2/", "status": 302, "headers": {"Location": "/x"}, "times": 1}])
    grants = [send(f"POST {GRANTS[0]}", None, "", data=FORM, allow_redirects=False) for _request in range(3)]
    assert [response.status_code for response in grants] == [302, 200, 429]
    assert [entry["status"] for entry in sandbox.state.requests] == [302, 200, 429]


def test_a_rate_limit_is_per_endpoint_and_window(sandbox, send):
    """No fault acts on a request that the limit refuses."""
    sandbox.reset(rate_limit=1, rate_window=30, faults=[{"after": 3, "status": 500}])
    paths = ["GET /agents", "GET /agents", "GET /agents/1", "DELETE /oauth/tokens/38", "DELETE /oauth/tokens/143"]
    responses = [send(path) for path in paths]
    assert [response.status_code for response in responses] == [200, 429, 404, 204, 429]
    assert 10 < int(responses[1].headers["Retry-After"]) <= 30
    sandbox.state.options = replace(sandbox.state.options, rate_window=0.0)
    assert send("GET /agents").status_code == 500


def test_secrets_are_all_values_since_the_start(sandbox):
    """Of tokens, clients and passwords, also those of before a reset, and those in the form of an HTTP header."""
    credentials = [{"email": "a@example.com", "password": "ü"}]
    sandbox.reset(seed={"agents": [{"id": 1, "email": "a@example.com"}], "credentials": credentials})
    before = {"not-a-real-password", RECORDED["tokens"][0]["refresh_token"], fake_secret("client", 9201)}
    assert {"ü", basic("a@example.com:ü")[6:], *before} <= sandbox.state.secrets


INVALID = {
    "host: must be an address in 127.0.0.0/8, such as 127.0.0.1, not '0.0.0.0'": {"host": "0.0.0.0"},
    "port: cannot listen on 127.0.0.1:65536": {"port": 65536},
    "latency: must be a number of seconds": {"latency": -1},
    "own_only: must be true or false": {"own_only": 1},
    "granted_lifetime: must be an integer, 1 or more": {"granted_lifetime": 0},
    "revoke_with_client: must be true or false": {"revoke_with_client": 1},
    "value_form: must be one of full, beginning, hash": {"value_form": None},
    "seed: unknown keys token; valid keys are access_token, agents": {"seed": {"token": []}},
    "seed.tokens: two have the id 1": {"seed": {"tokens": [{"id": 1}, {"id": 1}]}},
    "seed.clients[0].id: must be an integer, 1 or more": {"seed": {"clients": [{"id": 0}]}},
    "seed.clients: two have the id 1": {"seed": {"clients": [{"id": 1}, {"id": 1}]}},
    "seed.agents[0].email: must be a string": {"seed": {"agents": [{"id": 1, "email": 5}]}},
    "seed.credentials[0].email: no agent": {"seed": {"credentials": [{"email": "b@example.com"}]}},
    "seed.access_token: no token has this value": {"seed": {"access_token": "x"}},
    "faults[0]: has no action": {"faults": [{"method": "GET"}]},
    "faults[0]: unknown keys statsu": {"faults": [{"statsu": 500}]},
    "faults[0].status: must be an integer, from 200 to 599": {"faults": [{"status": 99}]},
    "faults[0].body: requires status": {"faults": [{"body": "x"}]},
    "faults[0].path: is not a regular expression": {"faults": [{"path": "(", "status": 500}]},
    "faults[0].mint[0].id: must be an integer, 1 or more, not null or missing": {"faults": [{"mint": [{}]}]},
}


@pytest.mark.parametrize(("message", "options"), INVALID.items(), ids=list(INVALID))
def test_an_invalid_option_seed_or_fault_is_rejected_with_the_field(message, options):
    with pytest.raises(InputError) as caught:
        Sandbox(Options(**options)).start()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "body", ['{"options": {"port": 80}}', '{"options": {"tokens": 1}, "faults": [{}]}', '{"option": {}}', "{"]
)
def test_an_invalid_reset_changes_nothing(send, body):
    response = send("POST /reset", None, CONTROL, data=body)
    assert response.status_code == 400
    assert response.json()["error"]
    assert len(brief(send("GET /oauth/tokens"))) == 21
