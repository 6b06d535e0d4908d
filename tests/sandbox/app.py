# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes of the Chat API, of its token endpoint, of the Support API and of the sandbox's control API."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from math import inf
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Flask, Response, abort, g, request

from .checks import InputError, as_object
from .faults import Fault
from .seed import Agent
from .state import Caller, GrantError, LoggedRequest, State

CHAT_BASE = "/api/v2/chat"
LEGACY_BASE = "/api/v2"
SUPPORT_BASE = "/support/api/v2"
TOKEN_ENDPOINTS = ("/oauth2/chat/token", "/oauth2/token")
"""The token endpoint of the account, and that of the old host."""
CONTROL = "/_sandbox"
FAULT = "sandbox.fault"
"""The key of the WSGI environment that contains the fault that acts on a request."""

CLIENT_FIELDS = ("name", "company", "redirect_uris", "scopes", "client_type")
"""The fields of a client that a request can set."""
MAX_LIMIT = 100
"""Maximum and default number of agents in one page of their list."""
_PLACEHOLDER = re.compile(r"\{(?:(authorization)|(access_token|refresh_token):(\d{1,18})|http_date:(-?\d{1,9}))\}")


def create_app(state: State, stopping: threading.Event) -> Flask:
    """Return the sandbox as a Flask application. ``stopping`` interrupts all delays."""
    app = Flask("zchat-sandbox", static_folder=None)
    # The API does not redirect //oauth/tokens to /oauth/tokens.
    app.url_map.merge_slashes = False
    app.register_blueprint(_chat("chat", state, basic=False), url_prefix=CHAT_BASE)
    app.register_blueprint(_chat("legacy", state, basic=True), url_prefix=LEGACY_BASE)
    app.register_blueprint(_support(state), url_prefix=SUPPORT_BASE)
    app.register_blueprint(_grants(state))
    app.register_blueprint(_control(state), url_prefix=CONTROL)
    app.before_request(lambda: _before(state))
    app.after_request(lambda response: _after(state, stopping, response))
    app.register_error_handler(404, lambda error: _text(404, "There is no help desk configured at this address"))
    app.register_error_handler(
        405, lambda error: _error(405, "Method Not Allowed", "The method is not allowed for the requested URL.")
    )
    app.register_error_handler(InputError, lambda error: _json(400, {"error": str(error)}))
    return app


# All requests except those of the control API


def _before(state: State) -> Response | None:
    """Log a request and apply the rate limit. Return the response of a fault if the request is not to take effect."""
    g.arrived = time.monotonic()
    g.entry = g.replacement = None
    g.fault = Fault()
    if request.path.startswith(CONTROL + "/"):
        return None
    sent = urlsplit(request.environ["REQUEST_URI"])
    scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
    kind = scheme if scheme in ("basic", "bearer") else None
    g.entry = state.log(request.method, sent.path, sent.query, kind, int(request.environ["REMOTE_PORT"]))
    wait = state.admit(f"{request.method} {request.url_rule.rule}") if request.url_rule else None
    if wait is not None:
        response = _text(429, "Too Many Requests")
        response.headers["Retry-After"] = str(wait)
        return response
    match = state.fault_for(request.method, sent.path)
    if match is None:
        return None
    fault, g.mints = match
    g.fault = request.environ[FAULT] = fault
    # Replace the placeholders before the request takes effect: a token that it revokes has no value afterwards.
    fill = _filler(state)
    g.fault_headers = fault.filled_headers(fill)
    if fault.status is not None:
        g.replacement = _response(fault.status, *fault.filled_body(fill))
    if fault.takes_effect():
        return None
    # Flask requires a response to skip the view, even if the connection is dropped.
    return g.replacement or _response(200)


def _after(state: State, stopping: threading.Event, response: Response) -> Response:
    """Apply the fault to the response, wait for the configured latency, and log the status."""
    entry: LoggedRequest | None = g.entry
    fault: Fault = g.fault
    if entry is None:
        return response
    if FAULT in request.environ:
        if g.mints:
            state.add_tokens(fault.mint)
        response = g.replacement or response
        for name, value in g.fault_headers.items():
            response.headers[name] = value
    left = g.arrived + state.options.latency + fault.delay - time.monotonic()
    if left > 0:
        stopping.wait(left)
    if fault.stall is None and fault.drop is None:
        entry["status"] = response.status_code
    return response


def _filler(state: State) -> Callable[[str], str]:
    """Return a function that replaces the placeholders in a string of a fault."""
    authorization = request.headers.get("Authorization", "")

    def replacement(match: re.Match[str]) -> str:
        is_authorization, key, token_id, seconds = match.groups()
        if is_authorization:
            return authorization
        if key:
            return state.value(int(token_id), key)
        return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=int(seconds)), usegmt=True)

    return lambda text: _PLACEHOLDER.sub(replacement, text)


# The Chat API


def _chat(name: str, state: State, basic: bool) -> Blueprint:
    """Return the Chat API for one of its base URLs. ``basic``: it also accepts Basic authentication."""
    blueprint = Blueprint(name, __name__)

    @blueprint.before_request
    def authenticate() -> None:
        g.caller = _caller(state, basic)
        if request.endpoint != f"{name}.read_caller":
            _check_administrator(g.caller, "read" if request.method == "GET" else "write")

    @blueprint.get("/oauth/tokens")
    def list_tokens() -> Response:
        return _json_body(200, state.token_list(g.caller))

    @blueprint.delete("/oauth/tokens/<int:token_id>")
    def revoke_token(token_id: int) -> Response:
        if not state.revoke(token_id, g.fault.linger, g.fault.bearer_linger):
            return _error(404, "Not Found", f"There is no OAuth token with id {token_id}")
        return _response(204)

    @blueprint.get("/oauth/clients")
    def list_clients() -> Response:
        return _json_body(200, state.client_list(g.caller))

    @blueprint.post("/oauth/clients")
    def create_client() -> Response:
        # As in the real API, no other response contains the complete secret. Its status there is unknown.
        return _json(201, state.create_client(g.caller, _client_fields()))

    @blueprint.put("/oauth/clients/<int:client_id>")
    def change_client(client_id: int) -> Response:
        body = state.change_client(client_id, _client_fields())
        return _no_client(client_id) if body is None else _json_body(200, body)

    @blueprint.delete("/oauth/clients/<int:client_id>")
    def delete_client(client_id: int) -> Response:
        return _response(204) if state.delete_client(client_id, g.fault.linger) else _no_client(client_id)

    @blueprint.get("/agents")
    def list_agents() -> Response:
        limit = request.args.get("limit", MAX_LIMIT, int)
        if not 1 <= limit <= MAX_LIMIT:
            return _error(400, "Bad Request", "Invalid value for parameter limit")
        since_id, max_id = request.args.get("since_id", 0, int), request.args.get("max_id", inf, int)
        return _json(200, state.agent_page(since_id, max_id, limit))

    @blueprint.get("/agents/<int:agent_id>")
    def read_agent(agent_id: int) -> Response:
        return _agent(state.agent_by_id(agent_id))

    @blueprint.get("/agents/email/<path:address>")
    def read_agent_by_email(address: str) -> Response:
        # The path as sent: an encoded slash is part of the address, any other slash makes it another path.
        sent = urlsplit(request.environ["REQUEST_URI"]).path.partition("/agents/email/")[2]
        return _agent(None if "/" in sent else state.agent_by_email(unquote(sent)))

    @blueprint.get("/agents/me")
    def read_caller() -> Response:
        return _agent(g.caller.agent)

    return blueprint


def _agent(agent: Agent | None) -> Response:
    """Return the response for one agent, or for None with 404."""
    if agent is None:
        return _error(404, "Not Found", "There is no such agent")
    return _json(200, agent.document)


def _client_fields() -> dict[str, Any]:
    """Return the fields of a client in the body of the request. Send 400 if the body is not a JSON object."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(_error(400, "Bad Request", "The body is not a JSON object"))
    return {name: value for name, value in body.items() if name in CLIENT_FIELDS}


def _no_client(client_id: int) -> Response:
    return _error(404, "Not Found", f"There is no OAuth client with id {client_id}")


def _check_administrator(caller: Caller, scope: str) -> None:
    """Send 403 if the caller is no administrator, or if its token lacks the scope."""
    if caller.agent is None or not caller.agent.administrator:
        message = (
            "You do not have access to this page. Please contact the account owner of this help desk for further help."
        )
        abort(_json(403, {"error": {"title": "Forbidden", "message": message}}))
    if caller.scopes is not None and scope not in caller.scopes:
        abort(_error(403, "Forbidden", f"You are missing the following required scopes: {scope}"))


def _caller(state: State, basic: bool) -> Caller:
    """Return the caller. Send 401 if the credentials are invalid."""
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    caller = None
    if scheme.lower() == "bearer":
        caller = state.caller_by_token(value.strip())
    elif scheme.lower() == "basic":
        if not basic:
            abort(_json(401, {"error": "Couldn't authenticate you"}))
        given = request.authorization
        caller = state.caller_by_password(given.username or "", given.password or "") if given else None
    if caller is None:
        description = "The server could not verify that you are authorized to access the requested resource"
        abort(_error(401, "Unauthorized", description))
    return caller


# The token endpoint


def _grants(state: State) -> Blueprint:
    """Return the token endpoints. Their responses, also errors, have the form of OAuth (RFC 6749, section 5)."""
    blueprint = Blueprint("grants", __name__)

    def grant_token() -> Response:
        form = request.form
        if form.get("grant_type") != "client_credentials":
            name, text = (
                ("unsupported_grant_type", "it is not supported")
                if "grant_type" in form
                else ("invalid_request", "it is missing")
            )
            return _oauth_error(400, name, f"grant_type: {text}")
        scopes = form.get("scope", "read").split()
        try:
            return _json(200, state.grant(form.get("client_id", ""), form.get("client_secret", ""), scopes))
        except GrantError as error:
            return _oauth_error(*error.args)

    for path in TOKEN_ENDPOINTS:
        blueprint.add_url_rule(path, path.replace("/", "_"), grant_token, methods=["POST"])
    return blueprint


def _oauth_error(status: int, error: str, description: str) -> Response:
    return _json(status, {"error": error, "error_description": description})


# The Support API


def _support(state: State) -> Blueprint:
    """Return the token list and DELETE of the Support API. The credentials are the same, but the ids are unrelated."""
    blueprint = Blueprint("support", __name__)

    @blueprint.before_request
    def authenticate() -> None:
        _caller(state, basic=True)

    @blueprint.get("/oauth/tokens")
    def list_support_tokens() -> Response:
        tokens = list(state.support_tokens.values())
        return _json(200, {"tokens": tokens, "next_page": None, "previous_page": None, "count": len(tokens)})

    @blueprint.delete("/oauth/tokens/<int:token_id>")
    def revoke_support_token(token_id: int) -> Response:
        if not state.revoke_support_token(token_id):
            return _error(404, "RecordNotFound", "Not found")
        return _response(204)

    return blueprint


# The control API


def _control(state: State) -> Blueprint:
    """Return the control API: without authentication, log, rate limit, faults and latency."""
    blueprint = Blueprint("control", __name__)

    @blueprint.get("/requests")
    def read_requests() -> Response:
        return _json(200, state.requests)

    @blueprint.post("/reset")
    def reset() -> Response:
        try:
            body = as_object(json.loads(request.get_data() or "{}"), "reset", allowed=("options", "faults"))
        except json.JSONDecodeError as error:
            raise InputError(f"the body is not JSON: {error}") from error
        state.reset(body.get("options", {}), body.get("faults", []))
        return _response(204)

    @blueprint.get("/tokens")
    def live_ids() -> Response:
        return _json(200, list(state.tokens))

    @blueprint.get("/clients")
    def client_ids() -> Response:
        return _json(200, list(state.clients))

    @blueprint.get("/support_tokens")
    def support_ids() -> Response:
        return _json(200, list(state.support_tokens))

    return blueprint


# Responses


def _json(status: int, value: object) -> Response:
    return _json_body(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _json_body(status: int, body: bytes) -> Response:
    return Response(body, status, content_type="application/json")


def _error(status: int, error: str, description: str) -> Response:
    return _json(status, {"error": error, "description": description})


def _text(status: int, text: str) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")


def _response(status: int, body: bytes = b"", content_type: str = "") -> Response:
    response = Response(body, status, content_type=content_type)
    if not content_type:
        del response.headers["Content-Type"]
    return response
