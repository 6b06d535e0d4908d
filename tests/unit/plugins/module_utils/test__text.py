# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import time

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._text import (
    abridged,
    capitalized,
    counted,
    encodable,
    enumerated,
    error_text,
    plain_text,
    sentence,
)


def test_plain_text_is_one_printable_line():
    assert plain_text(" a\r\n\tb \x1b[31m &amp; c\u2028d\ud800 ") == "a b [31m & c d"


@pytest.mark.parametrize(
    ("value", "expected"), [("ab\u00e4", "ab\u00e4"), ("a\ud800b", "a?b"), (None, None), (5, 5), ("", "")]
)
def test_encodable(value, expected):
    assert encodable(value) == expected


@pytest.mark.parametrize(("text", "expected"), [("No", "No."), ("No.", "No."), ("No...", "No..."), ("No!", "No!")])
def test_sentence(text, expected):
    assert sentence(text) == expected


def test_capitalized_changes_only_the_first_letter():
    assert [capitalized("the API"), capitalized("")] == ["The API", ""]


def test_counted():
    assert [counted(0, "token"), counted(1, "token"), counted(2, "token")] == ["0 tokens", "1 token", "2 tokens"]
    assert [counted(1, "entry", "entries"), counted(2, "entry", "entries")] == ["1 entry", "2 entries"]


def test_enumerated():
    assert [enumerated(["a"]), enumerated(["a", "b"]), enumerated(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_abridged_returns_at_most_ten_values():
    assert abridged([3]) == "3"
    assert abridged(range(1, 11)) == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
    assert abridged(range(1, 13)) == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "Unauthorized", "description": "Not verified"}, "Unauthorized: Not verified"),
        ({"error": {"title": "Forbidden", "message": "No", "code": 3}}, "Forbidden: No"),
        ({"error": "invalid_token", "error_description": "Expired"}, "invalid_token: Expired"),
        ({"message": "Same", "error": "Same"}, "Same"),
        ({"title": " ", "message": None, "description": "A &amp; B"}, "A & B"),
        ({"message": "<html><p>Bad</p> gateway</html>"}, "Bad\n gateway"),
        ({"message": "must be < 10 and > 5"}, "must be < 10 and > 5"),
        ("a string", "a string"),
        ([1, 2], ""),
        ({"errors": 5}, ""),
        (5, ""),
        (None, ""),
    ],
)
def test_error_text_of_json(body, expected):
    assert error_text(json.dumps(body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ""),
        ("plain text", "plain text"),
        ("<html><head><title>x</title><style>p {}</style></head><body><p>Not &amp; here</p></body>", "Not & here"),
        ("<script>1</script\n><STYLE>2</style>Busy<!-- 3 --><br/>now", "Busy\n\nnow"),
    ],
)
def test_error_text_of_pages_and_plain_text(body, expected):
    assert error_text(body) == expected


@pytest.mark.parametrize(
    "body", ["<head " * 20_000, '{"error":' * 5000, "word " * 20_000, "<" * 100_000, json.dumps("<head " * 20_000)]
)
def test_error_text_of_huge_bodies_is_short_and_fast(body):
    start = time.process_time()
    assert len(error_text(body)) <= 2000
    assert time.process_time() - start < 5


@pytest.mark.parametrize("entity", [f"&#{'9' * 5000};", f"&#x{'f' * 5000}", f"&#X{'0' * 5000}41;"])
def test_an_entity_with_thousands_of_digits_is_no_error(entity):
    assert plain_text(f"a{entity} b") == "a\ufffd b"
    assert error_text(f"a{entity} b") == "a\ufffd b"
