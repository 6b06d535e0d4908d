# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes of the Chat API, of the Support API and of the sandbox's control API."""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Flask, Response, g, request
from werkzeug.routing import BaseConverter

from .checks import InputError, as_list, as_object
from .faults import Fault
from .seed import Agent
from .state import Caller, LoggedRequest, State

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CHAT_BASE = "/api/v2/chat"
LEGACY_BASE = "/api/v2"
SUPPORT_MOUNT = "/support"
CONTROL = "/_sandbox"
TRANSMISSION = "sandbox.transmission"
"""The key of the WSGI environment that contains the Transmission of a response, if a fault acts on it."""

MAX_LIMIT = 100
"""Maximum and default number of agents in one page of their list."""
NO_HELP_DESK = "There is no help desk configured at this address"
_PLACEHOLDER = re.compile(r"\{(?:(authorization)|(access_token|refresh_token):(\d{1,18})|http_date:(-?\d{1,9}))\}")


class _RemainingPath(BaseConverter):
    """The remaining path. It can contain slashes and line breaks, because Werkzeug matches the decoded path."""

    part_isolating = False
    regex = "(?s:.*)"


@dataclass(frozen=True)
class Transmission:
    """The part of a fault that the server applies when it sends the response. The fields are those of Fault."""

    interim: int | None = None
    interim_times: int = 1
    drop: bool = False
    truncate: int | None = None
    stall: float | None = None
    close: bool = False
    extra_body: bytes = b""
    """The body of a response whose status allows none (204, 304). Werkzeug would remove it."""


def create_app(state: State, stopping: threading.Event) -> Flask:
    """Return the sandbox as a Flask application. ``stopping`` interrupts all delays."""
    app = Flask("zchat-sandbox", static_folder=None)
    # The API does not redirect //oauth/tokens to /oauth/tokens.
    app.url_map.merge_slashes = False
    app.url_map.converters["remaining"] = _RemainingPath
    app.register_blueprint(_chat("chat", state, basic=False), url_prefix=CHAT_BASE)
    app.register_blueprint(_chat("legacy", state, basic=True), url_prefix=LEGACY_BASE)
    app.register_blueprint(_support(state), url_prefix=SUPPORT_MOUNT + LEGACY_BASE)
    app.register_blueprint(_control(state), url_prefix=CONTROL)
    app.before_request(lambda: _before(state))
    app.after_request(lambda response: _after(state, stopping, response))
    app.register_error_handler(404, lambda error: _text(404, NO_HELP_DESK))
    app.register_error_handler(405, lambda error: _text(405, "Method Not Allowed"))
    app.register_error_handler(InputError, lambda error: _json(400, {"error": str(error)}))
    # The documented way to add middleware in Flask. mypy rejects it, because wsgi_app is a method.
    app.wsgi_app = _route_by_host(app.wsgi_app)  # type: ignore[assignment, method-assign]
    return app


def _route_by_host(wsgi_app: WSGIApplication) -> WSGIApplication:
    """Serve the Support API at /api/v2 of a ``*.zendesk.com`` host, as Zendesk does; /api/v2/chat is the Chat API."""

    def routed(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
        path = environ["PATH_INFO"]
        is_support = path.startswith(LEGACY_BASE + "/") and not path.startswith(CHAT_BASE + "/")
        if host.endswith(".zendesk.com") and is_support:
            environ["PATH_INFO"] = SUPPORT_MOUNT + path
        return wsgi_app(environ, start_response)

    return routed


# All requests except those of the control API


def _before(state: State) -> Response | None:
    """Log a request and apply the rate limit. Return the response of a fault if the request is not to take effect."""
    g.arrived = time.monotonic()
    g.entry = g.fault = g.replacement = None
    if request.path.startswith(CONTROL + "/"):
        return None
    sent = urlsplit(request.environ["REQUEST_URI"])
    scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
    kind = scheme if scheme in ("basic", "bearer") else None
    g.entry = state.log(request.method, sent.path, sent.query, kind, int(request.environ["REMOTE_PORT"]))
    wait = state.admit(f"{request.method} {request.url_rule.rule}") if request.url_rule else None
    if wait is not None:
        return _text(429, "Too Many Requests", {"Retry-After": str(wait)})
    match = state.fault_for(request.method, sent.path)
    if match is None:
        return None
    fault, g.first = match
    g.fault = fault
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
    fault: Fault | None = g.fault
    if entry is None:
        return response
    delay = state.options.latency
    if fault is not None:
        if g.first and fault.mint:
            state.add_tokens(list(fault.mint))
        response = g.replacement or response
        for name, value in g.fault_headers.items():
            response.headers[name] = value
        request.environ[TRANSMISSION] = Transmission(
            interim=fault.interim,
            interim_times=fault.interim_times,
            drop=fault.drop is not None,
            truncate=fault.truncate,
            stall=fault.stall,
            close=fault.close,
            extra_body=response.get_data() if response.status_code in (204, 304) else b"",
        )
        delay += fault.delay
    left = g.arrived + delay - time.monotonic()
    if left > 0:
        stopping.wait(left)
    if fault is None or (fault.stall is None and (fault.drop is None or fault.truncate is not None)):
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

    @blueprint.get("/oauth/tokens")
    def list_tokens() -> Response:
        caller = _authorized(state, basic, "read")
        if isinstance(caller, Response):
            return caller
        return Response(state.list_body(caller), 200, content_type="application/json")

    @blueprint.delete("/oauth/tokens/<int:token_id>")
    def revoke_token(token_id: int) -> Response:
        caller = _authorized(state, basic, "write")
        if isinstance(caller, Response):
            return caller
        fault: Fault = g.fault or Fault()
        if not state.revoke(token_id, fault.linger or 0, fault.bearer_linger):
            return _json(404, {"error": "Not Found", "description": f"There is no OAuth token with id {token_id}"})
        return Response(status=204)

    @blueprint.get("/oauth/clients")
    def list_clients() -> Response:
        caller = _authorized(state, basic, "read")
        return caller if isinstance(caller, Response) else _json(200, state.clients)

    _add_agents(blueprint, state, basic)
    return blueprint


def _add_agents(blueprint: Blueprint, state: State, basic: bool) -> None:
    """Add the agent endpoints of the Chat API."""

    @blueprint.get("/agents")
    def list_agents() -> Response:
        caller = _authorized(state, basic, "read")
        if isinstance(caller, Response):
            return caller
        try:
            limit = _cursor("limit", MAX_LIMIT)
            since_id, max_id = _cursor("since_id", 0), _cursor("max_id", None)
        except ValueError as error:
            return _json(400, {"error": "Bad Request", "description": str(error)})
        return _json(200, state.agent_page(since_id or 0, max_id, MAX_LIMIT if limit is None else limit))

    @blueprint.get("/agents/<int:agent_id>")
    def read_agent(agent_id: int) -> Response:
        caller = _authorized(state, basic, "read")
        return caller if isinstance(caller, Response) else _agent(state.agent_by_id(agent_id))

    @blueprint.get("/agents/email/<remaining:address>")
    def read_agent_by_email(address: str) -> Response:
        caller = _authorized(state, basic, "read")
        if isinstance(caller, Response):
            return caller
        # The path as sent: an encoded slash is part of the address, any other slash makes it another path.
        sent = urlsplit(request.environ["REQUEST_URI"]).path.partition("/agents/email/")[2]
        return _agent(None if "/" in sent else state.agent_by_email(unquote(sent)))

    @blueprint.get("/agents/me")
    def read_caller() -> Response:
        caller = _caller(state, basic)
        return caller if isinstance(caller, Response) else _agent(caller.agent)


def _cursor(name: str, default: int | None) -> int | None:
    """Return an integer query parameter. Raises ValueError, with the description for a 400 response, if it is invalid."""
    value = request.args.get(name)
    if value is None:
        return default
    most = MAX_LIMIT if name == "limit" else None
    if not (value.isascii() and value.isdecimal()) or (most is not None and not 1 <= int(value) <= most):
        raise ValueError(f"Invalid value for parameter {name}")
    return int(value)


def _agent(agent: Agent | None) -> Response:
    """Return the response for one agent, or for None with 404."""
    if agent is None:
        return _json(404, {"error": "Not Found", "description": "There is no such agent"})
    return _json(200, agent.document)


def _authorized(state: State, basic: bool, scope: str) -> Caller | Response:
    """Return the caller if it is an administrator with ``scope``, otherwise the 401 or 403 response."""
    caller = _caller(state, basic)
    if isinstance(caller, Response):
        return caller
    if not caller.is_administrator():
        message = "You do not have access to this page. Only an administrator may use it."
        return _json(403, {"error": {"title": "Forbidden", "message": message}})
    if caller.scopes is not None and scope not in caller.scopes:
        description = f"You are missing the following required scopes: {scope}"
        return _json(403, {"error": "Forbidden", "description": description})
    return caller


def _caller(state: State, basic: bool) -> Caller | Response:
    """Return the caller, or the 401 response if the credentials are invalid."""
    scheme, space, value = request.headers.get("Authorization", "").partition(" ")
    caller = None
    if space and scheme.lower() == "bearer":
        caller = state.caller_by_token(value.strip())
    elif space and scheme.lower() == "basic":
        if not basic:
            return _json(401, {"error": "Couldn't authenticate you"})
        caller = _basic_caller(state, value)
    if caller is not None:
        return caller
    description = (
        "The server could not verify that you are authorized to access the URL requested. You either supplied the "
        "wrong credentials (e.g. a bad password), or your browser doesn't understand how to supply the credentials "
        "required."
    )
    return _json(401, {"error": "Unauthorized", "description": description})


def _basic_caller(state: State, value: str) -> Caller | None:
    """Return the caller with these Basic credentials (base64 of UTF-8), None if they are invalid."""
    try:
        email, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return state.caller_by_password(email, password) if colon else None


# The Support API


def _support(state: State) -> Blueprint:
    """Return the token list and DELETE of the Support API. The credentials are the same, but the ids are unrelated."""
    blueprint = Blueprint("support", __name__)

    @blueprint.get("/oauth/tokens")
    def list_support_tokens() -> Response:
        caller = _caller(state, basic=True)
        if isinstance(caller, Response):
            return caller
        tokens = list(state.support_tokens.values())
        return _json(200, {"tokens": tokens, "next_page": None, "previous_page": None, "count": len(tokens)})

    @blueprint.delete("/oauth/tokens/<int:token_id>")
    def revoke_support_token(token_id: int) -> Response:
        caller = _caller(state, basic=True)
        if isinstance(caller, Response):
            return caller
        if not state.revoke_support_token(token_id):
            return _json(404, {"error": "RecordNotFound", "description": "Not found"})
        return Response(status=204)

    return blueprint


# The control API


def _control(state: State) -> Blueprint:
    """Return the control API: without authentication, log, rate limit, faults and latency."""
    blueprint = Blueprint("control", __name__)

    @blueprint.get("/requests")
    def read_requests() -> Response:
        return _json(200, state.requests)

    @blueprint.delete("/requests")
    def clear_requests() -> Response:
        state.clear_requests()
        return Response(status=204)

    @blueprint.post("/reset")
    def reset() -> Response:
        body = as_object(_request_json({}), "reset", allowed=("options", "faults"))
        state.reset(as_object(body.get("options", {}), "options"), as_list(body.get("faults", []), "faults"))
        return Response(status=204)

    @blueprint.get("/tokens")
    def live_ids() -> Response:
        return _json(200, state.live_ids())

    @blueprint.post("/tokens")
    def add_tokens() -> Response:
        return _json(201, state.add_tokens(_request_json([])))

    @blueprint.get("/support_tokens")
    def support_ids() -> Response:
        return _json(200, list(state.support_tokens))

    @blueprint.get("/faults")
    def fault_uses() -> Response:
        return _json(200, state.fault_uses())

    @blueprint.put("/faults")
    def set_faults() -> Response:
        state.set_faults(_request_json([]))
        return Response(status=204)

    return blueprint


def _request_json(default: object) -> object:
    """Return the JSON value of the request body, or ``default`` if it is empty. The content type is ignored."""
    data = request.get_data()
    if not data.strip():
        return default
    try:
        return json.loads(data)
    except ValueError as error:
        raise InputError(f"the body is not JSON: {error}") from error


# Responses


def _json(status: int, value: object) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, content_type="application/json")


def _text(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status, headers, content_type="text/plain; charset=utf-8")


def _response(status: int, body: bytes = b"", content_type: str = "") -> Response:
    response = Response(body, status, content_type=content_type)
    if not content_type:
        del response.headers["Content-Type"]
    return response
