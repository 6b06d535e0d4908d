# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP conversation with the Chat API: one pooled session, retries, limits, and answers turned into errors.

Four habits of ``requests`` shape this file. A ``~/.netrc`` entry replaces a header set on the session, so the credential
is an explicit ``auth``. Redirects would be followed, a DELETE even as a GET, so requests go through the adapter, which
follows none. ``REQUESTS_CA_BUNDLE`` overrides ``session.verify``, so ``verify`` is settled for each request. And its
exceptions quote what was sent, so none of their text is ever passed on.
"""

from __future__ import annotations

import html
import json
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ansible_collections.zchat.admin.plugins.module_utils import errors, pace
from ansible_collections.zchat.admin.plugins.module_utils.connection import Connection
from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.plugins.module_utils.rate_limit import (
    Patience,
    RateLimit,
    backoff,
    retry_after,
)
from ansible_collections.zchat.admin.plugins.module_utils.secrets import Secrets

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
except ImportError as missing:
    # Not always absent: one that is damaged, or does not fit the Python, cannot be imported either.
    REQUESTS_IMPORT_ERROR: str | None = str(missing)
    # Never used, but the class below needs something to extend. To mypy the name stands for one class and no other.
    HTTPAdapter = object  # type: ignore[assignment, misc]
else:
    REQUESTS_IMPORT_ERROR = None

_GONE = (404, 410)
_CHUNK = 65_536
_LARGEST_REFUSAL = 65_536
"""Bytes read of an answer that only its status and first words matter of."""
_LARGEST_ANSWER = 512 * 1024 * 1024
"""Bytes: some million tokens. Beyond it something else than the Chat API is talking."""
_LONGEST_PAGE = 16_384
"""Characters of a web page that are searched for words."""
_LONGEST_WORDS = 200
"""Characters of the API's own words that a message quotes."""


@dataclass(frozen=True)
class Reply:
    """One HTTP answer, its body read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    uncertain: bool
    """Whether an earlier try of the same request may have been carried out: it got no answer, or a 5xx."""


class _Adapter(HTTPAdapter):
    """The way to the API, and through a proxy to it, on which an answer that only drips in is given up."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pace.meter(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        pace.meter(manager)
        return manager


class ChatClient:
    """Asks the Chat API of one :class:`Connection`. Safe to share between threads."""

    def __init__(
        self,
        connection: Connection,
        pool_size: int = 1,
        log: Callable[[str], None] | None = None,
        interrupted: threading.Event | None = None,
    ) -> None:
        """``pool_size`` is how many requests may be under way at once, and so how many connections are kept.

        ``log`` writes to the system log, for what has to be on record even if this process ends before its result.
        Once ``interrupted`` is set, waits end and no further request is sent; those under way are answered.
        """
        self.connection = connection
        self.log = log or _no_log
        self._interrupted = interrupted or threading.Event()
        self.secrets = Secrets(connection.secrets)
        self._rate_limit = RateLimit(time.monotonic)
        self._session = requests.Session()
        self._session.auth = self._authorize
        self._session.headers.update({"Accept": "application/json", "User-Agent": "ansible-zchat.admin"})
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=pool_size, pool_block=True)
        self._settings = self._settle()

    def get(self, path: str, unexpected: Callable[[str, str], ChatError]) -> Any:
        """The JSON that ``GET {base}/{path}`` answers with 200. Raises :class:`ChatError` for anything else.

        ``unexpected`` makes the error for an answer that is no JSON, from its URL and the reason as a sentence.
        """
        url = self.url(path)
        return self._json(self._request("GET", url), url, unexpected)

    def find(self, path: str, unexpected: Callable[[str, str], ChatError]) -> Any:
        """As :meth:`get`, but ``None`` for a 404 or 410: there is no such thing, or, as far as this tells, no such API."""
        url = self.url(path)
        reply = self._request("GET", url)
        if reply.status in _GONE:
            return None
        found = self._json(reply, url, unexpected)
        if found is None:
            raise unexpected(url, "it answered null.")
        return found

    def delete(self, path: str) -> bool:
        """Send ``DELETE {base}/{path}``; whether it ended something that was there.

        A 404 or 410 means that it was gone before, unless an earlier try of this very request may have been carried
        out: then that try is what ended it. Raises :class:`ChatError` for any other answer but 2xx, and for none.
        """
        url = self.url(path)
        reply = self._request("DELETE", url)
        if 200 <= reply.status < 300:
            return True
        if reply.status in _GONE:
            return reply.uncertain
        raise self._refusal(reply, url)

    def url(self, path: str) -> str:
        """The whole URL of ``path``, which must not come from outside unquoted."""
        return f"{self.connection.base_url}/{path}"

    def pause(self, seconds: float) -> bool:
        """Wait. The one place where this collection sleeps; ``True`` if it was interrupted."""
        return self._interrupted.wait(seconds)

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self.connection.authorization
        return request

    def _settle(self) -> dict[str, Any]:
        """What the environment (proxies, CA bundle) and the options mean for each request, worked out once.

        Raises :class:`ChatError` for a CA bundle that does not exist.
        """
        connection = self.connection
        if not connection.validate_certs:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        verify: bool | str = connection.validate_certs and (connection.ca_path or True)
        settings: dict[str, Any] = {
            "timeout": (connection.timeout, connection.timeout),
            **self._session.merge_environment_settings(connection.base_url, {}, True, verify, None),
        }
        if connection.base_url.startswith("http://"):
            # Loopback only: through a proxy the credentials would leave this machine in the clear.
            settings["proxies"] = {}
        elif isinstance(settings["verify"], str) and not os.path.exists(settings["verify"]):
            # Not 'ca_path', which has been looked for.
            raise ChatError(
                f"There is no file or directory {settings['verify']}, which REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE in the "
                "environment names. Correct it, or name a CA bundle in 'ca_path'. Nothing was sent."
            )
        return settings

    def _request(self, method: str, url: str) -> Reply:
        """Send one request, again where that can help, and return the answer that counts: one below 500, and not 429."""
        tries = 0
        uncertain = False
        patience = Patience(self._rate_limit, self.pause, url, self.connection.rate_limit_timeout)
        while True:
            if not patience.wait_for_turn():
                raise errors.interrupted(uncertain)
            let_in = False
            try:
                if self._interrupted.is_set():
                    raise errors.interrupted(uncertain)
                reply = self._send(method, url, uncertain)
                if reply.status == 429:
                    patience.told_to_wait(retry_after(reply.headers, time.time()))
                    continue
                let_in = True
            except _NoAnswerError as problem:
                uncertain = uncertain or problem.may_have_arrived
                failure = errors.no_answer(url, problem.reason)
                if not problem.worth_a_retry:
                    raise failure from None
            else:
                if reply.status < 500:
                    return reply
                uncertain = True
                failure = self._refusal(reply, url)
            finally:
                self._rate_limit.done(let_in)
            tries += 1
            if tries > self.connection.retries:
                raise errors.tried(failure, tries)
            self.pause(backoff(tries))

    def _send(self, method: str, url: str, uncertain: bool) -> Reply:
        try:
            request = self._session.prepare_request(requests.Request(method, url))
            response = self._adapter.send(request, **self._settings)
            # Before its version 2, urllib3 takes a body that breaks off for a whole one.
            response.raw.enforce_content_length = True
            body = _read(response, whole=method == "GET" and response.status_code == 200)
        except (OSError, urllib3.exceptions.HTTPError, UnicodeError) as problem:
            raise _NoAnswerError(problem, self.connection) from None
        return Reply(response.status_code, response.headers, body, uncertain)

    def _json(self, reply: Reply, url: str, unexpected: Callable[[str, str], ChatError]) -> Any:
        if reply.status != 200:
            raise self._refusal(reply, url)
        try:
            return json.loads(reply.body, parse_constant=_no_json_constant)
        except (ValueError, RecursionError):
            reason = (
                "it is not JSON, and looks like a web page." if _looks_like_html(reply) else "it is not valid JSON."
            )
            raise unexpected(url, reason) from None

    def _refusal(self, reply: Reply, url: str) -> ChatError:
        return errors.refused(
            reply.status,
            url,
            credential=self.connection.credential,
            words=self._words(reply),
            location=self._location(reply),
        )

    def _words(self, reply: Reply) -> str:
        """The API's own words in an answer: plain text, without secrets, shortened."""
        # As they came, and as they are shown: what turns a page into plain text may turn a secret into another text, too.
        raw = self.secrets.scrub(reply.body.decode("utf-8", "replace"))
        words = self.secrets.scrub(plain_words(raw))
        return words if len(words) <= _LONGEST_WORDS else words[:_LONGEST_WORDS].rstrip() + "..."

    def _location(self, reply: Reply) -> str | None:
        """Where a redirect points, without user, query and fragment, since these may hold a secret."""
        target = plain_text(self.secrets.scrub(reply.headers.get("Location", "")))
        target = re.sub(r"[?#].*", "", re.sub(r"//[^/]*@", "//", target))
        return self.secrets.scrub(target)[:_LONGEST_WORDS] or None


def _no_log(text: str) -> None:
    """Where nobody keeps a log."""


class _NoAnswerError(Exception):
    """A request that got no (whole) HTTP answer, explained without the words of the exception, which may quote secrets."""

    def __init__(self, problem: BaseException, connection: Connection) -> None:
        super().__init__()
        causes = list(_causes(problem))
        kinds = {type(cause).__name__ for cause in causes}
        slow = next((cause for cause in causes if isinstance(cause, pace.TooSlowError)), None)
        connecting = bool(kinds & {"NewConnectionError", "ConnectTimeout", "ConnectTimeoutError", "ProxyError"})
        self.worth_a_retry = True
        if any(_is_bad_certificate(cause) for cause in causes):
            connecting = True
            self.worth_a_retry = False
            self.reason = (
                "its TLS certificate could not be verified, so nothing was sent. "
                "If a CA of your own signed it, name that CA's bundle in 'ca_path'."
            )
        elif slow is not None:
            self.reason = (
                f"its answer came too slowly, {slow.received} bytes in {slow.seconds:.0f} s, and was given up. "
                "If the line is as slow as that, raise 'timeout'."
            )
        elif "ProxyError" in kinds:
            self.reason = f"the proxy that the environment names (HTTPS_PROXY) gave no way through{_detail(causes)}."
        elif "gaierror" in kinds:
            self.reason = "the name of its host could not be resolved. Check 'subdomain' or 'api_url', and DNS."
        elif kinds & {"ConnectTimeout", "ConnectTimeoutError"}:
            self.reason = f"no connection within {connection.timeout} s ('timeout')."
        elif kinds & {"ReadTimeout", "ReadTimeoutError", "timeout", "TimeoutError"}:
            self.reason = f"it sent no data for {connection.timeout} s ('timeout')."
        elif any(isinstance(cause, ssl.SSLError) for cause in causes) or "SSLError" in kinds:
            self.reason = (
                f"no TLS connection came about{_detail(causes)}. Check that the address and 'ca_path' are right."
            )
        elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
            self.reason = "the connection was refused. Nothing listens there, or a firewall is in the way."
        elif kinds & {"ProtocolError", "ChunkedEncodingError", "IncompleteRead", "ConnectionResetError"}:
            self.reason = f"the connection broke before the answer was complete{_detail(causes)}."
        elif "InvalidHeader" in kinds:
            self.reason = "the headers of its answer contradict each other."
            self.worth_a_retry = False
        elif kinds & {"ContentDecodingError", "DecodeError"}:
            self.reason = "its answer could not be decompressed. It is damaged, or not what its headers say."
            self.worth_a_retry = False
        else:
            self.reason = f"the request could not be made{_detail(causes)}."
            self.worth_a_retry = isinstance(problem, (requests.ConnectionError, requests.Timeout))
        self.may_have_arrived = not connecting


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    """``problem`` and the exceptions inside it. ``requests`` and urllib3 wrap them as cause, context, argument or reason."""
    seen: list[BaseException] = []
    waiting = [problem]
    while waiting:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or current in seen:
            continue
        seen.append(current)
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


def _is_bad_certificate(cause: BaseException) -> bool:
    return isinstance(cause, (ssl.SSLCertVerificationError, ssl.CertificateError))


def _detail(causes: list[BaseException]) -> str:
    """What the operating system calls it, such as `` (Connection reset by peer)``; never an exception's own text."""
    for cause in causes:
        if isinstance(cause, OSError) and not isinstance(cause, (ssl.SSLError, socket.gaierror)) and cause.errno:
            return f" ({os.strerror(cause.errno)})"
    return f" ({type(causes[-1]).__name__})"


def _read(response: requests.Response, whole: bool) -> bytes:
    """The body: all of it, or as much of a refusal as its words need.

    A body read to its end gives the connection back to the pool; of a longer one the rest is not waited for. Where a
    refusal breaks off, its status is known all the same, and that is what counts.
    """
    limit = _LARGEST_ANSWER if whole else _LARGEST_REFUSAL
    body = bytearray()
    try:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > limit:
                break
        else:
            return bytes(body)
    except (OSError, urllib3.exceptions.HTTPError):
        if whole:
            raise
    response.close()
    return bytes(body[:limit])


def _no_json_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _looks_like_html(reply: Reply) -> bool:
    return "html" in reply.headers.get("Content-Type", "").lower() or reply.body.lstrip()[:1] == b"<"


def plain_words(text: str) -> str:
    """What an error answer says, from JSON in any of the API's shapes, from HTML or from text; not yet scrubbed.

    Shapes seen: ``{"error": "..", "description": ".."}``, ``{"error": {"title": "..", "message": ".."}}``.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        text = ": ".join(dict.fromkeys(plain_text(word) for word in _said(data)))
    elif isinstance(data, str):
        text = plain_text(data)
    elif data is not None:
        text = ""
    else:
        text = plain_text(re.sub(r"(?is)<(script|style|head)\b.*?</\1\s*>|<[^>]*>", " ", text[:_LONGEST_PAGE]))
    return text[: 10 * _LONGEST_WORDS]


def _said(data: Mapping[str, Any]) -> Iterator[str]:
    for key in ("error", "title", "description", "message"):
        value = data.get(key)
        if isinstance(value, str) and value.strip():
            yield value
        elif isinstance(value, dict):
            yield from (inner for inner in value.values() if isinstance(inner, str) and inner.strip())


def plain_text(text: str) -> str:
    """``text`` on one line, with HTML entities resolved and whatever is not printable turned to spaces."""
    return " ".join("".join(char if char.isprintable() else " " for char in html.unescape(text)).split())


def encodable(value: Any) -> Any:
    """``value``, a text without its lone surrogates: JSON can carry these, terminals and files can not."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
