# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the sources of the connection options to one validated connection. No network in this file."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import ssl
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks one of them
    getproxies_environment,
    proxy_bypass_environment,
)

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Credential, CredentialKind, Endpoint
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import SECRET_MARKS, encoded, secret_forms
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import (
    ACCOUNT,
    CONNECTION_OPTIONS,
    CREDENTIAL_KINDS,
    CREDENTIALS,
    Source,
    group,
)
from ansible_collections.zchat.admin.plugins.module_utils._options import bounded
from ansible_collections.zchat.admin.plugins.module_utils._text import encodable

# Without re.ASCII, re.IGNORECASE accepts U+017F and U+212A, which other libraries change to "s" and "k".
_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_PATH_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
"""The name of a file with a certificate in a directory that OpenSSL searches."""
_MAX_SECONDS = 86_400
"""A longer time is a mistake, and sockets reject some values that are longer still."""
_NOT_PRINTABLE_ASCII = re.compile(r"[^!-~]")


@dataclass(frozen=True)
class ApiClientCredentials:
    """An API client with which a run gets an access token of its own (client credentials grant)."""

    id: str
    secret: str = field(repr=False)
    token_url: str
    """The token endpoint."""


@dataclass(frozen=True)
class Connection:
    """How to reach one Chat account. Created by :func:`connection_from`, which validates every part."""

    base_url: str
    """Without a trailing slash, such as ``https://acme.zendesk.com/api/v2/chat``."""
    source: str
    """The option or variable that sets it, for messages."""
    credential: Credential
    authorization: str = field(repr=False)
    """The value of the ``Authorization`` header; empty until the run has got its token. Secret."""
    access_token: str | None = field(repr=False)
    """The token that the task authenticates with; ``None`` with email address and password. Secret."""
    client: ApiClientCredentials | None
    """With what the run gets its token; ``None`` with other credentials."""
    secrets: frozenset[str] = field(repr=False)
    """Every form in which the credential can occur in a message."""
    verify: bool | str
    """Whether to verify the TLS certificate, or the CA bundle to verify it with."""
    proxies: Mapping[str, str] = field(repr=False)
    """Proxies by scheme. Their URLs can contain a password."""
    timeout: int
    """Seconds, for connecting and for each wait for data."""
    retries: int
    """Number of repetitions of a request after a connection error, a timeout or a 5xx."""
    rate_limit_timeout: int
    """Seconds that one request may wait in total on HTTP 429."""
    issued: float | None = None
    """When the API issued the token of the run, by its own clock, in seconds since the epoch; ``None`` if it is unknown."""

    def endpoint(self, path: str) -> Endpoint:
        """Return the URL of ``path``, such as ``agents/me``."""
        return Endpoint(f"{self.base_url}/{path}", self.source)

    def with_token(self, access_token: str, secrets: Iterable[str], issued: float | None) -> Connection:
        """Return the connection with the token that the run has got. ``secrets`` are those of the response, ``issued`` is its date."""
        return replace(
            self,
            issued=issued,
            authorization=f"Bearer {access_token}",
            access_token=access_token,
            secrets=self.secrets.union(form for secret in secrets for form in secret_forms(secret)),
        )


def base_url_from(sources: Sequence[Source]) -> str:
    """Return the base URL of the API, without a trailing slash.

    Raises :class:`ChatError` if it is missing, set twice or unsafe.
    """
    return _base_url(*group(sources, ACCOUNT))


def connection_from(sources: Sequence[Source]) -> Connection:
    """Return the connection that the sources define, the most important one first.

    The account and the credentials each come from one source, never from two. Raises :class:`ChatError` if they are
    missing, set twice or unsafe.
    """
    account, name = group(sources, ACCOUNT)
    base_url = _base_url(account, name)
    login = _login(*group(sources, CREDENTIALS), base_url)
    return Connection(
        base_url=base_url,
        source=name(next(iter(account))),
        credential=login.credential,
        authorization=login.authorization,
        access_token=login.access_token,
        client=login.client,
        secrets=frozenset(form for secret in login.secrets for form in secret_forms(secret)),
        verify=_verify(base_url, sources),
        proxies=_proxies(base_url),
        timeout=_integer(sources, "timeout", 1, _MAX_SECONDS),
        retries=_integer(sources, "retries", 0, 1000),
        rate_limit_timeout=_integer(sources, "rate_limit_timeout", 0, _MAX_SECONDS),
    )


def _base_url(values: Mapping[str, str], name: Callable[[str], str]) -> str:
    if not values:
        raise ChatError(
            "No Chat account is set. Set 'subdomain' or 'api_url', or the environment variable ZCHAT_SUBDOMAIN or "
            "ZCHAT_API_URL."
        )
    if len(values) > 1:
        raise ChatError(f"{name('subdomain')} and {name('api_url')} are both set. Set only one of them.")
    if "api_url" in values:
        return _checked_api_url(values["api_url"], name("api_url"))
    subdomain = values["subdomain"]
    if not subdomain.strip():
        raise ChatError(
            f"{name('subdomain')} is empty. Check whether the variable or the environment variable that it comes from is set."
        )
    if not _DNS_LABEL.fullmatch(subdomain):
        host = re.search(r"(?:^|[/.])([a-z0-9-]+)\.zendesk\.com(?:/|$)", subdomain, re.IGNORECASE)
        raise ChatError(
            f"{name('subdomain')} must be the name before '.zendesk.com', such as "
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


def _integer(sources: Sequence[Source], option: str, least: int, most: int) -> int:
    """Return an integer option or its default. Raises :class:`ChatError` if it is out of range."""
    values, name = group(sources, (option,))
    value: int = values.get(option, CONNECTION_OPTIONS[option]["default"])
    return bounded(name(option), value, least, most)


def _verify(base_url: str, sources: Sequence[Source]) -> bool | str:
    """Return what ``requests`` needs to verify certificates. Raises :class:`ChatError` for CA certificates that cannot be used."""
    validate_certs: bool = group(sources, ("validate_certs",))[0].get("validate_certs", True)
    values, name = group(sources, ("ca_path",))
    if "ca_path" in values:
        _check_certificates(values["ca_path"], name("ca_path"))
        return validate_certs and values["ca_path"]
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or ""
    if validate_certs and bundle and base_url.startswith("https:"):
        _check_certificates(bundle, "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE")
    return validate_certs and (bundle or True)


def _check_certificates(path: str, name: str) -> None:
    """Raise :class:`ChatError` if there is no certificate at ``path``, which is set in ``name``."""
    try:
        if stat.S_ISDIR(os.stat(path).st_mode):
            found = any(_is_hashed_certificate(os.path.join(path, entry)) for entry in os.listdir(path))
        else:
            found = _has_certificate(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path is not valid"
        raise ChatError(f"{encodable(path)}, set in {name}, cannot be read: {reason}. Nothing was sent.") from None
    if not found:
        raise ChatError(
            f"{encodable(path)}, set in {name}, contains no certificate in PEM format. Convert a file in DER format with "
            "'openssl x509 -inform der', and prepare a directory with 'openssl rehash'. Nothing was sent."
        )


def _has_certificate(file: str) -> bool:
    """Return whether OpenSSL finds a certificate in ``file``. Raises ``OSError`` if it cannot be read."""
    # A pipe would block, and can be read only once.
    if not os.path.isfile(file):
        raise OSError(errno.EINVAL, "it is not a file or a directory")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(file)
    except ssl.SSLError:
        return False
    return context.cert_store_stats()["x509"] > 0


def _is_hashed_certificate(file: str) -> bool:
    """Return whether OpenSSL finds a certificate in a file of a directory."""
    try:
        return _HASHED.fullmatch(os.path.basename(file)) is not None and _has_certificate(file)
    except OSError:
        # OpenSSL continues with the other files, too.
        return False


def _proxies(base_url: str) -> dict[str, str]:
    """Return the proxies in environment variables. The system's own settings are not read: on macOS, that ends a forked process.

    None for a loopback address: for a proxy, this is another machine, and with plain http, it would get the credentials.
    """
    host = urlsplit(base_url).hostname or ""
    return {} if is_loopback(host) or proxy_bypass_environment(host) else getproxies_environment()


@dataclass(frozen=True)
class _Login:
    """The credentials of a connection."""

    credential: Credential
    secrets: Sequence[str] = field(repr=False)
    authorization: str = field(default="", repr=False)
    access_token: str | None = field(default=None, repr=False)
    client: ApiClientCredentials | None = None


def _login(values: Mapping[str, str], name: Callable[[str], str], base_url: str) -> _Login:
    """Return the credentials. No message contains a value."""
    if not values:
        raise ChatError(
            "No credentials are set. Set 'access_token', or 'client_id' and 'client_secret', or 'email' and 'password', or the "
            "environment variables ZCHAT_ACCESS_TOKEN, ZCHAT_CLIENT_ID and ZCHAT_CLIENT_SECRET, or ZCHAT_EMAIL and ZCHAT_PASSWORD."
        )
    kinds = [kind for kind in CREDENTIAL_KINDS if values.keys() & set(kind)]
    if len(kinds) > 1:
        given = [" and ".join(name(option) for option in kind if option in values) for kind in kinds]
        raise ChatError(f"{' and '.join(given)} are set at the same time. Set only one kind of credentials.")
    if kinds[0] == CREDENTIAL_KINDS[0]:
        token = _checked_token(values["access_token"].strip(), name("access_token"))
        credential = Credential(CredentialKind.TOKEN, name("access_token"))
        return _Login(credential, [token], f"Bearer {token}", token)
    source = " and ".join(map(name, kinds[0]))
    for option in kinds[0]:
        if not values.get(option, "").strip():
            advice = (
                "To select agents by address, use 'agent_emails'."
                if option in ("email", "password") and name(option).startswith("'")
                else "Set both, or only one other kind of credentials."
            )
            raise ChatError(f"{name(option)} is missing or empty. {source} must be set together. {advice}")
    if kinds[0] == CREDENTIAL_KINDS[1]:
        client_id, secret = (_checked_token(values[option].strip(), name(option)) for option in kinds[0])
        url = urlsplit(base_url)
        path = "/oauth2/chat/token" if url.path == "/api/v2/chat" else "/oauth2/token"
        client = ApiClientCredentials(client_id, secret, f"{url.scheme}://{url.netloc}{path}")
        return _Login(Credential(CredentialKind.CLIENT, source), [secret], client=client)
    email, password = values["email"], values["password"]
    if ":" in email or re.search(r"[\s\x00-\x1f\x7f]", email):
        raise ChatError(
            f"{name('email')} contains a colon, a space or a control character, which is invalid in a login."
        )
    try:
        login = encoded(f"{email}:{password}")
    except UnicodeEncodeError:
        raise ChatError(
            f"{source} contain a character that UTF-8 cannot encode. Check how they were decrypted."
        ) from None
    return _Login(Credential(CredentialKind.PASSWORD, source), [password, login], f"Basic {login}")


def _checked_token(token: str, name: str) -> str:
    if not token:
        raise ChatError(
            f"{name} is empty. Check whether the variable or the environment variable that it comes from is set."
        )
    if _NOT_PRINTABLE_ASCII.search(token):
        raise ChatError(
            f"{name} contains a space, a control character or a non-ASCII character, which is not valid there. Its value is not shown. Check "
            "how it was copied or decrypted. Set the value alone, a token without the word 'Bearer'."
        )
    return token


def _shown(value: str) -> str:
    """Return a value in quotes for a message: printable, and not longer than necessary to recognize it."""
    if SECRET_MARKS.intersection(value):
        return "not shown, because the part before '@', or after '?' or '#', can be a secret"
    text = ascii(value[:60])
    return text if len(value) <= 60 else f"{text}..."
