# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import time

import pytest

from ansible_collections.zchat.admin.plugins.module_utils._text import abridged, error_text, plain_text, sentence


def test_a_sentence_gets_a_period_only_if_it_has_no_end():
    assert [sentence(text) for text in ("No", "No.", "No!")] == ["No.", "No.", "No!"]


@pytest.mark.parametrize(("number", "end"), [(10, "9, 10"), (11, "9, 10 and 1 more")])
def test_a_message_names_only_the_first_ten_values(number, end):
    assert abridged(range(1, number + 1)).endswith(end)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "Unauthorized", "description": "Not verified"}, "Unauthorized: Not verified"),
        ({"error": {"title": "Forbidden", "message": "No", "code": 3}}, "Forbidden: No"),
        ({"error": "invalid_token", "error_description": "Expired"}, "invalid_token: Expired"),
        ({"message": "Same", "error": "Same"}, "Same"),
        ({"title": " ", "message": None, "description": "<p>A</p> &amp; B < 10 and > 5"}, "A\n & B < 10 and > 5"),
        ("a string", "a string"),
        *((body, "") for body in ([1, 2], {"errors": 5}, None)),
    ],
)
def test_error_text_of_json(body, expected):
    assert error_text(json.dumps(body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
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
    assert plain_text(f"a{entity} b") == error_text(f"a{entity} b") == "a\ufffd b"
