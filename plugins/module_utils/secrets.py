# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is never shown: the secrets of one task, and how a text from outside is cleared of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

MASK = "********"

BEGINNING = 8
"""How many characters of a secret give it away. Some APIs list a secret by its beginning only; that is masked too."""


class Secrets:
    """The values that no text of this task may hold.

    Two secrets for each listed token can come to many thousands, while most tasks have no text to clear. So values are
    only remembered when they are added and indexed when the first text is scrubbed. Safe to share between threads.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._added: list[Iterable[str]] = [values]
        self._by_beginning: dict[str, list[str]] = {}
        self._short: set[str] = set()

    def add(self, values: Iterable[str]) -> None:
        """Remember ``values``, an iterable that is read once, and not before a text has to be scrubbed."""
        with self._lock:
            self._added.append(values)

    def scrub(self, text: str) -> str:
        """Return ``text`` with every secret masked, in one pass however many secrets there are.

        A secret of 8 characters or more is found anywhere, also when only a beginning of it is there. A shorter one is
        masked where it stands as a word of its own, so that a password such as "a" does not garble the rest.
        """
        with self._lock:
            self._index()
            return self._mask_words(self._mask_beginnings(text))

    def _index(self) -> None:
        while self._added:
            for value in self._added.pop():
                if len(value) >= BEGINNING:
                    self._by_beginning.setdefault(value[:BEGINNING], []).append(value)
                elif value:
                    self._short.add(value)

    def _mask_beginnings(self, text: str) -> str:
        parts: list[str] = []
        done = position = 0
        while position + BEGINNING <= len(text):
            known = self._by_beginning.get(text[position : position + BEGINNING])
            if known is None:
                position += 1
                continue
            parts += [text[done:position], MASK]
            position += max(_common_length(text, position, secret) for secret in known)
            done = position
        return "".join([*parts, text[done:]])

    def _mask_words(self, text: str) -> str:
        if not self._short:
            return text
        words = "|".join(re.escape(value) for value in sorted(self._short, key=len, reverse=True))
        return re.sub(r"(?<![^\W_])(?:" + words + r")(?![^\W_])", MASK, text)


def _common_length(text: str, start: int, secret: str) -> int:
    length = min(len(secret), len(text) - start)
    for index in range(length):
        if text[start + index] != secret[index]:
            return index
    return length
