# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text for messages. Imports no other file of the collection."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MAX_NAMED = 10
_MAX_HTML = 16_384
"""Characters of an HTML page that are searched for text."""
_MAX_ERROR_TEXT = 2_000
_ERROR_KEYS = ("error", "title", "description", "message", "error_description")
_HUGE_ENTITY = re.compile(r"&#(?:[0-9]|[xX][0-9A-Fa-f])[0-9A-Fa-f]{9,};?")
"""A number that is no character."""
_BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), *_BIDIRECTIONAL], "\ufffd")
_TAGS = re.compile(r"(?is)<(script|style|head)\b.*?</\1\s*>|</?[a-z!?][^>]*>")


def plain_text(text: str) -> str:
    """Return ``text`` on one line: HTML entities resolved, each run of unprintable characters and spaces as one space."""
    return " ".join("".join(char if char.isprintable() else " " for char in _unescaped(text)).split())


def _unescaped(text: str) -> str:
    """Return ``text`` with its HTML entities resolved. ``html.unescape`` cannot convert a number of thousands of digits."""
    return html.unescape(_HUGE_ENTITY.sub("\ufffd", text))


def encodable(value: Any) -> Any:
    """Return ``value``; in a string, lone surrogates are replaced. JSON can contain these, terminals and files cannot."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def printable(value: Any) -> Any:
    """Return ``value``; in a string of the API, each control character and each one that changes the direction of text is U+FFFD."""
    return value.translate(_CONTROLS) if isinstance(value, str) and not value.isprintable() else value


def sentence(text: str) -> str:
    """Return ``text`` with a period, unless it already ends like a sentence."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def capitalized(text: str) -> str:
    """Return ``text`` with an upper-case first letter; the rest is unchanged."""
    return text[:1].upper() + text[1:]


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun, such as ``1 token`` or ``3 tokens``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def enumerated(words: Sequence[str]) -> str:
    """Return the words as a sentence lists them: ``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def abridged(values: Sequence[Any]) -> str:
    """Return the first ten values, separated by commas, and the number of the others."""
    rest = len(values) - _MAX_NAMED
    return ", ".join(str(value) for value in values[:_MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def named(noun: str, ids: Sequence[int]) -> str:
    """Return ids with their noun, such as ``token 5`` or ``tokens 5, 6``. Of more than ten ids, the first are named."""
    return f"{noun if len(ids) == 1 else noun + 's'} {abridged(ids)}"


def error_text(body: str) -> str:
    """Return the error text of an HTTP response body: from JSON in any of the API's forms, from HTML, or the text itself.

    Forms (recorded): ``{"error": "..", "description": ".."}``, ``{"error": {"title": "..", "message": ".."}}``,
    ``{"error": "..", "error_description": ".."}``. The result can contain line breaks and secrets.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = body
    if isinstance(data, Mapping):
        texts = list(_texts(data))
    else:
        texts = [data] if isinstance(data, str) else []
    return ": ".join(dict.fromkeys(_without_tags(text) for text in texts))[:_MAX_ERROR_TEXT]


def _without_tags(text: str) -> str:
    """Return ``text`` with a line break for each HTML tag, so that :mod:`._http.secrets` finds a secret that tags split."""
    return _unescaped(_TAGS.sub("\n", text[:_MAX_HTML])).strip()


def _texts(data: Mapping[str, Any]) -> Iterator[str]:
    for key in _ERROR_KEYS:
        value = data.get(key)
        for text in value.values() if isinstance(value, dict) else (value,):
            if isinstance(text, str) and text.strip():
                yield text
