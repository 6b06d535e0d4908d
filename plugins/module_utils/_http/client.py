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

import http.client
import json
import math
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

from ansible_collections.zchat.admin.plugins.module_utils._errors import (
    ChatError,
    Credential,
    Endpoint,
    unexpected_content,
    unexpected_status,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import Connection, is_loopback
from ansible_collections.zchat.admin.plugins.module_utils._http.limits import (
    MAX_SIZE,
    EndlessResponseError,
    limit_responses,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.rate_limit import (
    RateLimit,
    RateLimitWait,
    backoff,
    retry_after,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import Secrets
from ansible_collections.zchat.admin.plugins.module_utils._http.transport_errors import Fault, fault_from
from ansible_collections.zchat.admin.plugins.module_utils._text import error_text

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
except ImportError as missing:
    # Also raised if the installed requests is broken or incompatible with this Python.
    REQUESTS_IMPORT_ERROR: str | None = str(missing)
    # Never used, but the class below needs a base class.
    HTTPAdapter = object  # type: ignore[assignment, misc]
else:
    REQUESTS_IMPORT_ERROR = None

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "ansible-zchat.admin"}
_GIVEN_VALUE = Credential(True, "'token_values'")
"""The credential of a request with another ``access_token``, for messages."""
_NEXT_PAGE = re.compile(r"""\brel\s*=\s*(?:"[^"]*\bnext\b|'[^']*\bnext\b|next\b)""", re.IGNORECASE)
_CHUNK = 65_536
_MAX_ERROR_BODY = 65_536
"""Bytes that are read of a response whose status and error text are sufficient."""
_INTERRUPTED = "Not sent, because the run was interrupted. Run the task again to finish it."
_REPETITION_INTERRUPTED = "Not repeated, because the run was interrupted. Run the task again to finish it."


@dataclass(frozen=True)
class Response:
    """The final HTTP response to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    repeated: bool = False
    """Whether the API may have executed an earlier attempt of the same request: it got no response, or a 5xx."""
    complete: bool = True
    """Whether ``body`` is the whole body. The beginning is sufficient for an error message."""

    @property
    def is_from_api(self) -> bool:
        """Whether the body is empty or JSON, as in responses of the API.

        That of a gateway or a proxy is a web page, or (recorded) an object ``{"error": {"title": ..., "message": ...}}``.
        """
        return self.complete and (not self.body.strip() or _is_json_of_api(self.body))


@dataclass(frozen=True)
class Document:
    """The JSON value of a response with status 200; ``None`` for a 404 (see :meth:`ApiClient.get`)."""

    endpoint: Endpoint
    status: int
    headers: Mapping[str, str]
    data: Any
    is_from_api: bool = True
    """As :attr:`Response.is_from_api`."""

    def announces_more(self, length: int) -> str | None:
        """Return which header announces more items than the ``length`` that were read, ``None`` if none does."""
        if _NEXT_PAGE.search(self.headers.get("Link", "")):
            return "its 'Link' header announces a next page"
        total = self.headers.get("X-Total-Count", "").strip()
        numbers = [int(number) for number in re.findall(r"[0-9]{1,15}", total)]
        if total and max(numbers, default=math.inf) > length:
            return f"it contains {length} items, and its 'X-Total-Count' header is {total[:20]!a}"
        return None


class ApiClient(Protocol):
    """What the rest of the collection uses of a client. Implemented by :class:`ChatClient` and by the tests' fake."""

    @property
    def connection(self) -> Connection:
        """The connection that the client uses."""

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
        ``object_hook`` is passed to :func:`json.loads`.
        """

    def delete(self, path: str) -> Response:
        """Send ``DELETE {base}/{path}``. Raises :class:`ChatError` unless the status is 2xx, 404 or 410."""

    def pause(self, seconds: float) -> bool:
        """Wait, and return whether the wait was interrupted."""


class _Adapter(HTTPAdapter):
    """Connections, direct and through a proxy, whose responses have limits."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        limit_responses(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        limit_responses(manager)
        return manager


class _NoResponseError(Exception):
    """A request without a complete response."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault


class ChatClient:
    """An :class:`ApiClient` that sends real requests. Safe to share between threads."""

    def __init__(
        self,
        connection: Connection,
        secrets: Secrets,
        pool_size: int = 1,
        interrupted: threading.Event | None = None,
    ) -> None:
        """``secrets`` are masked in messages. ``pool_size`` is the number of concurrent requests, and so of connections.

        Once ``interrupted`` is set, waits end and no further request is sent; active requests still get their response.
        """
        self.connection = connection
        self._interrupted = interrupted or threading.Event()
        self._secrets = secrets
        self._rate_limit = RateLimit(time.monotonic)
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=pool_size, pool_block=True)
        self._settings = self._request_settings()

    def get(
        self,
        path: str,
        *,
        missing_ok: bool = False,
        access_token: str | None = None,
        object_hook: Callable[[dict[str, Any]], Any] | None = None,
    ) -> Document:
        """As :meth:`ApiClient.get`."""
        endpoint = self.connection.endpoint(path)
        response = self._request("GET", endpoint, access_token)
        if missing_ok and response.status == 404:
            return Document(endpoint, response.status, response.headers, None, response.is_from_api)
        if response.status != 200:
            raise self._unexpected_status(response, endpoint, credential=_GIVEN_VALUE if access_token else None)
        try:
            data = json.loads(response.body, object_hook=object_hook, parse_constant=_reject_constant)
        except (ValueError, RecursionError):
            raise unexpected_content(
                endpoint, "JSON", "it is a web page." if _is_html(response) else "it is not valid JSON."
            ) from None
        return Document(endpoint, response.status, response.headers, data)

    def delete(self, path: str) -> Response:
        """As :meth:`ApiClient.delete`."""
        endpoint = self.connection.endpoint(path)
        response = self._request("DELETE", endpoint)
        if 200 <= response.status < 300 or response.status in (404, 410):
            return response
        raise self._unexpected_status(response, endpoint, outcome_unknown=response.repeated)

    def pause(self, seconds: float) -> bool:
        """As :meth:`ApiClient.pause`. The only place where the collection sleeps."""
        return self._interrupted.wait(seconds)

    def _request_settings(self) -> dict[str, Any]:
        """Return what the options and environment variables (proxies, CA bundle) set for each request, computed once.

        Raises :class:`ChatError` for a CA bundle that does not exist.
        """
        connection = self.connection
        if not connection.validate_certs:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        verify: bool | str = connection.validate_certs and (connection.ca_path or True)
        settings: dict[str, Any] = {
            "timeout": (connection.timeout, connection.timeout),
            **requests.Session().merge_environment_settings(connection.base_url, {}, True, verify, None),
        }
        url = urlsplit(connection.base_url)
        if is_loopback(url.hostname or ""):
            # For a proxy, this is another machine; with plain http, it would also receive the credentials.
            settings["proxies"] = {}
        if url.scheme == "https" and isinstance(settings["verify"], str) and not os.path.exists(settings["verify"]):
            # Not 'ca_path', which has been checked.
            raise ChatError(
                f"There is no file or directory {settings['verify']}, set in REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE. "
                "Correct it, or set 'ca_path' or ZCHAT_CA_PATH. Nothing was sent."
            )
        return settings

    def _request(self, method: str, endpoint: Endpoint, access_token: str | None = None) -> Response:
        """Send a request, repeat it if that can help, and return the final response: below 500, and not 429."""
        attempts = 0
        repeated = False
        wait = RateLimitWait(self._rate_limit, self.pause, endpoint.url, self.connection.rate_limit_timeout)
        while True:
            try:
                response = self._attempt(method, endpoint.url, access_token, wait, repeated)
            except _NoResponseError as error:
                repeated = repeated or error.fault.may_have_arrived
                failure = ChatError(f"No response from {endpoint}: {error.fault.reason}", outcome_unknown=repeated)
                if not error.fault.retry:
                    raise failure from None
            except ChatError as error:
                raise (error.with_unknown_outcome() if repeated else error) from None
            else:
                if response is None:
                    continue
                if response.status < 500:
                    return response
                repeated = True
                failure = self._unexpected_status(response, endpoint, outcome_unknown=True)
            attempts += 1
            if attempts > self.connection.retries:
                raise _final(failure, attempts)
            self.pause(backoff(attempts))

    def _attempt(
        self, method: str, url: str, access_token: str | None, wait: RateLimitWait, repeated: bool
    ) -> Response | None:
        """Send a request once, when the rate limit allows it. Return ``None`` after a 429."""
        interruption = ChatError(_REPETITION_INTERRUPTED if repeated else _INTERRUPTED)
        if not wait.acquire():
            raise interruption
        accepted = False
        try:
            if self._interrupted.is_set():
                raise interruption
            response = self._send(method, url, access_token, repeated)
            if response.status == 429:
                # This blocks the rate limit before the request is released, so that no other one is sent in between.
                wait.refused(retry_after(response.headers, time.time()))
                return None
            accepted = True
            return response
        finally:
            self._rate_limit.release(accepted)

    def _send(self, method: str, url: str, access_token: str | None, repeated: bool) -> Response:
        try:
            authorization = f"Bearer {access_token}" if access_token else self.connection.authorization
            request = requests.Request(method, url, headers={**_HEADERS, "Authorization": authorization}).prepare()
            response = self._adapter.send(request, **self._settings)
            # Before version 2, urllib3 does not notice a body that ends too early.
            response.raw.enforce_content_length = True
            body, complete = _read(response, whole=method == "GET" and response.status_code == 200)
        except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError, TypeError) as error:
            # A ValueError: http.client does not check every number in a response, requests every character in a request. A
            # TypeError: requests does not check every URL of a proxy.
            raise _NoResponseError(fault_from(error, self.connection.timeout, self.connection.address)) from None
        return Response(response.status_code, response.headers, body, repeated, complete)

    def _unexpected_status(
        self,
        response: Response,
        endpoint: Endpoint,
        *,
        outcome_unknown: bool = False,
        credential: Credential | None = None,
    ) -> ChatError:
        return unexpected_status(
            response.status,
            endpoint,
            credential=credential or self.connection.credential,
            text=self._secrets.quote(error_text(self._secrets.mask(response.body.decode("utf-8", "replace")))),
            location=self._secrets.quote_location(response.headers.get("Location", "")) or None,
            outcome_unknown=outcome_unknown,
            is_from_api=response.is_from_api,
        )


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
    return ChatError(msg, error.status, outcome_unknown=error.failure.outcome_unknown)


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_json_of_api(body: bytes) -> bool:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return not (isinstance(data, dict) and isinstance(data.get("error"), dict))


def _is_html(response: Response) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower() or response.body.lstrip()[:1] == b"<"
