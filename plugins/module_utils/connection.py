# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options and environment to one validated connection: where, who, TLS, patience. No network here."""

from __future__ import annotations

import base64
import html
import ipaddress
import json
import os.path
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError, is_null

CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    "subdomain": {"type": "str"},
    "api_url": {"type": "str"},
    "access_token": {"type": "str", "no_log": True},
    "email": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
    "retries": {"type": "int", "default": 4},
    "rate_limit_timeout": {"type": "int", "default": 300},
}
"""The part of each module's argument spec that says how to reach the API. The environment is not read by Ansible's own
fallback: that works option by option, while here a task's choice must hide the whole group."""

IDENTITY_OPTIONS = {
    option: CONNECTION_OPTIONS[option] for option in ("subdomain", "api_url", "access_token", "email", "password")
}
"""Those of them that say which account, and who asks."""

_ADDRESS = {"subdomain": "ZCHAT_SUBDOMAIN", "api_url": "ZCHAT_API_URL"}
_CREDENTIALS = {"access_token": "ZCHAT_ACCESS_TOKEN", "email": "ZCHAT_EMAIL", "password": "ZCHAT_PASSWORD"}

_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_PATH_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_LONGEST_WAIT = 86_400
"""Seconds in a day: beyond this a time is a slip of the pen, and sockets refuse some that are larger still."""


@dataclass(frozen=True)
class Connection:
    """How to reach one Chat account. Made by :func:`connection_from`, which checks every part."""

    base_url: str
    """Without a trailing slash, such as ``https://acme.zendesk.com/api/v2/chat``."""
    credential: str
    """The kind of credential and where it comes from, in words, such as ``access token (ZCHAT_ACCESS_TOKEN)``."""
    authorization: str = field(repr=False)
    """The value of the ``Authorization`` header. Secret."""
    access_token: str | None = field(repr=False)
    """The token that this task authenticates with, ``None`` with e-mail address and password. Secret."""
    secrets: frozenset[str] = field(repr=False)
    """Every form in which the credential could turn up in a text."""
    validate_certs: bool
    ca_path: str | None
    timeout: int
    """Seconds, for connecting and for each wait for data."""
    retries: int
    """How often a request is repeated after a connection error, a timeout or a 5xx."""
    rate_limit_timeout: int
    """Seconds that one request may wait in all on HTTP 429."""


def base_url_from(params: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """The base of the API that the task's ``params`` and the environment name, without a trailing slash.

    Raises :class:`ChatError` with the reason where it is missing, double or unsafe.
    """
    return _base_url(*_group(params, environ, _ADDRESS))


def connection_from(params: Mapping[str, Any], environ: Mapping[str, str]) -> Connection:
    """The connection that the task's ``params`` and the environment describe.

    What a task says beats the environment group by group: address and credentials are each taken wholly from the task or
    wholly from the environment. Raises :class:`ChatError` with the reason where they are missing, double or unsafe.
    """
    base_url = base_url_from(params, environ)
    credentials, names = _group(params, environ, _CREDENTIALS)
    ca_path = params["ca_path"] or os.path.expanduser(environ.get("ZCHAT_CA_PATH", "")) or None
    if ca_path is not None and not os.path.exists(ca_path):
        raise ChatError(f"There is no file or directory {ca_path}, which 'ca_path' names. Nothing was sent.")
    return Connection(
        base_url=base_url,
        **_credential(credentials, names),
        validate_certs=params["validate_certs"],
        ca_path=ca_path,
        timeout=_bounded(params, "timeout", 1, _LONGEST_WAIT),
        retries=_bounded(params, "retries", 0, 1000),
        rate_limit_timeout=_bounded(params, "rate_limit_timeout", 0, _LONGEST_WAIT),
    )


def _group(
    params: Mapping[str, Any], environ: Mapping[str, str], variables: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The values of one group of options, and for each option the name by which its user knows it.

    An option that was left out is missing from ``params``. One that is null gives way to another of its group, but not to the
    environment, which may mean somebody else's account.
    """
    null = [option for option in variables if option in params and params[option] is None]
    from_task = {option: params[option] for option in variables if params.get(option) is not None}
    if null and not from_task:
        raise is_null(null[0])
    if from_task:
        return from_task, {option: f"'{option}'" for option in variables}
    from_environment = {option: environ[name] for option, name in variables.items() if environ.get(name)}
    return from_environment, dict(variables)


def _base_url(given: Mapping[str, str], names: Mapping[str, str]) -> str:
    if not given:
        raise ChatError(
            "No Chat account is given. Set 'subdomain' or 'api_url', "
            "or ZCHAT_SUBDOMAIN or ZCHAT_API_URL in the environment."
        )
    if len(given) > 1:
        raise ChatError(f"{names['subdomain']} and {names['api_url']} are both set. Set one of them.")
    if "api_url" in given:
        return _checked_api_url(given["api_url"], names["api_url"])
    subdomain = given["subdomain"]
    if not _DNS_LABEL.fullmatch(subdomain):
        meant = re.search(r"(?:^|[/.])([a-z0-9-]+)\.zendesk\.com(?:/|$)", subdomain, re.IGNORECASE)
        raise ChatError(
            f"{names['subdomain']} must be the one name before '.zendesk.com', such as "
            f"'{meant.group(1) if meant else 'acme'}', and is {_shown(subdomain)}."
        )
    return f"https://{subdomain.lower()}.zendesk.com/api/v2/chat"


def _checked_api_url(api_url: str, name: str) -> str:
    """``api_url`` in its plain form, or the reason why it is refused. The reason never shows a part that may be secret."""
    if re.search(r"[^!-~]", api_url):
        raise ChatError(f"{name} holds a space, a control or a non-ASCII character. It must be a plain https URL.")
    scheme, separator, rest = api_url.partition("://")
    if not separator or scheme.lower() not in ("https", "http"):
        raise ChatError(f"{name} must start with https://, as in https://acme.zendesk.com/api/v2/chat.")
    if "@" in rest:
        raise ChatError(f"{name} must not carry a user or password. Use 'access_token', or 'email' and 'password'.")
    if "?" in rest or "#" in rest:
        raise ChatError(
            f"{name} must not carry a query or a fragment: it is the base of the API, without any '?' or '#'."
        )
    netloc, slash, path = rest.partition("/")
    authority = _HOST_AND_PORT.fullmatch(netloc)
    host = _host(authority.group("host")) if authority else None
    if authority is None or host is None or int(authority.group("port") or 443) not in range(1, 65536):
        raise ChatError(f"{name} has no valid host name in it: {_shown(netloc)}.")
    if scheme.lower() == "http" and not is_loopback(host):
        raise ChatError(f"{name} must be https: over plain http the credentials could be read on the way to {host}.")
    path = (slash + path).rstrip("/")
    if path.endswith("/oauth/tokens"):
        raise ChatError(f"{name} must be the base of the API, without '/oauth/tokens' at its end.")
    if (host == "zendesk.com" or host.endswith(".zendesk.com")) and path != "/api/v2/chat":
        raise ChatError(
            f"{name} is on {host}, where the Chat API is at https://{host}/api/v2/chat and nowhere else. Any other path there "
            "leads to the Zendesk Support API, which has tokens of its own. Nothing was sent."
        )
    if not all(_PATH_SEGMENT.fullmatch(segment) for segment in path.split("/")[1:]):
        raise ChatError(f"{name} has an unusual path. Write it plainly, as in https://acme.zendesk.com/api/v2/chat.")
    return f"{scheme.lower()}://{netloc.lower()}{path}"


def _host(host: str) -> str | None:
    """The host in lower case and without brackets, or ``None`` if it is neither a name nor an IP address."""
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
    """Whether ``host`` (a name, or an IP address without brackets) can only be this machine."""
    address = _ip_address(host)
    return address.is_loopback if address else host == "localhost"


def _credential(given: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    """The fields of :class:`Connection` that say who is asking. Texts of errors never hold a value."""
    if not given:
        raise ChatError(
            "No credentials are given. Set 'access_token', or 'email' and 'password', "
            "or ZCHAT_ACCESS_TOKEN, or ZCHAT_EMAIL and ZCHAT_PASSWORD in the environment."
        )
    if "access_token" in given and len(given) > 1:
        others = " and ".join(names[option] for option in ("email", "password") if option in given)
        both = "both" if len(given) == 2 else "all"
        raise ChatError(f"{names['access_token']} and {others} are {both} set. Set the one or the other.")
    if "access_token" in given:
        return _bearer(given["access_token"].strip(), names["access_token"])
    for option in ("email", "password"):
        if not given.get(option):
            raise ChatError(f"{names[option]} is missing: 'email' and 'password' are needed together.")
    return _basic(given["email"], given["password"], names)


def _bearer(token: str, name: str) -> dict[str, Any]:
    if not token:
        raise ChatError(f"{name} is empty.")
    if re.search(r"[^!-~]", token):
        raise ChatError(
            f"{name} holds a space, a control or a non-ASCII character, which no access token has. "
            "It is not shown here. Check how it was copied or decrypted."
        )
    return {
        "credential": f"access token ({name})",
        "authorization": f"Bearer {token}",
        "access_token": token,
        "secrets": frozenset(_forms(token)),
    }


def _basic(email: str, password: str, names: Mapping[str, str]) -> dict[str, Any]:
    if ":" in email or re.search(r"[\s\x00-\x1f\x7f]", email):
        raise ChatError(
            f"{names['email']} holds a colon, a space or a control character, which no e-mail address here can have."
        )
    encoded = base64.b64encode(f"{email}:{password}".encode("utf-8", "surrogateescape")).decode("ascii")
    return {
        "credential": f"e-mail address and password ({names['email']} and {names['password']})",
        "authorization": f"Basic {encoded}",
        "access_token": None,
        "secrets": frozenset([*_forms(password), encoded]),
    }


def _forms(secret: str) -> list[str]:
    """``secret`` as it is, and as it looks inside JSON, HTML, a URL, a form, or a Basic header of its own."""
    quoted = [quote(secret, safe=safe, errors="replace") for safe in ("", "/")]
    forms = [*quoted, quote_plus(secret, errors="replace")]
    small = [re.sub(r"%[0-9A-F]{2}", lambda found: found.group().lower(), form) for form in forms]
    encoded = base64.b64encode(secret.encode("utf-8", "surrogateescape")).decode("ascii")
    return [secret, json.dumps(secret)[1:-1], html.escape(secret), *forms, *small, encoded]


def _bounded(params: Mapping[str, Any], option: str, least: int, most: int) -> int:
    value: int = params[option]
    if not least <= value <= most:
        raise ChatError(f"'{option}' must be from {least} to {most}, and is {value}.")
    return value


def _shown(value: str) -> str:
    """A value in quotes for a message: printable, and no longer than needed to recognise it."""
    if "@" in value:
        return "not shown, since what stands before its '@' may be a password"
    text = ascii(value[:60])
    return text if len(value) <= 60 else f"{text}..."
