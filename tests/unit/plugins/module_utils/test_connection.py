# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest

from ansible_collections.zchat.admin.plugins.module_utils.connection import Connection, connection_from, is_loopback
from ansible_collections.zchat.admin.plugins.module_utils.errors import ChatError
from ansible_collections.zchat.admin.tests.unit.support.fake_chat import DEFAULTS

TOKEN = {"access_token": "secret-token-value"}
BASIC = {"email": "ada@example.com", "password": "secret-password"}


def make(environ: dict[str, str] | None = None, **options: object) -> Connection:
    return connection_from({**DEFAULTS, **options}, environ or {})


def refusal(environ: dict[str, str] | None = None, **options: object) -> str:
    with pytest.raises(ChatError) as caught:
        make(environ, **options)
    assert caught.value.status is None
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
    assert make(**options, **TOKEN).base_url == base_url


@pytest.mark.parametrize(
    "subdomain",
    ["acme.zendesk.com", "https://acme.zendesk.com", "a/b", "", "-a", "a-", "a b", "acme\n", "a" * 64, "\u00e4", "a_b"],
)
def test_subdomain_that_is_not_one_label(subdomain):
    assert "must be the one name before '.zendesk.com'" in refusal(subdomain=subdomain, **TOKEN)


@pytest.mark.parametrize(
    ("api_url", "reason"),
    [
        ("http://acme.zendesk.com/api/v2/chat", "must be https"),
        ("http://localhost.example.com/api/v2", "must be https"),
        ("http://127.0.0.1.example.com/api/v2", "must be https"),
        ("http://2130706433/api/v2", "must be https"),
        ("ftp://acme.zendesk.com/api/v2/chat", "must start with https://"),
        ("acme.zendesk.com/api/v2/chat", "must start with https://"),
        ("", "must start with https://"),
        ("https://ada:pw@acme.zendesk.com/api/v2/chat", "must not carry a user"),
        ("https://acme.zendesk.com\\@evil.example.com/api/v2/chat", "must not carry a user"),
        ("https://acme.zendesk.com/api/v2/chat?a=b", "must not carry a query"),
        ("https://acme.zendesk.com/api/v2/chat?", "must not carry a query"),
        ("https://acme.zendesk.com/api/v2/chat#x", "must not carry a query"),
        ("https://www.zopim.com/api/v2/oauth/tokens", "without '/oauth/tokens'"),
        ("https://www.zopim.com/api/v2/oauth/tokens/", "without '/oauth/tokens'"),
        ("https://acme.zendesk.com/api/v2", "leads to the Zendesk Support API"),
        ("https://acme.zendesk.com", "leads to the Zendesk Support API"),
        ("https://zendesk.com/api/v2", "leads to the Zendesk Support API"),
        ("https://ACME.Zendesk.COM/api/v2", "https://acme.zendesk.com/api/v2/chat"),
        ("https://acme.zendesk.com/api/v2/chat/..", "leads to the Zendesk Support API"),
        ("https://acme.zendesk.com//api/v2/chat", "leads to the Zendesk Support API"),
        ("https://acme.zendesk.com./api/v2", "no valid host"),
        ("https://chat.example.com/api/v2/../v3", "unusual path"),
        ("https://chat.example.com/api//v2", "unusual path"),
        ("https://chat.example.com/%2e%2e/v2", "unusual path"),
        ("https:///api/v2", "no valid host"),
        ("https://[::g]/api/v2", "no valid host"),
        ("https://chat.example.com:0/api/v2", "no valid host"),
        ("https://chat.example.com:65536/api/v2", "no valid host"),
        ("https://chat.example.com:/api/v2", "no valid host"),
        ("https://" + "a" * 64 + ".example.com/api/v2", "no valid host"),
        ("https://chat.example.com/api v2", "holds a space"),
        ("https://chat.example.com/api/v2\n", "holds a space"),
        ("https://ch\u00e4t.example.com/api/v2", "holds a space"),
    ],
)
def test_api_url_refused(api_url, reason):
    assert reason in refusal(api_url=api_url, **TOKEN)


@pytest.mark.parametrize(
    "subdomain", ["acme.zendesk.com", "https://acme.zendesk.com/", "https://acme.zendesk.com/agent/x"]
)
def test_the_right_subdomain_is_suggested(subdomain):
    assert "such as 'other', and is '" in refusal(subdomain=subdomain.replace("acme", "other"), **TOKEN)


def test_a_password_in_an_address_is_not_shown():
    assert "s3cret" not in refusal(api_url="https://ada:s3cret@acme.zendesk.com/api/v2/chat", **TOKEN)
    assert "s3cret" not in refusal(subdomain="https://ada:s3cret@acme.zendesk.com", **TOKEN)


def test_long_subdomain_is_shortened_in_the_message():
    assert "'..." not in refusal(subdomain="a.b", **TOKEN)
    assert len(refusal(subdomain="a." * 500, **TOKEN)) < 250


def test_address_is_missing_or_double():
    assert "ZCHAT_SUBDOMAIN" in refusal(**TOKEN)
    assert refusal(subdomain="a", api_url="https://b.example.com", **TOKEN).startswith(
        "'subdomain' and 'api_url' are both"
    )
    both = {"ZCHAT_SUBDOMAIN": "a", "ZCHAT_API_URL": "https://b.example.com"}
    assert refusal(both, **TOKEN).startswith("ZCHAT_SUBDOMAIN and ZCHAT_API_URL are both set")


def test_environment_is_used_where_the_task_says_nothing():
    environ = {"ZCHAT_SUBDOMAIN": "acme", "ZCHAT_ACCESS_TOKEN": "secret-token-value", "ZCHAT_API_URL": ""}
    connection = make(environ)
    assert connection.base_url == "https://acme.zendesk.com/api/v2/chat"
    assert connection.access_token == "secret-token-value"
    basic = make({"ZCHAT_SUBDOMAIN": "acme", "ZCHAT_EMAIL": "ada@example.com", "ZCHAT_PASSWORD": "pw"})
    assert basic.access_token is None


def test_task_hides_the_environment_group_by_group():
    environ = {"ZCHAT_SUBDOMAIN": "other", "ZCHAT_ACCESS_TOKEN": "other-token"}
    connection = make(environ, api_url="https://chat.example.com/v2")
    assert (connection.base_url, connection.access_token) == ("https://chat.example.com/v2", "other-token")
    connection = make(environ, **BASIC)
    assert (connection.base_url, connection.access_token) == ("https://other.zendesk.com/api/v2/chat", None)
    assert "'password' is missing" in refusal({**environ, "ZCHAT_PASSWORD": "pw"}, email="ada@example.com")


def test_wrong_value_in_the_environment_is_named_as_such():
    assert refusal({"ZCHAT_SUBDOMAIN": "a.b"}, **TOKEN).startswith("ZCHAT_SUBDOMAIN must be")
    assert refusal({"ZCHAT_SUBDOMAIN": "a", "ZCHAT_ACCESS_TOKEN": "x y"}).startswith("ZCHAT_ACCESS_TOKEN holds")


@pytest.mark.parametrize(
    ("credentials", "reason"),
    [
        ({}, "No credentials are given"),
        ({**TOKEN, **BASIC}, "'access_token' and 'email' and 'password' are all set"),
        ({**TOKEN, "password": "pw"}, "'access_token' and 'password' are both set"),
        ({"email": "ada@example.com"}, "'password' is missing"),
        ({"email": "ada@example.com", "password": ""}, "'password' is missing"),
        ({"password": "pw"}, "'email' is missing"),
        ({"access_token": ""}, "'access_token' is empty"),
        ({"access_token": " \n"}, "'access_token' is empty"),
        ({"email": "ada:x@example.com", "password": "pw"}, "'email' holds a colon"),
        ({"email": "ada@example.com\n", "password": "pw"}, "'email' holds a colon"),
    ],
)
def test_credentials_refused(credentials, reason):
    assert reason in refusal(subdomain="acme", **credentials)


@pytest.mark.parametrize("token", ["hush hush", "hush\nhush", "hush\x00hush", "hush\u00e4hush", "hush\x7fhush"])
def test_malformed_token_is_refused_unshown(token):
    message = refusal(subdomain="acme", access_token=token)
    assert "holds a space, a control or a non-ASCII character" in message
    assert "hush" not in message


def test_bearer():
    connection = make(subdomain="acme", access_token="  secret-token-value\r\n")
    assert connection.authorization == "Bearer secret-token-value"
    assert connection.access_token == "secret-token-value"
    assert connection.credential == "access token ('access_token')"


def test_basic_is_utf_8():
    connection = make(subdomain="acme", email="ada@example.com", password="p\u00e4ss\u20ac:w")
    kind, encoded = connection.authorization.split()
    assert kind == "Basic"
    assert base64.b64decode(encoded).decode("utf-8") == "ada@example.com:p\u00e4ss\u20ac:w"
    assert {"p\u00e4ss\u20ac:w", encoded, "p%C3%A4ss%E2%82%AC%3Aw"} <= connection.secrets


def test_repr_holds_no_secret():
    shown = repr(make(subdomain="acme", **TOKEN)) + repr(make(subdomain="acme", **BASIC))
    assert "secret" not in shown
    assert "Basic" not in shown


@pytest.mark.parametrize(
    ("option", "value"),
    [("timeout", 0), ("timeout", 86_401), ("retries", -1), ("retries", 1001), ("rate_limit_timeout", -1)],
)
def test_numbers_out_of_range(option, value):
    assert refusal(subdomain="acme", **TOKEN, **{option: value}).startswith(f"'{option}' must be from")


def test_ca_path(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    assert make(subdomain="acme", **TOKEN).ca_path is None
    assert make(subdomain="acme", **TOKEN, ca_path=str(bundle)).ca_path == str(bundle)
    assert make({"ZCHAT_CA_PATH": str(bundle)}, subdomain="acme", **TOKEN).ca_path == str(bundle)
    assert "'ca_path' names" in refusal(subdomain="acme", **TOKEN, ca_path=str(tmp_path / "missing.pem"))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("example.com", False),
    ],
)
def test_is_loopback(host, loopback):
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("options", "null"),
    [
        ({"subdomain": None, "access_token": "secret-token-value"}, "subdomain"),
        ({"api_url": None, "access_token": "secret-token-value"}, "api_url"),
        ({"subdomain": "acme", "access_token": None}, "access_token"),
        ({"subdomain": "acme", "email": None, "password": None}, "email"),
        ({"subdomain": "acme", "password": None}, "password"),
    ],
)
def test_null_never_means_the_environment_s_account(options, null):
    environ = {"ZCHAT_SUBDOMAIN": "somebody-else", "ZCHAT_ACCESS_TOKEN": "somebody-else-s-token"}
    with pytest.raises(ChatError, match=f"'{null}' is null: what it comes from has no value."):
        connection_from({**DEFAULTS, **options}, environ)


def test_null_gives_way_to_another_option_of_its_group():
    options = {
        "subdomain": None,
        "api_url": "https://a.example/api",
        "access_token": None,
        "email": "a@b",
        "password": "p",
    }
    connection = connection_from({**DEFAULTS, **options}, {})
    assert (connection.base_url, connection.access_token) == ("https://a.example/api", None)
