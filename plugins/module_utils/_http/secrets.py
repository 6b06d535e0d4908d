# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Masking: what a message must never show."""

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from bisect import bisect
from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from ansible_collections.zchat.admin.plugins.module_utils._text import plain_text

_Value = TypeVar("_Value")

MASK = "********"
MIN_PREFIX = 8
"""Characters of a secret that are enough to recognize it. APIs shorten secrets to their beginning."""

_MAX_QUOTED = 200
"""Characters of server text that a message quotes."""
_MAX_LETTERS = 200_000
"""Letters and digits of secrets whose parts are searched: first those of the connection."""
_MAX_SEARCHED = 2_000
"""Characters of server text of which a message can quote the beginning."""
_MIN_RUN = 20
"""Characters of a run that is masked because it can be a secret in any encoding."""
_LINE_BREAK = r"[ \t]*[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]+[ \t]*"
_RUN = re.compile(rf"[A-Za-z0-9+/=_.%~*\\-](?:(?:{_LINE_BREAK})?[A-Za-z0-9+/=_.%~*\\-])*")
"""A run of the characters of encoded secrets, of escapes, and of the mask, also if it is split over several lines."""
_SPLIT_RUN = re.compile(r"(?:[A-Za-z0-9_-]{1,2}[^A-Za-z0-9_-]{1,2}){10,}[A-Za-z0-9_-]{0,2}")
"""A run that other characters split into single characters, or into bytes in hexadecimal."""
_NO_SPACE = re.compile(r"\S*")
_VALUE_KEYS = ("access_token", "refresh_token")
_URL_PART = re.compile(r"[A-Za-z0-9+=_%~*-]+")


SECRET_MARKS = frozenset("@?#")
"""Characters after or before which a URL can contain a secret."""


class Secrets:
    """The secret values of one task."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        values = list(values)
        joined = "\n".join(re.sub(r"[\W_]", "", value).lower() for value in values if len(value) >= MIN_PREFIX)
        self._letters = joined[:_MAX_LETTERS]
        """The letters and digits of the secrets, for parts of them."""
        values = set(values) - {""}
        self._long = sorted(value for value in values if len(value) >= MIN_PREFIX)
        self._prefixes = {value[:MIN_PREFIX] for value in self._long}
        self._short = values - set(self._long)
        self._listed: set[str] = set()
        """The beginnings of the values of listed tokens. The values themselves would take much memory."""
        self._short_listed: set[str] = set()

    def add_listed(self, values: Iterable[str | None]) -> None:
        """Add the values of the tokens in a list, which can be shortened. An empty one is no value."""
        for value in filter(None, values):
            if len(value) >= MIN_PREFIX:
                self._listed.add(value[:MIN_PREFIX])
            else:
                self._short_listed.add(value)

    def without_listed(self, value: Any) -> Any:
        """Return a result, or a part of one, without the values of listed tokens, except under the keys for them."""
        if isinstance(value, str):
            return self.mask_listed(value)
        if isinstance(value, dict):
            return {key: item if key in _VALUE_KEYS else self.without_listed(item) for key, item in value.items()}
        return [self.without_listed(item) for item in value] if isinstance(value, list) else value

    def mask_listed(self, text: str) -> str:
        """Return ``text`` without the values of listed tokens: each is masked to the next space, because lists can shorten values.

        One of fewer than 8 characters is masked if it is the whole text: in a sentence, it can be a word.
        """
        if text in self._short_listed:
            return MASK
        if not self._listed:
            return text
        parts: list[str] = []
        end_of_last = position = 0
        while position + MIN_PREFIX <= len(text):
            if text[position : position + MIN_PREFIX] not in self._listed:
                position += 1
                continue
            parts += [text[end_of_last:position], MASK]
            end_of_last = position = _NO_SPACE.match(text, position).end()  # type: ignore[union-attr]  # it matches any text
        return "".join([*parts, text[end_of_last:]])

    def mask(self, text: str) -> str:
        """Return ``text`` with the secret values masked.

        A value of 8 characters or more is masked anywhere, also if only its beginning occurs. A shorter one is masked only
        as a separate word, so that the password "a" does not make a message unreadable.
        """
        return self._mask_words(self.mask_long(text))

    def quote(self, text: str) -> str:
        """Return server text for a message: one line, masked, at most 200 characters.

        Every long run of the characters of encoded secrets is masked too, so that no secret is shown in any encoding, and so
        is the rest of a run of which a part is masked.
        """
        text = self._mask_parts(unicodedata.normalize("NFKC", text))
        masked = _SPLIT_RUN.sub(MASK, _mask_runs(_RUN, self.mask(text)))
        line = _mask_runs(_RUN, self.mask(plain_text(masked)))
        return line if len(line) <= _MAX_QUOTED else line[:_MAX_QUOTED].rstrip() + "..."

    def quote_location(self, url: str) -> str:
        """Return a redirect target for a message: without user, query and fragment, masked."""
        url = self._mask_parts(url)
        target = re.sub(r"[?#].*", "", re.sub(r"//[^/]*@", "//", plain_text(self.mask(url))))
        return _mask_runs(_URL_PART, self.mask(target))[:_MAX_QUOTED]

    def _mask_parts(self, text: str) -> str:
        """Return ``text`` without secrets that other characters, such as spaces or zero-width ones, split into parts.

        Consecutive parts are masked if together they are 8 characters or more of a secret, whatever their case is.
        """
        words = list(re.finditer(r"[^\W_]+", text[:_MAX_SEARCHED]))
        shown: list[str] = []
        end = start = 0
        while start < len(words):
            joined, last = "", start
            for last in range(start, len(words)):
                longer = joined + words[last].group().lower()
                if longer not in self._letters:
                    break
                joined = longer
            else:
                last = len(words)
            if len(joined) >= MIN_PREFIX:
                shown += [text[end : words[start].start()], MASK]
                end = words[last - 1].end()
            start = max(last, start + 1) if len(joined) >= MIN_PREFIX else start + 1
        return "".join([*shown, text[end:_MAX_SEARCHED]])

    def mask_long(self, text: str) -> str:
        """Return ``text`` without secrets of 8 characters or more: those of the task, and the values of listed tokens."""
        return self.mask_beginnings(self.mask_listed(text))

    def mask_beginnings(self, text: str) -> str:
        """Return ``text`` without secrets of 8 characters or more, and without their beginnings."""
        parts: list[str] = []
        end_of_last = position = 0
        while position + MIN_PREFIX <= len(text):
            if text[position : position + MIN_PREFIX] not in self._prefixes:
                position += 1
                continue
            parts += [text[end_of_last:position], MASK]
            position += self._match_length(text, position)
            end_of_last = position
        return "".join([*parts, text[end_of_last:]])

    def _match_length(self, text: str, start: int) -> int:
        """Return how many characters from ``start`` on are the beginning of a secret: the longest such match.

        Of all sorted values, one of the two neighbors of a string shares the longest beginning with it.
        """
        place = bisect(self._long, text[start : start + 10_000])
        return max(_common_length(text, start, value) for value in self._long[max(0, place - 1) : place + 1])

    def _mask_words(self, text: str) -> str:
        if not self._short:
            return text
        words = "|".join(re.escape(value) for value in sorted(self._short, key=len, reverse=True))
        return re.sub(r"(?<![^\W_])(?:" + words + r")(?![^\W_])", MASK, text)


def _mask_runs(pattern: re.Pattern[str], text: str) -> str:
    def masked(found: re.Match[str]) -> str:
        run = found.group()
        is_secret = MASK in run or len(re.sub(_LINE_BREAK, "", run)) >= _MIN_RUN
        return MASK if is_secret else run

    return pattern.sub(masked, text)


def _common_length(text: str, start: int, value: str) -> int:
    length = min(len(value), len(text) - start)
    for index in range(length):
        if text[start + index] != value[index]:
            return index
    return length


def masked(value: _Value, secrets: Iterable[str]) -> _Value:
    """Return a result with these secrets masked in each of its strings. Other values, and the keys, stay as they are."""
    longest_first = sorted(filter(None, set(secrets)), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))

    def without(item: Any) -> Any:
        if isinstance(item, str):
            return pattern.sub(MASK, item)
        if isinstance(item, dict):
            return {key: without(each) for key, each in item.items()}
        return [without(each) for each in item] if isinstance(item, list) else item

    result: _Value = without(value) if longest_first else value
    return result


def secret_forms(secret: str) -> list[str]:
    """Return ``secret`` as it is, and as it looks inside JSON, HTML, a URL, a form, or a Basic header, or changed by case."""
    quoted = [quote(secret, safe=safe, errors="replace") for safe in ("", "/")]
    forms = [*quoted, quote_plus(secret, errors="replace")]
    lower_case = [re.sub(r"%[0-9A-F]{2}", lambda found: found.group().lower(), form) for form in forms]
    changed = [secret.upper(), secret.lower(), secret[::-1]]
    return [secret, json.dumps(secret)[1:-1], html.escape(secret), *forms, *lower_case, *changed, encoded(secret)]


def encoded(text: str) -> str:
    """Return ``text`` as a Basic header has it."""
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
