# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options and environment variables to one validated connection. No network in this file."""

from __future__ import annotations

import base64
import html
import ipaddress
import json
import os.path
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Credential, Endpoint
from ansible_collections.zchat.admin.plugins.module_utils._options import bounded
from ansible_collections.zchat.admin.plugins.module_utils._text import encodable

CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "subdomain": {"type": "str"},
    "api_url": {"type": "str"},
    "access_token": {"type": "str", "no_log": True, "aliases": ["token"]},
    "email": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
    "retries": {"type": "int", "default": 4},
    "rate_limit_timeout": {"type": "int", "default": 300},
}
"""The connection options of each module's argument spec. Ansible's own fallback to environment variables is not used: it works
for each option separately, but here the task's options take precedence for the whole group."""

_ADDRESS = {"subdomain": "ZCHAT_SUBDOMAIN", "api_url": "ZCHAT_API_URL"}
_CREDENTIALS = {"access_token": "ZCHAT_ACCESS_TOKEN", "email": "ZCHAT_EMAIL", "password": "ZCHAT_PASSWORD"}

# Without re.ASCII, re.IGNORECASE accepts U+017F and U+212A, which other libraries change to "s" and "k".
_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_PATH_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
SECRET_MARKS = frozenset("@?#")
"""Characters after or before which a URL can contain a secret."""
_MAX_SECONDS = 86_400
"""A longer time is a mistake, and sockets reject some values that are longer still."""
_NOT_PRINTABLE_ASCII = re.compile(r"[^!-~]")


@dataclass(frozen=True)
class Connection:
    """How to reach one Chat account. Created by :func:`connection_from`, which validates every part."""

    base_url: str
    """Without a trailing slash, such as ``https://acme.zendesk.com/api/v2/chat``."""
    address: str
    """The option or environment variable that sets it, for messages."""
    credential: Credential
    authorization: str = field(repr=False)
    """The value of the ``Authorization`` header. Secret."""
    access_token: str | None = field(repr=False)
    """The token that the task authenticates with; ``None`` with email address and password. Secret."""
    secrets: frozenset[str] = field(repr=False)
    """Every form in which the credential can occur in a message."""
    validate_certs: bool
    ca_path: str | None
    timeout: int
    """Seconds, for connecting and for each wait for data."""
    retries: int
    """Number of repetitions of a request after a connection error, a timeout or a 5xx."""
    rate_limit_timeout: int
    """Seconds that one request may wait in total on HTTP 429."""

    def endpoint(self, path: str) -> Endpoint:
        """Return the URL of ``path``, such as ``agents/me``."""
        return Endpoint(f"{self.base_url}/{path}", self.address)


def base_url_from(options: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Return the base URL of the API, without a trailing slash.

    Raises :class:`ChatError` if it is missing, set twice or unsafe.
    """
    return _base_url(*_group(options, environ, _ADDRESS))


def connection_from(options: Mapping[str, Any], environ: Mapping[str, str]) -> Connection:
    """Return the connection that the task's ``options`` (only those that are set) and environment variables define.

    The address and the credentials each come either from the task or from environment variables, never from both.
    Raises :class:`ChatError` if they are missing, set twice or unsafe.
    """
    addresses, names = _group(options, environ, _ADDRESS)
    base_url = _base_url(addresses, names)
    authorization, access_token, credential, secrets = _credential(*_group(options, environ, _CREDENTIALS))
    return Connection(
        base_url=base_url,
        address=names[next(iter(addresses))],
        credential=credential,
        authorization=authorization,
        access_token=access_token,
        secrets=frozenset(form for secret in secrets for form in secret_forms(secret)),
        validate_certs=options["validate_certs"],
        ca_path=_ca_path(*_group(options, environ, {"ca_path": "ZCHAT_CA_PATH"})),
        timeout=bounded(options, "timeout", 1, _MAX_SECONDS),
        retries=bounded(options, "retries", 0, 1000),
        rate_limit_timeout=bounded(options, "rate_limit_timeout", 0, _MAX_SECONDS),
    )


def _group(
    options: Mapping[str, Any], environ: Mapping[str, str], variables: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the values of one group of options, and the name for each option in messages: its own or the variable's."""
    from_task = {option: options[option] for option in variables if option in options}
    if from_task:
        return from_task, {option: f"'{option}'" for option in variables}
    return {option: environ[name] for option, name in variables.items() if environ.get(name)}, dict(variables)


def _base_url(values: Mapping[str, str], names: Mapping[str, str]) -> str:
    if not values:
        raise ChatError(
            "No Chat account is set. Set 'subdomain' or 'api_url', or the environment variable ZCHAT_SUBDOMAIN or "
            "ZCHAT_API_URL."
        )
    if len(values) > 1:
        raise ChatError(f"{names['subdomain']} and {names['api_url']} are both set. Set only one of them.")
    if "api_url" in values:
        return _checked_api_url(values["api_url"], names["api_url"])
    subdomain = values["subdomain"]
    if not _DNS_LABEL.fullmatch(subdomain):
        host = re.search(r"(?:^|[/.])([a-z0-9-]+)\.zendesk\.com(?:/|$)", subdomain, re.IGNORECASE)
        raise ChatError(
            f"{names['subdomain']} must be the name before '.zendesk.com', such as "
            f"'{host.group(1) if host else 'acme'}', and is {_shown(subdomain)}."
        )
    return f"https://{subdomain.lower()}.zendesk.com/api/v2/chat"


def _checked_api_url(api_url: str, name: str) -> str:
    """Return ``api_url`` in its normal form, or raise. The message never shows a part that can be secret."""
    if _NOT_PRINTABLE_ASCII.search(api_url):
        raise ChatError(
            f"{name} contains a space, a control character or a non-ASCII character. It must be an https URL."
        )
    scheme, separator, rest = api_url.partition("://")
    if not separator or scheme.lower() not in ("https", "http"):
        raise ChatError(f"{name} must start with https://, as in https://acme.zendesk.com/api/v2/chat.")
    if "@" in rest:
        raise ChatError(f"{name} must not contain a user or password. Set the credentials separately.")
    if "?" in rest or "#" in rest:
        raise ChatError(
            f"{name} must not contain a query or a fragment. It is the base URL of the API, without '?' or '#'."
        )
    netloc, slash, path = rest.partition("/")
    authority = _HOST_AND_PORT.fullmatch(netloc)
    host = _host(authority.group("host")) if authority else None
    if authority is None or host is None or int(authority.group("port") or 443) not in range(1, 65536):
        raise ChatError(f"{name} contains no valid host name: {_shown(netloc)}.")
    if scheme.lower() == "http" and not is_loopback(host):
        raise ChatError(f"{name} must use https: plain http would expose the credentials on the way to {host}.")
    path = (slash + path).rstrip("/")
    if path.endswith("/oauth/tokens"):
        raise ChatError(f"{name} must be the base URL of the API, without '/oauth/tokens'.")
    if (host == "zendesk.com" or host.endswith(".zendesk.com")) and path != "/api/v2/chat":
        raise ChatError(
            f"{name} is on {host}, where the Chat API is only at https://{host}/api/v2/chat. Other paths there belong to the "
            "Zendesk Support API, which has its own tokens. Nothing was sent."
        )
    if not all(_PATH_SEGMENT.fullmatch(segment) for segment in path.split("/")[1:]):
        raise ChatError(f"{name} has an invalid path. Use the form https://acme.zendesk.com/api/v2/chat.")
    return f"{scheme.lower()}://{netloc.lower()}{path}"


def _host(host: str) -> str | None:
    """Return the host in lower case and without brackets, ``None`` if it is neither a name nor an IP address."""
    host = host.lower()
    if host.startswith("["):
        return host[1:-1] if _ip_address(host[1:-1]) else None
    return host if all(_DNS_LABEL.fullmatch(label) for label in host.split(".")) else None


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Return whether ``host`` (a name, or an IP address without brackets) is always this machine."""
    address = _ip_address(host)
    return address.is_loopback if address else host == "localhost"


def _ca_path(values: Mapping[str, str], names: Mapping[str, str]) -> str | None:
    path = os.path.expanduser(values.get("ca_path") or "")
    if path and not os.path.exists(path):
        raise ChatError(
            f"There is no file or directory {encodable(path)}, set in {names['ca_path']}. Nothing was sent."
        )
    return path or None


def _credential(
    values: Mapping[str, str], names: Mapping[str, str]
) -> tuple[str, str | None, Credential, Iterable[str]]:
    """Return the ``Authorization`` header, the access token if there is one, the credential's kind, and the secrets.

    No message contains a value.
    """
    if not values:
        raise ChatError(
            "No credentials are set. Set 'access_token', or 'email' and 'password', or the environment variable "
            "ZCHAT_ACCESS_TOKEN, or ZCHAT_EMAIL and ZCHAT_PASSWORD."
        )
    if "access_token" in values and len(values) > 1:
        others = " and ".join(names[option] for option in ("email", "password") if option in values)
        raise ChatError(
            f"{names['access_token']} and {others} are set at the same time. Set only one kind of credentials."
        )
    if "access_token" in values:
        token = _checked_token(values["access_token"].strip(), names["access_token"])
        return f"Bearer {token}", token, Credential(True, names["access_token"]), [token]
    for option in ("email", "password"):
        if not values.get(option):
            advice = (
                "To select agents by address, use 'agent_emails'."
                if names[option].startswith("'")
                else "Set both, or set only ZCHAT_ACCESS_TOKEN."
            )
            raise ChatError(
                f"{names[option]} is missing. {names['email']} and {names['password']} are the login, and must be set together. {advice}"
            )
    email, password = values["email"], values["password"]
    if ":" in email or re.search(r"[\s\x00-\x1f\x7f]", email):
        raise ChatError(
            f"{names['email']} contains a colon, a space or a control character, which is invalid in a login."
        )
    source = f"{names['email']} and {names['password']}"
    try:
        encoded = _base64(f"{email}:{password}")
    except UnicodeEncodeError:
        raise ChatError(
            f"{source} contain a character that UTF-8 cannot encode. Check how they were decrypted."
        ) from None
    return f"Basic {encoded}", None, Credential(False, source), [password, encoded]


def _checked_token(token: str, name: str) -> str:
    if not token:
        raise ChatError(f"{name} is empty.")
    if _NOT_PRINTABLE_ASCII.search(token):
        raise ChatError(
            f"{name} contains a space, a control character or a non-ASCII character, which no access token has. Its value is "
            "not shown. Check how it was copied or decrypted. Set the token alone, without the word 'Bearer'."
        )
    return token


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


def secret_forms(secret: str) -> list[str]:
    """Return ``secret`` as it is, and as it looks inside JSON, HTML, a URL, a form, or a Basic header, or changed by case."""
    quoted = [quote(secret, safe=safe, errors="replace") for safe in ("", "/")]
    forms = [*quoted, quote_plus(secret, errors="replace")]
    lower_case = [re.sub(r"%[0-9A-F]{2}", lambda found: found.group().lower(), form) for form in forms]
    changed = [secret.upper(), secret.lower(), secret[::-1]]
    return [secret, json.dumps(secret)[1:-1], html.escape(secret), *forms, *lower_case, *changed, _base64(secret)]


def _shown(value: str) -> str:
    """Return a value in quotes for a message: printable, and not longer than necessary to recognize it."""
    if SECRET_MARKS.intersection(value):
        return "not shown, because the part before '@', or after '?' or '#', can be a secret"
    text = ascii(value[:60])
    return text if len(value) <= 60 else f"{text}..."
