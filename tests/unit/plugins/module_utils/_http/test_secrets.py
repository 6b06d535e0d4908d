# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import binascii
import html
import json
import string
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils._http.secrets import MASK, Secrets, masked
from ansible_collections.zchat.admin.plugins.module_utils._text import error_text

TOKEN_CHARACTERS = string.ascii_letters + string.digits + "-_"
VALUES = st.text(string.ascii_letters + string.digits, min_size=8, max_size=64)
TOKENS = st.text(TOKEN_CHARACTERS, min_size=24, max_size=64)
TOKEN = "hush-this-is-the-token-AND-its-end"


@pytest.mark.parametrize(
    ("values", "text", "shown"),
    [
        (["abcdefghij"], "token=abcdefghij, xabcdefghijx", f"token={MASK}, x{MASK}x"),
        (["abcdefghij"], "begins with abcdefgh... or abcdefghi", f"begins with {MASK}... or {MASK}"),
        (["abcdefghij"], "abcdefgX is not secret", "abcdefgX is not secret"),
        (["abcdefgh1", "abcdefgh12345"], "abcdefgh12345", MASK),
        (["a", "pw", "s.x", ""], "a password pw, spw, s.x; maps", f"{MASK} password {MASK}, spw, {MASK}; maps"),
    ],
    ids=["anywhere", "eight characters", "seven characters", "the longest", "short ones only as separate words"],
)
def test_secrets_are_masked(values, text, shown):
    assert Secrets(values).mask(text) == shown


@pytest.mark.parametrize(
    ("listed", "text", "shown"),
    [
        ("abcdefghij", "name abcdefghij, xabcdefghijx y", f"name {MASK} x{MASK} y"),
        ("abcdefgh...", "name (abcdefghij)", f"name ({MASK}"),
        ("abcdefgh\u2026", "abcdefghij\nnext", f"{MASK}\nnext"),
        ("abcdefghij", "abcdefgX", "abcdefgX"),
        ("zopim", "zopim", MASK),
        ("zopim", "client zopim", "client zopim"),
        ("", "", ""),
        (None, "None", "None"),
    ],
)
def test_values_of_listed_tokens_are_masked(listed, text, shown):
    secrets = Secrets()
    secrets.add_listed([listed])
    result = {"access_token": text, "names": [{"name": text, "id": 5}], "none": None}
    assert secrets.without_listed(result) == {**result, "names": [{"name": shown, "id": 5}]}


@settings(max_examples=50)
@given(VALUES, st.text(max_size=20), st.text(max_size=20), st.lists(VALUES, max_size=5))
def test_no_secret_remains(secret, before, after, others):
    assert secret not in Secrets([secret, *others]).mask(before + secret + after)


ENCODINGS = {
    "plain": str,
    "upper case": str.upper,
    "swapped case": str.swapcase,
    "upper case after the beginning": lambda value: value[:10] + value[10:].swapcase(),
    "reversed": lambda value: value[::-1],
    "last 20 characters": lambda value: value[-20:],
    "without the first character": lambda value: value[1:],
    "base64 of the header": lambda value: base64.b64encode(f"Bearer {value}".encode()).decode(),
    "URL-safe base64": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "with a space after 10 characters": lambda value: " ".join(value[n : n + 10] for n in range(0, len(value), 10)),
    "with an invisible character after 5": lambda value: "\u200b".join(
        value[n : n + 5] for n in range(0, len(value), 5)
    ),
    "with a slash after 7 characters": lambda value: "/".join(value[n : n + 7] for n in range(0, len(value), 7)),
    "base64 over several lines": lambda value: base64.encodebytes(f"Authorization: Bearer {value}".encode()).decode(),
    "hexadecimal": lambda value: binascii.hexlify(value.encode()).decode(),
    "percent-encoded": lambda value: "".join(f"%{ord(char):02x}" for char in value),
    "percent-encoded twice": lambda value: quote("".join(f"%{ord(char):02X}" for char in value)),
    "over several lines": lambda value: "\r\n  ".join(value[place : place + 4] for place in range(0, len(value), 4)),
    "reversed, over several lines": lambda value: "\n".join(value[::-1]),
    "hexadecimal with colons": lambda value: binascii.hexlify(value.encode()).decode().replace("", ":")[1:-1],
    "bytes in hexadecimal": lambda value: " ".join(f"{ord(char):02x}" for char in value),
    "JSON escapes": lambda value: "".join(f"\\u{ord(char):04x}" for char in value),
    "characters with commas": ", ".join,
    "full width": lambda value: "".join(chr(ord(char) + 0xFEE0) for char in value),
    "UTF-16": lambda value: value.swapcase().encode("utf-16").decode("utf-8", "replace"),
    "HTML entities": lambda value: "".join(f"&#{ord(char)};" for char in value),
    "HTML entities of HTML entities": lambda value: html.escape("".join(f"&#{ord(char)};" for char in value[::-1])),
    "split by HTML tags": lambda value: "<wbr>".join(value[place : place + 5] for place in range(0, len(value), 5)),
    "reversed, split by HTML tags": lambda value: f"<b>{value[:2:-1]}</b><!-- -->{value[2::-1]}",
}
BODIES = {
    "text": lambda text: f"Bad header: {text} (sorry)",
    "page": lambda text: f"<html><head><title>400</title></head><body><p>Bad header: {text}</p></body></html>",
    "JSON": lambda text: json.dumps({"error": "Bad header", "description": f"It is {text}."}),
    "nested JSON": lambda text: json.dumps({"error": {"message": f"It is {text}."}}),
}


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=list(ENCODINGS))
@settings(max_examples=25)
@given(token=TOKENS, body=st.sampled_from(list(BODIES.values())))
def test_a_quote_shows_no_secret_in_any_encoding(encoding, body, token):
    encoded = encoding(token)
    secrets = Secrets([token])
    shown = secrets.quote(error_text(secrets.mask(body(encoded))))
    assert shown.isprintable()
    for value in (token, token[::-1], token.swapcase(), token.upper(), encoded):
        plain = "".join(char for char in value if char.isprintable() and char != " ")
        nine = [plain[place : place + 9] for place in range(len(plain) - 8)]
        assert not [part for part in nine if part in shown.replace(" ", "")], "nine characters in sequence"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Bearer {TOKEN[:8]}XYZ, sorry", f"Bearer {MASK}, sorry"),
        ("It is not valid.\nIt has the scopes read,write", "It is not valid. It has the scopes read,write"),
        ("word " * 400, ("word " * 40).rstrip() + "..."),
        ("word " * 40, ("word " * 40).rstrip()),
    ],
    ids=["the rest of a run", "short words are kept", "shortened", "not shortened"],
)
def test_a_quote_is_one_short_line_without_secrets(text, shown):
    assert Secrets([TOKEN]).quote(text) == shown


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://ada:pw@x.example.com/login?a=b#c", "https://x.example.com/login"),
        ("/login;next#c", "/login;next"),
        (f"https://x.example.com/{TOKEN}/end", f"https://x.example.com/{MASK}/end"),
        (f"https://x.example.com/{TOKEN[:10]}{TOKEN[10:].swapcase()}/", f"https://x.example.com/{MASK}/"),
        (f"/%68{TOKEN[1:]}", f"/{MASK}"),
        ("https://support-and-sales-and-more.example.com/x", f"https://{MASK}.example.com/x"),
        ("\x1b[31m//\ud800", "[31m//"),
        ("/a" * 1000, "/a" * 100),
    ],
)
def test_a_redirect_target_is_shown_without_secrets(location, shown):
    assert Secrets([TOKEN]).quote_location(location) == shown


@pytest.mark.parametrize("text", ["same-beginning-", f"same-beginning-{5:025d}", "a"])
def test_masking_is_fast_also_against_many_secrets_that_begin_the_same_way_or_contain_each_other(text):
    beginning = [f"same-beginning-{number:025d}" for number in range(20_000)]
    secrets = Secrets([*beginning, *("a" * length for length in range(8, 4000))])
    start = time.process_time()
    secrets.mask((text * 65_536)[:65_536])
    secrets.quote(f"{text} " * 1000)
    assert time.process_time() - start < 1


def test_a_result_is_masked_in_its_strings_only():
    value = {"id": 360786799676, "36078679": ["x 36078679 y", None, {"a": "no"}], "n": 36078679, "s": "36078679A"}
    expected = {"id": 360786799676, "36078679": ["x ******** y", None, {"a": "no"}], "n": 36078679, "s": "********"}
    assert masked(value, ["36078679", "36078679A", ""]) == expected
    assert masked(value, []) is value
