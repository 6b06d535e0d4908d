# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes: what the Chat API, the Support API beside it and the sandbox's own controls answer."""

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
from .state import Caller, State

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CHAT_BASE = "/api/v2/chat"
LEGACY_BASE = "/api/v2"
SUPPORT_MOUNT = "/support"
CONTROL = "/_sandbox"
WIRE = "sandbox.wire"
"""The key in the WSGI environment under which a Wire tells the server how to send the answer."""

MOST_AGENTS = 100
"""How many agents one page of their list holds at most, and by default."""
NO_HELP_DESK = "There is no help desk configured at this address"
_PLACEHOLDER = re.compile(r"\{(?:(authorization)|(access_token|refresh_token):(\d{1,18})|http_date:(-?\d{1,9}))\}")


class _Rest(BaseConverter):
    """All that is left of a path, slashes and line ends included: what Werkzeug sees of it is decoded already."""

    part_isolating = False
    regex = "(?s:.*)"


@dataclass(frozen=True)
class Wire:
    """How an answer goes astray below HTTP; as in Fault."""

    drop: bool = False
    truncate: int | None = None
    stall: float | None = None
    close: bool = False


def create_app(state: State, stopping: threading.Event) -> Flask:
    """Return the sandbox as a Flask program. ``stopping`` ends all waiting."""
    app = Flask("zchat-sandbox", static_folder=None)
    # The API does not redirect //oauth/tokens to /oauth/tokens.
    app.url_map.merge_slashes = False
    app.url_map.converters["rest"] = _Rest
    app.register_blueprint(_chat("chat", state, basic=False), url_prefix=CHAT_BASE)
    app.register_blueprint(_chat("legacy", state, basic=True), url_prefix=LEGACY_BASE)
    app.register_blueprint(_support(state), url_prefix=SUPPORT_MOUNT + LEGACY_BASE)
    app.register_blueprint(_control(state), url_prefix=CONTROL)
    app.before_request(lambda: _arrive(state))
    app.after_request(lambda response: _leave(state, stopping, response))
    app.register_error_handler(404, lambda error: _text(404, NO_HELP_DESK))
    app.register_error_handler(405, lambda error: _text(405, "Method Not Allowed"))
    app.register_error_handler(InputError, lambda error: _json(400, {"error": str(error)}))
    # Flask wants its middleware put in like this; to mypy it is a method, which is not to be assigned to.
    app.wsgi_app = _by_host(app.wsgi_app)  # type: ignore[assignment, method-assign]
    return app


def _by_host(program: WSGIApplication) -> WSGIApplication:
    """Give a ``*.zendesk.com`` host the Support API at /api/v2, as it is there; only /api/v2/chat is Chat's."""

    def routed(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
        path = environ["PATH_INFO"]
        of_support = path.startswith(LEGACY_BASE + "/") and not path.startswith(CHAT_BASE + "/")
        if host.endswith(".zendesk.com") and of_support:
            environ["PATH_INFO"] = SUPPORT_MOUNT + path
        return program(environ, start_response)

    return routed


# Every request but the controls


def _arrive(state: State) -> Response | None:
    """Log a request, hold it against the rate limit, and let a fault answer it if one is to."""
    g.arrived = time.monotonic()
    g.entry = g.fault = g.answer = None
    if request.path.startswith(CONTROL + "/"):
        return None
    sent = urlsplit(request.environ["REQUEST_URI"])
    scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
    kind = scheme if scheme in ("basic", "bearer") else None
    g.entry = state.log(request.method, sent.path, sent.query, kind, int(request.environ["REMOTE_PORT"]))
    wait = state.admit(f"{request.method} {request.url_rule.rule}") if request.url_rule else None
    if wait is not None:
        return _text(429, "Too Many Requests", {"Retry-After": str(wait)})
    taken = state.take_fault(request.method, sent.path)
    if taken is None:
        return None
    g.fault, g.first = taken
    if g.fault.status is not None:
        # Filled in now: a token that this request revokes has no value any more.
        g.answer = _response(*g.fault.answer(_filler(state)))
    if g.fault.takes_effect():
        return None
    # A dropped request needs no answer, but Flask needs one to go on without the view.
    return g.answer or _response(200, {}, b"")


def _leave(state: State, stopping: threading.Event, response: Response) -> Response:
    """Put a fault's answer in the place of the real one, wait as long as the answer should take, and log its status."""
    entry, fault = g.entry, g.fault
    if entry is None:
        return response
    delay = state.options.latency
    if fault is not None:
        if g.first and fault.mint:
            state.add_tokens(list(fault.mint))
        response = g.answer or response
        request.environ[WIRE] = Wire(fault.drop is not None, fault.truncate, fault.stall, fault.close)
        delay += fault.delay
    left = g.arrived + delay - time.monotonic()
    if left > 0:
        stopping.wait(left)
    if fault is None or (fault.stall is None and (fault.drop is None or fault.truncate is not None)):
        entry["status"] = response.status_code
    return response


def _filler(state: State) -> Callable[[str], str]:
    """Return a function that fills in the placeholders of a fault's text."""
    authorization = request.headers.get("Authorization", "")

    def replacement(match: re.Match[str]) -> str:
        echo, key, token_id, seconds = match.groups()
        if echo:
            return authorization
        if key:
            return state.value(int(token_id), key)
        return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=int(seconds)), usegmt=True)

    return lambda text: _PLACEHOLDER.sub(replacement, text)


# The Chat API


def _chat(name: str, state: State, basic: bool) -> Blueprint:
    """Return the Chat API as one of its bases has it; ``basic``: takes Basic authentication, too."""
    blueprint = Blueprint(name, __name__)

    @blueprint.get("/oauth/tokens")
    def list_tokens() -> Response:
        refusal = _refusal(state, basic, "read")
        return refusal or Response(state.list_body(), 200, content_type="application/json")

    @blueprint.delete("/oauth/tokens/<int:token_id>")
    def revoke_token(token_id: int) -> Response:
        refusal = _refusal(state, basic, "write")
        if refusal is not None:
            return refusal
        fault: Fault | None = g.fault
        linger = fault.linger if fault is not None and fault.linger is not None else 0
        if not state.revoke(token_id, linger):
            return _json(404, {"error": "Not Found", "description": f"There is no OAuth token with id {token_id}"})
        return Response(status=204)

    _add_agents(blueprint, state, basic)
    return blueprint


def _add_agents(blueprint: Blueprint, state: State, basic: bool) -> None:
    """Add what the Chat API answers about agents."""

    @blueprint.get("/agents")
    def list_agents() -> Response:
        refusal = _refusal(state, basic, "read")
        if refusal is not None:
            return refusal
        try:
            limit = _cursor("limit", MOST_AGENTS)
            since_id, max_id = _cursor("since_id", 0), _cursor("max_id", None)
        except ValueError as error:
            return _json(400, {"error": "Bad Request", "description": str(error)})
        return _json(200, state.agent_page(since_id or 0, max_id, MOST_AGENTS if limit is None else limit))

    @blueprint.get("/agents/<int:agent_id>")
    def read_agent(agent_id: int) -> Response:
        return _refusal(state, basic, "read") or _agent(state.agent_by_id(agent_id))

    @blueprint.get("/agents/email/<rest:address>")
    def read_agent_by_email(address: str) -> Response:
        refusal = _refusal(state, basic, "read")
        if refusal is not None:
            return refusal
        # As it was sent: a slash in an address is encoded, one that is not makes it another path.
        sent = urlsplit(request.environ["REQUEST_URI"]).path.partition("/agents/email/")[2]
        return _agent(None if "/" in sent else state.agent_by_email(unquote(sent)))

    @blueprint.get("/agents/me")
    def read_caller() -> Response:
        caller = _caller(state, basic)
        return caller if isinstance(caller, Response) else _agent(caller.agent)


def _cursor(name: str, default: int | None) -> int | None:
    """Return a whole number from the query. Raises ValueError, with the API's words, for one that cannot be."""
    given = request.args.get(name)
    if given is None:
        return default
    most = MOST_AGENTS if name == "limit" else None
    if not (given.isascii() and given.isdecimal()) or (most is not None and not 1 <= int(given) <= most):
        raise ValueError(f"Invalid value for parameter {name}")
    return int(given)


def _agent(agent: Agent | None) -> Response:
    """Return an agent as the seed has it, or the 404 for nobody."""
    if agent is None:
        return _json(404, {"error": "Not Found", "description": "There is no such agent"})
    return _json(200, agent.document)


def _refusal(state: State, basic: bool, scope: str) -> Response | None:
    """Return the answer to a caller who may not do what needs ``scope``, None to one who may."""
    caller = _caller(state, basic)
    if isinstance(caller, Response):
        return caller
    if not caller.is_administrator():
        message = "You do not have access to this page. Only an administrator may use it."
        return _json(403, {"error": {"title": "Forbidden", "message": message}})
    if caller.scopes is not None and scope not in caller.scopes:
        description = f"You are missing the following required scopes: {scope}"
        return _json(403, {"error": "Forbidden", "description": description})
    return None


def _caller(state: State, basic: bool) -> Caller | Response:
    """Return who sent the request, or the 401 for it."""
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
    """Return whose credentials these are, sent as base64 of UTF-8."""
    try:
        email, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return state.caller_by_password(email, password) if colon else None


# The Support API


def _support(state: State) -> Blueprint:
    """Return the Support API's list and DELETE. They take the same credentials; what an id means differs."""
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


# The controls


def _control(state: State) -> Blueprint:
    """Return what tests use to look behind the API. Not logged, not limited, not delayed, without authentication."""
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
        body = as_object(_given({}), "reset", allowed=("options", "faults"))
        state.reset(as_object(body.get("options", {}), "options"), as_list(body.get("faults", []), "faults"))
        return Response(status=204)

    @blueprint.get("/tokens")
    def live_ids() -> Response:
        return _json(200, state.live_ids())

    @blueprint.post("/tokens")
    def add_tokens() -> Response:
        return _json(201, state.add_tokens(_given([])))

    @blueprint.get("/support_tokens")
    def support_ids() -> Response:
        return _json(200, list(state.support_tokens))

    @blueprint.get("/faults")
    def fault_uses() -> Response:
        return _json(200, state.fault_uses())

    @blueprint.put("/faults")
    def set_faults() -> Response:
        state.set_faults(_given([]))
        return Response(status=204)

    return blueprint


def _given(default: object) -> object:
    """Return the JSON value in the request's body, ``default`` for an empty body. The content type does not matter."""
    data = request.get_data()
    if not data.strip():
        return default
    try:
        return json.loads(data)
    except ValueError as error:
        raise InputError(f"the body is not JSON: {error}") from error


# Answers


def _json(status: int, value: object) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, content_type="application/json")


def _text(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status, headers, content_type="text/plain; charset=utf-8")


def _response(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    response = Response(body, status)
    del response.headers["Content-Type"]
    for name, value in headers.items():
        # Not set in one go with the body: a fault may well say a second time what is there already.
        response.headers[name] = value
    return response
