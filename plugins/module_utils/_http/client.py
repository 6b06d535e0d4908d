# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client of the Chat API: one connection pool, retries, the rate limit, and errors for unexpected responses.

Four behaviors of ``requests`` determine this file. A session replaces the ``Authorization`` header by the credentials in
``~/.netrc``, and follows redirects, after a DELETE even as a GET. So the client sends through an adapter, without a session.
``REQUESTS_CA_BUNDLE`` overrides ``session.verify``, so each request gets its own ``verify``. And exceptions quote what was
sent, so their text is never used.
"""

from __future__ import annotations

import copy
import http.client
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NoReturn

from ansible_collections.zchat.admin.plugins.module_utils._errors import (
    ChatError,
    Credential,
    CredentialKind,
    Endpoint,
    unexpected_content,
    unexpected_status,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import Connection
from ansible_collections.zchat.admin.plugins.module_utils._http.limits import (
    MAX_SIZE,
    EndlessResponseError,
    limit_responses,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.rate_limit import RateLimit, backoff, retry_after
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import Secrets
from ansible_collections.zchat.admin.plugins.module_utils._http.transport_errors import TransportError, transport_error
from ansible_collections.zchat.admin.plugins.module_utils._interruption import Interruption
from ansible_collections.zchat.admin.plugins.module_utils._text import error_text

try:
    import requests
    import urllib3
    from requests.adapters import BaseAdapter, HTTPAdapter
except BaseException as error:
    # A library that is broken, or does not fit this Python, raises anything: AttributeError, SyntaxError, SystemExit, a panic of Rust.
    if isinstance(error, KeyboardInterrupt):
        raise
    REQUESTS_IMPORT_ERROR: str | None = Secrets().quote(f"{type(error).__name__}: {error}")
    # Never used, but the class below needs a base class.
    HTTPAdapter = object  # type: ignore[assignment, misc]
else:
    REQUESTS_IMPORT_ERROR = None

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "ansible-zchat.admin"}
_GIVEN_VALUE = Credential(CredentialKind.TOKEN, "'token_values'")
"""The credential of a request with another ``access_token``, for messages."""
_NEXT_PAGE = re.compile(r"""\brel\s*=\s*(?:"[^"]*\bnext\b|'[^']*\bnext\b|next\b)""", re.IGNORECASE)
_CHUNK = 65_536
_RATE_LIMIT_WINDOW = 61
"""Seconds that a wait for the vendor's rate limit (200 requests a minute) takes at most."""
_MAX_ERROR_BODY = 65_536
"""Bytes that are read of a response whose status and error text are sufficient."""


@dataclass(frozen=True)
class Response:
    """The final HTTP response to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    may_be_executed: bool = False
    """Whether the API may have executed an earlier attempt of the same request: it got no response, or a 5xx."""
    complete: bool = True
    """Whether ``body`` is the whole body. The beginning is sufficient for an error message."""

    @property
    def is_from_api(self) -> bool:
        """Whether the body has the form of an error of the API: a JSON object whose ``error`` is a string (recorded).

        Anything else can come from a gateway or a proxy, and shows nothing about a token, an agent or credentials.
        """
        return isinstance(self.error, str)

    @cached_property
    def error(self) -> Any:
        """The value of ``error`` if the body is a JSON object. An object in it comes from the gateway (recorded)."""
        try:
            data = json.loads(self.body) if self.complete else None
        except (ValueError, RecursionError):
            return None
        return data.get("error") if isinstance(data, dict) else None


@dataclass(frozen=True)
class Document:
    """The JSON value of a response with status 200; ``None`` for a 404 (see :meth:`ChatClient.get`)."""

    endpoint: Endpoint
    status: int
    headers: Mapping[str, str]
    data: Any
    is_from_api: bool = True
    """As :attr:`Response.is_from_api`."""

    def announces_more(self, length: int, ignore_next: bool = False) -> str | None:
        """Return which header announces more items than the ``length`` that were read, ``None`` if none does.

        ``ignore_next``: the next page was read, so a ``Link`` to it is none.
        """
        if not ignore_next and _NEXT_PAGE.search(self.headers.get("Link", "")):
            return "its 'Link' header announces a next page"
        total = self.headers.get("X-Total-Count", "").strip()
        if total and not re.fullmatch("[0-9]{1,15}", total):
            return f"it contains {length} items, and its 'X-Total-Count' header is not a number"
        if total and int(total) > length:
            return f"it contains {length} items, and its 'X-Total-Count' header is {total}"
        return None


class _LimitedAdapter(HTTPAdapter):
    """Connections, direct and through a proxy, whose responses have limits."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        limit_responses(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        limit_responses(manager)
        return manager


class ChatClient:
    """Sends requests to the Chat API. Safe to share between threads."""

    def __init__(
        self,
        connection: Connection,
        secrets: Secrets,
        interruption: Interruption,
        pool_size: int = 1,
        adapter: BaseAdapter | None = None,
    ) -> None:
        """``secrets`` are masked in messages. ``pool_size`` is the number of concurrent requests, and so of connections.

        Once ``interruption`` happens, waits end and no further request is sent; active requests still get their response.
        ``adapter`` replaces the network, as in any use of ``requests``.
        """
        self.connection = connection
        self.interruption = interruption
        self.secrets = secrets
        self.run_token_id: int | None = None
        """The id of the token that only this run uses, once a list of tokens has shown it."""
        self._rate_limit = RateLimit(time.monotonic)
        self._adapter = adapter or _LimitedAdapter(pool_connections=1, pool_maxsize=pool_size, pool_block=True)
        if not connection.verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def after_interruption(self) -> ChatClient:
        """Return the client for what must be sent although the run was interrupted. Then, nobody waits for long."""
        client = copy.copy(self)
        if self.interruption.happened:
            retries, wait = self.connection.retries, self.connection.rate_limit_timeout
            client.connection = replace(
                self.connection, retries=min(retries, 1), rate_limit_timeout=min(wait, _RATE_LIMIT_WINDOW)
            )
        client.interruption = Interruption()
        return client

    def get(
        self,
        path: str,
        *,
        missing_ok: bool = False,
        access_token: str | None = None,
        object_hook: Callable[[dict[str, Any]], Any] | None = None,
    ) -> Document:
        """Return the JSON value of ``GET {base}/{path}``. Raises :class:`ChatError` unless the status is 200.

        With ``missing_ok``, a 404 is not an error. ``access_token`` replaces the credentials of the connection.
        ``object_hook`` is called as that of :func:`json.loads`.
        """
        endpoint = self.connection.endpoint(path)
        response = self._request("GET", endpoint, access_token)
        if missing_ok and response.status == 404:
            return Document(endpoint, response.status, response.headers, None, response.is_from_api)
        if response.status != 200:
            raise self.unexpected_status(response, endpoint, credential=_GIVEN_VALUE if access_token else None)

        def unambiguous(pairs: list[tuple[str, Any]]) -> Any:
            item = dict(pairs)
            if len(item) < len(pairs):
                # Which value counts is undefined, for example of two agents.
                raise unexpected_content(endpoint, "valid JSON", "it contains an object with the same key twice.")
            return object_hook(item) if object_hook else item

        try:
            data = json.loads(response.body, object_pairs_hook=unambiguous, parse_constant=_reject_constant)
        except (ValueError, RecursionError):
            raise unexpected_content(
                endpoint, "JSON", "it is a web page." if _is_html(response) else "it is not valid JSON."
            ) from None
        return Document(endpoint, response.status, response.headers, data)

    def delete(self, path: str) -> Response:
        """Send ``DELETE {base}/{path}``. Raises :class:`ChatError` unless the status is 2xx, 404 or 410."""
        endpoint = self.connection.endpoint(path)
        response = self._request("DELETE", endpoint)
        if 200 <= response.status < 300 or response.status in (404, 410):
            return response
        raise self.unexpected_status(response, endpoint, may_be_executed=response.may_be_executed)

    def post_form(self, endpoint: Endpoint, form: Mapping[str, str]) -> Response:
        """Send a form without credentials, and return the response if its status is below 500.

        It is not repeated after an attempt that may have arrived. Raises :class:`ChatError`.
        """
        return self._request("POST", endpoint, form=form)

    def pause(self, seconds: float) -> bool:
        """Wait, and return whether the run was interrupted."""
        return self.interruption.wait(seconds)

    def _request(
        self,
        method: str,
        endpoint: Endpoint,
        access_token: str | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request, repeat it if that can help, and return the final response: below 500, and not 429.

        With a ``form``, it is not repeated after an attempt that may have arrived.
        """
        failures = refusals = 0
        waited = 0.0
        may_be_executed = False
        while True:
            try:
                waited = self._await_rate_limit(endpoint, waited)
                if self.interruption.happened:
                    raise ChatError(interrupted("Not repeated" if may_be_executed else "Not sent"))
                response = self._send(method, endpoint, access_token, may_be_executed, form)
                if response.status == 429:
                    refusals += 1
                    self._block_requests(response, endpoint, waited, at_least=backoff(refusals))
                    continue
                if response.status == 503 and form is None:
                    may_be_executed = True
                    self._block_requests(response, endpoint, waited)
            except TransportError as error:
                may_be_executed = may_be_executed or error.may_be_executed
                failure = ChatError(f"No response from {endpoint}: {error.reason}", may_be_executed=may_be_executed)
                if not error.retry or (form is not None and may_be_executed):
                    raise failure from None
            except ChatError as error:
                raise (error.of_executed_request() if may_be_executed else error) from None
            else:
                if response.status < 500:
                    return response
                may_be_executed = True
                failure = self.unexpected_status(response, endpoint, may_be_executed=True)
                if form is not None:
                    raise failure
            failures += 1
            if failures > self.connection.retries:
                raise _final(failure, failures)
            if self._rate_limit.remaining() <= 0:
                self.pause(backoff(failures))

    def _await_rate_limit(self, endpoint: Endpoint, waited: float) -> float:
        """Wait until the rate limit allows a request. Return the seconds that it has waited in total.

        Raises :class:`ChatError` if that would exceed ``rate_limit_timeout``.
        """
        while (seconds := self._rate_limit.remaining()) > 0:
            self._check_wait(endpoint, waited, seconds)
            if self.pause(seconds):
                break
            waited += seconds
        return waited

    def _block_requests(self, response: Response, endpoint: Endpoint, waited: float, at_least: float = 0.0) -> None:
        """Send no request until the ``Retry-After`` of a 429 or 503 is over.

        ``at_least``: the seconds if there is none, or less than a second. Raises :class:`ChatError` immediately if the
        required wait is too long.
        """
        seconds = retry_after(response.headers, time.time()) or 0.0
        if seconds < 1:
            # "Now" in a response that refuses the request: do not flood the API.
            seconds = at_least
        # First for all requests: if the wait is too long for this one, the others must not be sent either.
        self._rate_limit.block(seconds, response.status)
        self._check_wait(endpoint, waited, seconds)

    def _check_wait(self, endpoint: Endpoint, waited: float, seconds: float) -> None:
        allowed = self.connection.rate_limit_timeout
        if waited + seconds > allowed:
            already = f" (already waited: {waited:.0f} s)" if waited >= 0.5 else ""
            status = self._rate_limit.status
            reason = "Rate limit exceeded" if status == 429 else "The API is not available"
            raise ChatError(
                f"{reason} at {endpoint} (HTTP {status}). The required wait of {seconds:.0f} s{already} exceeds "
                f"'rate_limit_timeout' ({allowed} s). Increase it, or run the task again later.",
                status,
            )

    def _send(
        self,
        method: str,
        endpoint: Endpoint,
        access_token: str | None,
        may_be_executed: bool,
        form: Mapping[str, str] | None,
    ) -> Response:
        """Send one attempt. Raises :class:`TransportError` without a complete response."""
        connection = self.connection
        authorization = f"Bearer {access_token}" if access_token else connection.authorization
        try:
            headers = {**_HEADERS, **({"Authorization": authorization} if form is None else {})}
            response = self._adapter.send(
                requests.Request(method, endpoint.url, headers=headers, data=form).prepare(),
                stream=True,
                timeout=(connection.timeout, connection.timeout),
                verify=connection.verify,
                proxies=connection.proxies,
            )
            # Before version 2, urllib3 does not notice a body that ends too early.
            response.raw.enforce_content_length = True
            body, complete = _read(response, whole=method in ("GET", "POST") and response.status_code == 200)
        except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError, TypeError) as error:
            # A ValueError: http.client does not check every number in a response, requests every character in a request. A
            # TypeError: requests does not check every URL of a proxy.
            raise transport_error(error, connection.timeout, connection.source) from None
        return Response(response.status_code, response.headers, body, may_be_executed, complete)

    def unexpected_status(
        self,
        response: Response,
        endpoint: Endpoint,
        *,
        may_be_executed: bool = False,
        credential: Credential | None = None,
    ) -> ChatError:
        """Return the error for a response whose status ends a request."""
        return unexpected_status(
            response.status,
            endpoint,
            credential=credential or self.connection.credential,
            text=self.secrets.quote(error_text(self.secrets.mask(response.body.decode("utf-8", "replace")))),
            location=self.secrets.quote_location(response.headers.get("Location", "")) or None,
            may_be_executed=may_be_executed,
            is_from_api=response.is_from_api,
            is_from_gateway=isinstance(response.error, dict),
        )


def interrupted(what: str) -> str:
    """Return a message about something that did not happen because of the interruption."""
    return f"{what}, because the run was interrupted. Run the task again to finish it."


def _read(response: requests.Response, whole: bool) -> tuple[bytes, bool]:
    """Return the body and whether it is complete: all of it, or its beginning if that is sufficient for an error message.

    Reading a body to its end returns the connection to the pool; otherwise the connection is closed. If the body of an
    error breaks off, its status is still valid; that of a 2xx is not, because a DELETE succeeds only without content.
    """
    body = bytearray()
    complete = False
    try:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if not whole and len(body) > _MAX_ERROR_BODY:
                return bytes(body[:_MAX_ERROR_BODY]), False
            if len(body) > MAX_SIZE:  # after decompression
                raise EndlessResponseError(MAX_SIZE)
        complete = True
    except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError):
        if response.status_code < 300:
            raise
    finally:
        if not complete:
            response.close()
    return bytes(body), complete


def _final(error: ChatError, attempts: int) -> ChatError:
    """Return the error of the last attempt, with the number of attempts."""
    msg = (
        f"{error.msg} This was attempt {attempts} of {attempts}. If the cause is temporary, run the task again later."
        if attempts > 1
        else error.msg
    )
    return ChatError(msg, error.status, may_be_executed=error.failure.may_be_executed)


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_html(response: Response) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower() or response.body.lstrip()[:1] == b"<"
