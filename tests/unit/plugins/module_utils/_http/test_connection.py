# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import html
import json
import os
import re
import shutil
import ssl
from pathlib import Path
from urllib.parse import quote, quote_plus

import certifi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Endpoint
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import connection_from
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import secret_forms
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import (
    CONNECTION_OPTIONS,
    environment_variables,
    host_variables,
    task_options,
)

TOKEN = {"access_token": "secret-token-value"}
LOGIN = {"email": "ada@example.com", "password": "secret-password"}
PAIR = {"client_id": "automation", "client_secret": "secret-of-client"}
ACME = {"subdomain": "acme"}


def connect(**settings):
    """Return the connection for environment variables (upper case), ``zchat_*`` variables of a host, and options of a task."""
    environ = {name: value for name, value in settings.items() if name.isupper()}
    host = {name[len("zchat_") :]: value for name, value in settings.items() if name.startswith("zchat_")}
    options = {name: value for name, value in settings.items() if name in CONNECTION_OPTIONS}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setitem(os.environ, name, value)
        return connection_from([task_options(options, options), host_variables(host), environment_variables()])


def rejection(**settings):
    """Return the message for settings that are rejected."""
    with pytest.raises(ChatError) as caught:
        connect(**settings)
    assert caught.value.status is None
    assert caught.value.__cause__ is None
    assert "secret-" not in caught.value.msg
    return caught.value.msg


# The account


@pytest.mark.parametrize(
    ("options", "base_url"),
    [
        ({"subdomain": "Acme-2"}, "https://acme-2.zendesk.com/api/v2/chat"),
        ({"api_url": "https://www.zopim.com/api/v2/"}, "https://www.zopim.com/api/v2"),
        ({"api_url": "HTTPS://ACME.zendesk.com/api/v2/chat//"}, "https://acme.zendesk.com/api/v2/chat"),
        ({"api_url": "https://chat.example.com"}, "https://chat.example.com"),
        ({"api_url": "http://127.9.9.9:8080/api/v2"}, "http://127.9.9.9:8080/api/v2"),
        ({"api_url": "http://[::1]:8080/api/v2"}, "http://[::1]:8080/api/v2"),
    ],
)
def test_base_url(options, base_url):
    assert connect(**options, **TOKEN).base_url == base_url


@pytest.mark.parametrize(
    "subdomain",
    [
        *("acme.zendesk.com", "https://acme.zendesk.com/agent/x", "", "-a", "a-", "a b", "acme\n", "a" * 64, "a_b"),
        *("\u00e4", "\u212aelvin", "acme\u017f", "\ud800", "acme#", "acme?", "a." * 500),
    ],
)
def test_a_subdomain_that_is_not_one_dns_label_is_rejected(subdomain):
    message = rejection(subdomain=subdomain, **TOKEN)
    assert "must be the name before '.zendesk.com', such as 'acme'" in message or "is empty" in message
    assert len(message) < 250


CHARACTERS = "a space, a control character or a non-ASCII character"
UNSAFE_URLS = [
    ("must use https", "http://acme.zendesk.com/api/v2/chat", "http://127.0.0.1.example.com/v2", "http://127.1/v2"),
    ("must use https", "http://localhost.example.com/api/v2"),
    ("must start with https://", "ftp://acme.zendesk.com/api/v2/chat", "acme.zendesk.com/api/v2/chat", ""),
    ("must not contain a user", "https://ada:pw@acme.zendesk.com/", "https://acme.zendesk.com\\@evil.example.com/"),
    ("must not contain a query or a fragment", "https://x.example.com/?", "https://x#y"),
    ("without '/oauth/tokens'", "https://www.zopim.com/api/v2/oauth/tokens", "https://zopim.com/oauth/tokens/"),
    ("Zendesk Support API", "https://zendesk.com/api/v2", "https://acme.zendesk.com/api/v2/chat/.."),
    ("https://acme.zendesk.com/api/v2/chat", "https://ACME.Zendesk.COM/api/v2"),
    ("no valid host name", "https://acme.zendesk.com./api/v2", "https:///api/v2", "https://[::g]/", "https://a\\/v2"),
    ("no valid host name", "https://x.example.com:0/", "https://x.example.com:65536/", "https://x.example.com:/v2"),
    ("invalid path", "https://x.example.com/v2/../v3", "https://x.example.com/a//b", "https://x.example.com/%2e%2e/"),
    (CHARACTERS, "https://x.example.com/api v2", "https://x.example.com/v2\n", "https://\u212aelvin.example.com/v2"),
]


@pytest.mark.parametrize(("reason", "api_url"), [(reason, url) for reason, *urls in UNSAFE_URLS for url in urls])
def test_an_unsafe_api_url_is_rejected(reason, api_url):
    message = rejection(api_url=api_url, **TOKEN)
    assert message.startswith("'api_url' ")
    assert reason in message


SHAPES = ("{}@acme", "https://ada:{}@acme.zendesk.com/api/v2/chat", "https://x.example.com?token={}", "acme#{}")


@pytest.mark.parametrize("option", ["subdomain", "api_url"])
@given(secret=st.text("QXZ789-._~%!$&'()*+,;=:/ \n\u00e4", min_size=8), shape=st.sampled_from(SHAPES))
def test_a_secret_in_an_address_is_not_shown(option, secret, shape):
    message = rejection(**{option: shape.format(secret)}, **TOKEN)
    assert not set("QXZ789") & set(message)
    assert secret not in message


# Credentials


def test_a_token_is_sent_without_the_white_space_around_it():
    connection = connect(**ACME, access_token="  secret-token-value\u00a0\r\n")
    assert connection.authorization == "Bearer secret-token-value"
    assert connection.access_token == "secret-token-value"
    assert str(connection.credential) == "access token in 'access_token'"


@pytest.mark.parametrize("password", ["p\u00e4ss\u20ac:w", "\U0001f511 key", " surrounded ", "p\udce4ss"])
def test_an_email_address_and_a_password_are_sent_as_utf_8(password):
    """Bytes of an environment variable that are not UTF-8 are sent unchanged."""
    connection = connect(**ACME, ZCHAT_EMAIL="ada@example.com", ZCHAT_PASSWORD=password)
    kind, encoded = connection.authorization.split()
    assert kind == "Basic"
    assert base64.b64decode(encoded) == f"ada@example.com:{password}".encode("utf-8", "surrogateescape")
    assert {*secret_forms(password), encoded} <= connection.secrets
    assert connection.access_token is None
    assert str(connection.credential) == "email address and password in ZCHAT_EMAIL and ZCHAT_PASSWORD"


@given(
    beginning=st.text("QXZ789", min_size=1),
    invalid=st.sampled_from([" ", "\n", "\x00", "\u00e4", "\x7f", "\u2028", "\ud800"]),
    end=st.text("QXZ789", min_size=1),
)
@settings(max_examples=50)
def test_an_invalid_token_is_not_shown(beginning, invalid, end):
    message = rejection(**ACME, access_token=beginning + invalid + end)
    assert CHARACTERS in message
    assert not set("QXZ789") & set(message)


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()))
@settings(max_examples=50)
def test_each_form_of_a_secret_in_json_html_urls_and_headers_is_a_secret(secret):
    percent_encoded = [quote(secret), quote(secret, safe=""), quote_plus(secret)]
    lower_case = [re.sub("%..", lambda found: found.group().lower(), form) for form in percent_encoded]
    forms = {secret, html.escape(secret), json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()}
    changed = [secret.upper(), secret.lower(), secret[::-1]]
    assert forms.union(percent_encoded, lower_case, changed) <= set(secret_forms(secret))


def test_repr_contains_no_secret():
    shown = (
        f"{connect(**ACME, **TOKEN)} {connect(**ACME, **LOGIN)} {task_options(LOGIN, LOGIN)} {connect(**ACME, **PAIR)}"
    )
    shown += repr(connect(**ACME, **PAIR).with_token("secret-token", ["secret-token"], None))
    assert "secret-" not in shown
    assert "Basic" not in shown


# Sources


NO_FILE = "/no.pem, set in {}, cannot be read: No such file or directory."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (TOKEN, "No Chat account is set"),
        ({**TOKEN, **ACME, "api_url": "https://b.example.com"}, "'subdomain' and 'api_url' are both set"),
        ({**TOKEN, "ZCHAT_SUBDOMAIN": "a", "ZCHAT_API_URL": "b"}, "ZCHAT_SUBDOMAIN and ZCHAT_API_URL are both set"),
        ({**TOKEN, "ZCHAT_API_URL": "a.b"}, "ZCHAT_API_URL must start"),
        ({**TOKEN, "ZCHAT_SUBDOMAIN": "acme", "subdomain": ""}, "'subdomain' is empty. Check whether the variable"),
        ({**TOKEN, "ZCHAT_SUBDOMAIN": "acme", "subdomain": None}, "'subdomain' is null"),
        ({**TOKEN, "zchat_subdomain": None}, "'zchat_subdomain' is null"),
        (ACME, "No credentials are set"),
        ({**ACME, **TOKEN, **LOGIN}, "'access_token' and 'email' and 'password' are set"),
        ({**ACME, "ZCHAT_ACCESS_TOKEN": "x", "ZCHAT_EMAIL": "y"}, "ZCHAT_ACCESS_TOKEN and ZCHAT_EMAIL are set"),
        ({**ACME, "ZCHAT_ACCESS_TOKEN": "x", "access_token": " \n"}, "'access_token' is empty"),
        ({**ACME, "ZCHAT_PASSWORD": "pw", "email": "ada@example.com"}, "'password' is missing"),
        ({**ACME, **LOGIN, "password": ""}, "'password' is missing"),
        (
            {**ACME, **TOKEN, **PAIR},
            "'access_token' and 'client_id' and 'client_secret' are set at the same time. Set only",
        ),
        ({**ACME, **LOGIN, "client_id": "x"}, "'client_id' and 'email' and 'password' are set at the same time"),
        (
            {**ACME, "ZCHAT_CLIENT_SECRET": "x", "ZCHAT_ACCESS_TOKEN": "y"},
            "ZCHAT_ACCESS_TOKEN and ZCHAT_CLIENT_SECRET are set at the same time",
        ),
        (
            {**ACME, "client_id": "x"},
            "'client_secret' is missing or empty. 'client_id' and 'client_secret' must be set",
        ),
        ({**ACME, **PAIR, "client_id": " \n"}, "'client_id' is missing or empty"),
        ({**ACME, **PAIR, "client_secret": ""}, "'client_secret' is missing or empty"),
        ({**ACME, **PAIR, "client_secret": None}, "'client_secret' is null"),
        ({**ACME, "ZCHAT_CLIENT_ID": "x", "client_secret": "secret-"}, "'client_id' is missing or empty"),
        ({**ACME, "ZCHAT_CLIENT_ID": "x"}, "ZCHAT_CLIENT_SECRET is missing or empty. ZCHAT_CLIENT_ID and ZCHAT_"),
        ({**ACME, "zchat_client_id": "x"}, "zchat_client_secret is missing or empty"),
        ({**ACME, "zchat_client_id": None}, "'zchat_client_id' is null"),
        ({**ACME, **PAIR, "client_secret": "secret- \u00fc"}, f"'client_secret' contains {CHARACTERS}"),
        ({**ACME, **PAIR, "client_id": "my client"}, f"'client_id' contains {CHARACTERS}"),
        ({**ACME, "password": "pw"}, "'email' is missing"),
        ({**ACME, **LOGIN, "email": "ada:x@example.com"}, "'email' contains a colon"),
        ({**ACME, **LOGIN, "email": "ada@example.com\n"}, "'email' contains a colon"),
        ({**ACME, **LOGIN, "password": "pw\ud800"}, "'email' and 'password' contain a character"),
        ({**ACME, **TOKEN, "timeout": 0}, "'timeout' must be from 1"),
        ({**ACME, **TOKEN, "timeout": 86_401}, "'timeout' must be from"),
        ({**ACME, **TOKEN, "retries": 1001}, "'retries' must be from"),
        ({**ACME, **TOKEN, "zchat_timeout": 0}, "zchat_timeout must be from"),
        ({**ACME, **TOKEN, "zchat_timeout": "soon"}, "zchat_timeout"),
        ({**ACME, **TOKEN, "retries": -1}, "'retries' must be from 0"),
        ({**ACME, **TOKEN, "rate_limit_timeout": -1}, "'rate_limit_timeout' must be from 0"),
        ({**ACME, **TOKEN, "ZCHAT_CA_PATH": "/no.pem"}, NO_FILE.format("ZCHAT_CA_PATH")),
        ({**ACME, **TOKEN, "CURL_CA_BUNDLE": "/no.pem"}, NO_FILE.format("REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE")),
        ({**ACME, **TOKEN, "ca_path": "/\ud800\0"}, "/?\0, set in 'ca_path', cannot be read: the path is not valid"),
        *(
            ({**ACME, "access_token": "secret-", name: "/x/$ZCHAT_ACCESS_TOKEN"}, f"{name} contains the character '$'")
            for name in ("ZCHAT_CA_PATH", "zchat_ca_path")
        ),
        *(
            ({**ACME, **TOKEN, f"zchat_{option}": value}, f"zchat_{option} must be an integer")
            for option in ("timeout", "retries", "rate_limit_timeout")
            for value in ("1e1", "1_0", "10.0", 10.0, True)
        ),
        *(
            ({**ACME, **TOKEN, f"ZCHAT_{option}": value}, f"ZCHAT_{option} must be an integer")
            for option in ("TIMEOUT", "RETRIES", "RATE_LIMIT_TIMEOUT")
            for value in ("1e1", "1_0", "10.0", "yes")
        ),
    ],
)
def test_settings_that_are_missing_set_twice_or_invalid(settings, message):
    """The message names the option or the variable."""
    assert message in rejection(**settings)


def test_each_group_of_options_comes_from_the_first_source_that_has_it():
    task = {"subdomain": "task", "rate_limit_timeout": 7, "ca_path": certifi.where()}
    host = {"zchat_subdomain": "host", "zchat_access_token": "host-token", "zchat_timeout": "86400", "zchat_retries": 0}
    environ = {"ZCHAT_API_URL": "https://x", "ZCHAT_EMAIL": "a@b.example", "ZCHAT_CA_PATH": "/no.pem"}
    connection = connect(**environ, ZCHAT_TIMEOUT="9", ZCHAT_VALIDATE_CERTS="no", **host, **task)
    assert connection.endpoint("x") == Endpoint("https://task.zendesk.com/api/v2/chat/x", "'subdomain'")
    assert (connection.access_token, connection.credential.source) == ("host-token", "zchat_access_token")
    integers = (connection.timeout, connection.retries, connection.rate_limit_timeout)
    assert (integers, connection.verify) == ((86_400, 0, 7), False)


@pytest.mark.parametrize(
    ("settings", "source"),
    [
        (PAIR, "'client_id' and 'client_secret'"),
        ({"zchat_client_id": "a", "zchat_client_secret": "b"}, "zchat_client_id and zchat_client_secret"),
        ({"ZCHAT_CLIENT_ID": "a", "ZCHAT_CLIENT_SECRET": "b"}, "ZCHAT_CLIENT_ID and ZCHAT_CLIENT_SECRET"),
        # One group: a kind of credentials replaces each other kind of a less important source.
        ({**PAIR, "zchat_access_token": "x", "ZCHAT_EMAIL": "y"}, "'client_id' and 'client_secret'"),
        ({**TOKEN, "zchat_client_id": "x", "ZCHAT_CLIENT_SECRET": "y"}, "'access_token'"),
    ],
)
def test_a_client_id_and_a_client_secret_are_one_kind_of_credentials(settings, source):
    """The connection has no token yet, and nothing that a request to the API could send."""
    connection = connect(**ACME, **settings)
    assert connection.credential.source == source
    if connection.client is None:
        return
    assert (connection.authorization, connection.access_token) == ("", None)
    assert connection.client.token_url == "https://acme.zendesk.com/oauth2/chat/token"
    assert {*secret_forms(connection.client.secret)} == connection.secrets


@pytest.mark.parametrize(
    ("api_url", "token_url"),
    [
        ("https://acme.zendesk.com/api/v2/chat", "https://acme.zendesk.com/oauth2/chat/token"),
        ("https://www.zopim.com/api/v2", "https://www.zopim.com/oauth2/token"),
        ("https://chat.example.com:8443/", "https://chat.example.com:8443/oauth2/token"),
        ("http://[::1]:8080/api/v2/chat", "http://[::1]:8080/oauth2/chat/token"),
    ],
)
def test_the_token_endpoint_is_on_the_host_of_the_account(api_url, token_url):
    """White space around both values is removed, as that around an access token."""
    connection = connect(api_url=api_url, client_id=" automation\n", client_secret="secret-of-client\r\n")
    client = connection.client
    assert (client.token_url, client.id, client.secret) == (token_url, "automation", "secret-of-client")


def test_an_empty_environment_variable_is_not_set():
    connection = connect(ZCHAT_SUBDOMAIN="acme", ZCHAT_ACCESS_TOKEN="env-token", ZCHAT_API_URL="")
    assert (connection.source, connection.credential.source) == ("ZCHAT_SUBDOMAIN", "ZCHAT_ACCESS_TOKEN")


# Certificates and proxies


@pytest.mark.parametrize(
    ("settings", "verify"),
    [
        (ACME, True),
        ({**ACME, "zchat_ca_path": "~/ca.pem"}, "{home}/ca.pem"),
        ({**ACME, "ZCHAT_CA_PATH": "~/ca.pem", "REQUESTS_CA_BUNDLE": "/"}, "{home}/ca.pem"),
        ({**ACME, "ca_path": "ca.pem"}, "ca.pem"),
        ({**ACME, "ZCHAT_CA_PATH": "~/hashed"}, "{home}/hashed"),
        ({**ACME, "REQUESTS_CA_BUNDLE": certifi.where()}, certifi.where()),
        ({"api_url": "http://127.0.0.1", "CURL_CA_BUNDLE": "/no.pem"}, "/no.pem"),
        ({**ACME, "CURL_CA_BUNDLE": "/no.pem", "validate_certs": False}, False),
    ],
)
def test_certificates_are_verified_with_ca_path_or_else_the_bundle_of_the_environment(
    settings, verify, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("hashed").mkdir()
    for name in ("ca.pem", "hashed/0123abcd.0"):
        shutil.copy(certifi.where(), name)
    expected = verify.format(home=tmp_path) if isinstance(verify, str) else verify
    assert connect(**TOKEN, **settings, HOME=str(tmp_path)).verify == expected


PEM = Path(certifi.where()).read_text("ascii")
DER = ssl.PEM_cert_to_DER_cert(PEM[PEM.index("-----BEGIN") : PEM.index("-----END") + len("-----END CERTIFICATE-----")])
NO_CERTIFICATE, NOT_READ = "contains no certificate in PEM format", "cannot be read: "


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (DER, NO_CERTIFICATE),
        (b"", NO_CERTIFICATE),
        (b"<html>", NO_CERTIFICATE),
        (PEM[: PEM.index("-----END") - 9].encode(), NO_CERTIFICATE),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", NO_CERTIFICATE),
        (None, f"{NOT_READ}No such file"),
        ("pipe", f"{NOT_READ}it is not a file or a directory"),
        ({}, NO_CERTIFICATE),
        ({"ca.pem": PEM}, NO_CERTIFICATE),
        ({"0123abcd.0": ""}, NO_CERTIFICATE),
    ],
)
@pytest.mark.parametrize("name", ["ca_path", "zchat_ca_path", "ZCHAT_CA_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_ca_certificates_that_cannot_be_used_are_rejected(name, content, part, tmp_path):
    """The message names the option or variable, and the path."""
    path = tmp_path / "certificates"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, dict):
        path.mkdir()
        for file, text in content.items():
            (path / file).write_text(text)
    elif content == "pipe":
        os.mkfifo(path)
    message = rejection(**ACME, **TOKEN, **{name: str(path)})
    assert re.search(rf"^{re.escape(str(path))}, set in .*{name}'?( or CURL_CA_BUNDLE)?,? {part}", message), message


@pytest.mark.parametrize("url", ["http://localhost/v2", "https://127.0.0.1/v2", "https://x.example.com/v2"])
def test_a_proxy_never_receives_requests_for_loopback_or_no_proxy(url):
    environ = {"HTTP_PROXY": "http://p", "HTTPS_PROXY": "http://p", "ALL_PROXY": "http://p", "NO_PROXY": "example.com"}
    assert connect(**environ, api_url=url, **TOKEN).proxies == {}
    assert connect(**environ, **ACME, **TOKEN).proxies["https"] == "http://p"
