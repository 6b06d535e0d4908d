# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import html
import json
import os
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._errors import ChatError, Endpoint
from ansible_collections.zchat.admin.plugins.module_utils._http.connection import (
    base_url_from,
    connection_from,
    is_loopback,
)
from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import secret_forms
from ansible_collections.zchat.admin.plugins.module_utils._http.sources import (
    check_same_account,
    environment_variables,
    host_variables,
    task_options,
)

TOKEN = {"access_token": "secret-token-value"}
LOGIN = {"email": "ada@example.com", "password": "secret-password"}


def connect(environ=None, **options):
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ZCHAT_")]:
            patch.delenv(name)
        for name, value in (environ or {}).items():
            patch.setitem(os.environ, name, value)
        return connection_from([task_options(options, options), environment_variables()])


def rejection(environ=None, **options):
    """Return the message for options or environment variables that are rejected."""
    with pytest.raises(ChatError) as caught:
        connect(environ, **options)
    assert caught.value.status is None
    assert caught.value.__cause__ is None
    return caught.value.msg


@pytest.mark.parametrize(
    ("options", "base_url"),
    [
        ({"subdomain": "acme"}, "https://acme.zendesk.com/api/v2/chat"),
        ({"subdomain": "Acme-2"}, "https://acme-2.zendesk.com/api/v2/chat"),
        ({"api_url": "https://www.zopim.com/api/v2"}, "https://www.zopim.com/api/v2"),
        ({"api_url": "https://www.zopim.com/api/v2/"}, "https://www.zopim.com/api/v2"),
        ({"api_url": "HTTPS://ACME.zendesk.com/api/v2/chat//"}, "https://acme.zendesk.com/api/v2/chat"),
        ({"api_url": "https://acme.zendesk.com:8443/api/v2/chat"}, "https://acme.zendesk.com:8443/api/v2/chat"),
        ({"api_url": "http://127.0.0.1:8080/api/v2/chat"}, "http://127.0.0.1:8080/api/v2/chat"),
        ({"api_url": "http://localhost/api/v2"}, "http://localhost/api/v2"),
        ({"api_url": "http://[::1]:8080/api/v2"}, "http://[::1]:8080/api/v2"),
        ({"api_url": "https://chat.example.com"}, "https://chat.example.com"),
    ],
)
def test_base_url(options, base_url):
    assert connect(**options, **TOKEN).base_url == base_url
    assert base_url_from([task_options(options, options)]) == base_url


@pytest.mark.parametrize(
    "subdomain",
    [
        *("acme.zendesk.com", "https://acme.zendesk.com", "a/b", "", "-a", "a-", "a b", "acme\n", "a" * 64, "a_b"),
        *("\u00e4", "\u212aelvin", "acme\u017f", "\u0131", "\ud800", "acme#", "acme?"),
    ],
)
def test_a_subdomain_that_is_not_one_dns_label_is_rejected(subdomain):
    assert "must be the name before '.zendesk.com'" in rejection(subdomain=subdomain, **TOKEN)


@pytest.mark.parametrize(
    "subdomain", ["other.zendesk.com", "https://other.zendesk.com/", "https://other.zendesk.com/agent/x"]
)
def test_the_message_suggests_the_subdomain_of_a_url(subdomain):
    assert "such as 'other'" in rejection(subdomain=subdomain, **TOKEN)


def test_a_long_subdomain_is_shortened_in_the_message():
    assert len(rejection(subdomain="a." * 500, **TOKEN)) < 250


NOT_HTTPS = "must use https"
NO_SCHEME = "must start with https://"
USER = "must not contain a user"
QUERY = "must not contain a query or a fragment"
TOKEN_LIST = "without '/oauth/tokens'"
SUPPORT_API = "Zendesk Support API"
NO_HOST = "no valid host name"
PATH = "invalid path"
CHARACTERS = "a space, a control character or a non-ASCII character"


@pytest.mark.parametrize(
    ("api_url", "reason"),
    [
        ("http://acme.zendesk.com/api/v2/chat", NOT_HTTPS),
        ("http://localhost.example.com/api/v2", NOT_HTTPS),
        ("http://127.0.0.1.example.com/api/v2", NOT_HTTPS),
        ("http://2130706433/api/v2", NOT_HTTPS),
        ("http://127.1/api/v2", NOT_HTTPS),
        ("ftp://acme.zendesk.com/api/v2/chat", NO_SCHEME),
        ("acme.zendesk.com/api/v2/chat", NO_SCHEME),
        ("", NO_SCHEME),
        ("https://ada:pw@acme.zendesk.com/api/v2/chat", USER),
        ("https://acme.zendesk.com\\@evil.example.com/api/v2/chat", USER),
        ("https://acme.zendesk.com/api/v2/chat?a=b", QUERY),
        ("https://acme.zendesk.com/api/v2/chat?", QUERY),
        ("https://acme.zendesk.com/api/v2/chat#x", QUERY),
        ("https://www.zopim.com/api/v2/oauth/tokens", TOKEN_LIST),
        ("https://www.zopim.com/api/v2/oauth/tokens/", TOKEN_LIST),
        ("https://acme.zendesk.com/api/v2", SUPPORT_API),
        ("https://acme.zendesk.com", SUPPORT_API),
        ("https://zendesk.com/api/v2", SUPPORT_API),
        ("https://ACME.Zendesk.COM/api/v2", "https://acme.zendesk.com/api/v2/chat"),
        ("https://acme.zendesk.com/api/v2/chat/..", SUPPORT_API),
        ("https://acme.zendesk.com//api/v2/chat", SUPPORT_API),
        ("https://acme.zendesk.com./api/v2", NO_HOST),
        ("https:///api/v2", NO_HOST),
        ("https://[::g]/api/v2", NO_HOST),
        ("https://acme.zendesk.com\\/api/v2/chat", NO_HOST),
        ("https://chat.example.com:0/api/v2", NO_HOST),
        ("https://chat.example.com:65536/api/v2", NO_HOST),
        ("https://chat.example.com:/api/v2", NO_HOST),
        ("https://" + "a" * 64 + ".example.com/api/v2", NO_HOST),
        ("https://chat.example.com/api/v2/../v3", PATH),
        ("https://chat.example.com/api//v2", PATH),
        ("https://chat.example.com/%2e%2e/v2", PATH),
        ("https://chat.example.com/api v2", CHARACTERS),
        ("https://chat.example.com/api/v2\n", CHARACTERS),
        ("https://ch\u00e4t.example.com/api/v2", CHARACTERS),
        ("https://\u212aelvin.example.com/api/v2", CHARACTERS),
    ],
)
def test_an_unsafe_api_url_is_rejected(api_url, reason):
    message = rejection(api_url=api_url, **TOKEN)
    assert message.startswith("'api_url' ")
    assert reason in message


SHAPES = (
    "{}@acme",
    "https://ada:{}@acme.zendesk.com/api/v2/chat",
    "https://acme.zendesk.com/api/v2/chat?token={}",
    "acme?{}",
    "acme#{}",
    "https://acme.zendesk.com\\@{}@/",
    "https://acme.zendesk.com#{}",
)


@pytest.mark.parametrize("option", ["subdomain", "api_url"])
@given(
    secret=st.text("QXZ789-._~%!$&'()*+,;=:/ \n\u00e4", min_size=8),
    shape=st.sampled_from(SHAPES),
)
def test_a_secret_in_an_address_is_not_shown(option, secret, shape):
    message = rejection(**{option: shape.format(secret)}, **TOKEN)
    assert secret not in message
    assert not set("QXZ789") & set(message)


def test_exactly_one_address_must_be_set():
    assert "ZCHAT_SUBDOMAIN" in rejection(**TOKEN)
    message = rejection(subdomain="a", api_url="https://b.example.com", **TOKEN)
    assert message.startswith("'subdomain' and 'api_url' are both set")
    message = rejection({"ZCHAT_SUBDOMAIN": "a", "ZCHAT_API_URL": "https://b.example.com"}, **TOKEN)
    assert message.startswith("ZCHAT_SUBDOMAIN and ZCHAT_API_URL are both set")


def test_environment_variables_apply_if_the_task_sets_nothing():
    environ = {"ZCHAT_SUBDOMAIN": "acme", "ZCHAT_ACCESS_TOKEN": "secret-token-value", "ZCHAT_API_URL": ""}
    connection = connect(environ)
    assert connection.base_url == "https://acme.zendesk.com/api/v2/chat"
    assert connection.access_token == "secret-token-value"
    assert (connection.source, connection.credential.source) == ("ZCHAT_SUBDOMAIN", "ZCHAT_ACCESS_TOKEN")
    connection = connect({"ZCHAT_SUBDOMAIN": "acme", "ZCHAT_EMAIL": "ada@example.com", "ZCHAT_PASSWORD": "pw"})
    assert connection.access_token is None
    assert connection.credential.source == "ZCHAT_EMAIL and ZCHAT_PASSWORD"


def test_the_task_takes_precedence_for_each_group():
    environ = {"ZCHAT_SUBDOMAIN": "other", "ZCHAT_ACCESS_TOKEN": "other-token", "ZCHAT_CA_PATH": "/does/not/exist"}
    connection = connect(environ, api_url="https://chat.example.com/v2", ca_path="/")
    assert (connection.base_url, connection.access_token) == ("https://chat.example.com/v2", "other-token")
    assert connection.endpoint("agents/me") == Endpoint("https://chat.example.com/v2/agents/me", "'api_url'")
    connection = connect(environ, **LOGIN, ca_path="/")
    assert (connection.base_url, connection.access_token) == ("https://other.zendesk.com/api/v2/chat", None)
    assert "'password' is missing" in rejection({**environ, "ZCHAT_PASSWORD": "pw"}, email="ada@example.com")
    assert "must be the name before" in rejection(environ, subdomain="", **TOKEN)
    assert "'access_token' is empty" in rejection(environ, subdomain="acme", access_token="")


def test_messages_name_the_environment_variable():
    assert rejection({"ZCHAT_SUBDOMAIN": "a.b"}, **TOKEN).startswith("ZCHAT_SUBDOMAIN must be")
    assert rejection({"ZCHAT_API_URL": "a.b"}, **TOKEN).startswith("ZCHAT_API_URL must start")
    assert rejection({"ZCHAT_SUBDOMAIN": "a", "ZCHAT_ACCESS_TOKEN": "x y"}).startswith("ZCHAT_ACCESS_TOKEN contains")
    environ = {"ZCHAT_SUBDOMAIN": "a", "ZCHAT_ACCESS_TOKEN": "x", "ZCHAT_EMAIL": "y"}
    assert rejection(environ).startswith("ZCHAT_ACCESS_TOKEN and ZCHAT_EMAIL are set at the same time")


@pytest.mark.parametrize(
    ("credentials", "reason"),
    [
        ({}, "No credentials are set"),
        ({**TOKEN, **LOGIN}, "'access_token' and 'email' and 'password' are set"),
        ({**TOKEN, "password": "pw"}, "'access_token' and 'password' are set"),
        ({"email": "ada@example.com"}, "'password' is missing"),
        ({"email": "ada@example.com", "password": ""}, "'password' is missing"),
        ({"password": "pw"}, "'email' is missing"),
        ({"access_token": " \n"}, "'access_token' is empty"),
        ({"email": "ada:x@example.com", "password": "pw"}, "'email' contains a colon"),
        ({"email": "ada@example.com\n", "password": "pw"}, "'email' contains a colon"),
        ({"email": "ada\ud800@example.com", "password": "pw"}, "UTF-8 cannot encode"),
        ({"email": "ada@example.com", "password": "pw\ud800"}, "UTF-8 cannot encode"),
    ],
)
def test_invalid_credentials_are_rejected(credentials, reason):
    assert reason in rejection(subdomain="acme", **credentials)


@given(
    beginning=st.text("QXZ789", min_size=1),
    invalid=st.sampled_from([" ", "\n", "\x00", "\u00e4", "\x7f", "\u2028", "\ud800"]),
    end=st.text("QXZ789", min_size=1),
)
def test_an_invalid_token_is_not_shown(beginning, invalid, end):
    message = rejection(subdomain="acme", access_token=beginning + invalid + end)
    assert CHARACTERS in message
    assert not set("QXZ789") & set(message)


def test_bearer_authentication():
    connection = connect(subdomain="acme", access_token="  secret-token-value\u00a0\r\n")
    assert connection.authorization == "Bearer secret-token-value"
    assert connection.access_token == "secret-token-value"
    assert str(connection.credential) == "access token in 'access_token'"


@pytest.mark.parametrize("password", ["p\u00e4ss\u20ac:w", "\U0001f511 key", " surrounded "])
def test_basic_authentication_is_utf_8(password):
    connection = connect(subdomain="acme", email="ada@example.com", password=password)
    kind, encoded = connection.authorization.split()
    assert kind == "Basic"
    assert base64.b64decode(encoded).decode("utf-8") == f"ada@example.com:{password}"
    assert {password, encoded} <= connection.secrets
    assert str(connection.credential) == "email address and password in 'email' and 'password'"


def test_bytes_of_an_environment_variable_that_are_not_utf_8_are_sent_unchanged():
    environ = {"ZCHAT_EMAIL": "ada@example.com", "ZCHAT_PASSWORD": b"p\xe4ss".decode("utf-8", "surrogateescape")}
    connection = connect(environ, subdomain="acme")
    assert base64.b64decode(connection.authorization.split()[1]) == b"ada@example.com:p\xe4ss"


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()))
def test_secret_forms(secret):
    percent_encoded = [quote(secret), quote(secret, safe=""), quote_plus(secret)]
    lower_case = [re.sub("%..", lambda found: found.group().lower(), form) for form in percent_encoded]
    forms = {secret, html.escape(secret), json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()}
    assert forms.union(percent_encoded, lower_case) <= set(secret_forms(secret))


def test_repr_contains_no_secret():
    shown = repr(connect(subdomain="acme", **TOKEN)) + repr(connect(subdomain="acme", **LOGIN))
    assert "secret-" not in shown
    assert "Basic" not in shown


@pytest.mark.parametrize(
    ("option", "value"),
    [("timeout", 0), ("timeout", 86_401), ("retries", -1), ("retries", 1001), ("rate_limit_timeout", -1)],
)
def test_integers_out_of_range_are_rejected(option, value):
    assert rejection(subdomain="acme", **TOKEN, **{option: value}).startswith(f"'{option}' must be from")


def test_ca_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    options = {"subdomain": "acme", **TOKEN}
    assert connect(**options).verify is True
    assert connect(**options, ca_path=str(bundle)).verify == str(bundle)
    assert connect({"ZCHAT_CA_PATH": "~/ca.pem"}, **options).verify == str(bundle)
    assert "/missing.pem, set in 'ca_path'" in rejection(**options, ca_path="/missing.pem")
    assert "/missing.pem, set in ZCHAT_CA_PATH" in rejection({"ZCHAT_CA_PATH": "/missing.pem"}, **options)
    assert rejection(**options, ca_path="/\ud800\0").encode()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("example.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_is_loopback(host, loopback):
    assert is_loopback(host) is loopback


# Sources


def test_each_group_comes_from_the_first_source_that_has_it():
    host = host_variables(
        {"subdomain": "host", "access_token": "host-token", "timeout": "5", "retries": 0, "email": "x"}
    )
    task = {"subdomain": "task", "rate_limit_timeout": 7}
    environ = {"ZCHAT_EMAIL": "a@example.com", "ZCHAT_TIMEOUT": "9", "ZCHAT_VALIDATE_CERTS": "no"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        sources = [task_options(task, task), host_variables({**host.values, "email": "b"}), environment_variables()]
        with pytest.raises(ChatError, match="zchat_access_token and zchat_email are set at the same time"):
            connection_from(sources)
        del sources[1].values["email"]
        connection = connection_from(sources)
    assert (connection.base_url, connection.source) == ("https://task.zendesk.com/api/v2/chat", "'subdomain'")
    assert str(connection.credential) == "access token in zchat_access_token"
    limits = (connection.timeout, connection.retries, connection.rate_limit_timeout, connection.verify)
    assert limits == (5, 0, 7, False)


def test_a_default_of_a_module_is_not_set_by_the_task():
    options = {"subdomain": "acme", "access_token": "x", "timeout": 30, "retries": 4}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZCHAT_TIMEOUT", "9")
        task_args = {"subdomain": "acme", "token": "x", "retries": 4}
        connection = connection_from([task_options(options, task_args), environment_variables()])
    assert (connection.timeout, connection.retries, connection.access_token) == (9, 4, "x")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"timeout": "soon"}, "zchat_timeout"),
        ({"timeout": 0}, "zchat_timeout must be from 1"),
        ({"subdomain": None}, "'zchat_subdomain' is null"),
        ({"access_token": None}, "'zchat_access_token' is null"),
        ({"ca_path": "/missing.pem"}, "/missing.pem, set in zchat_ca_path"),
        ({"subdomain": "a.b"}, "zchat_subdomain must be"),
    ],
)
def test_a_message_names_the_variable(variables, message):
    with pytest.raises(ChatError, match=message):
        connection_from([host_variables({"subdomain": "acme", "access_token": "secret-token-value", **variables})])


def test_two_sources_with_different_accounts_are_an_error():
    one, same, other = (host_variables({"subdomain": name, "access_token": "t"}) for name in ("acme", "acme", "other"))
    check_same_account(one, same)
    check_same_account(one, host_variables({}))
    with pytest.raises(ChatError, match="zchat_subdomain and zchat_subdomain are both set"):
        check_same_account(one, other)
    with pytest.raises(ChatError, match="different accounts") as caught:
        check_same_account(one, host_variables({"email": "a@example.com", "password": "secret-password"}))
    assert "secret" not in caught.value.msg
