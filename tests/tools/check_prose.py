# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find words that the texts of this project do not use, and print what to write instead.

`make lint` runs this for documentation, code and configuration. Arguments are files or folders to check instead. It exits with 1 if
it finds a word.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECKED = (
    ".ansible-lint",
    ".ci/run",
    ".github",
    ".pre-commit-config.yaml",
    ".yamllint",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "antsibull-nox.toml",
    "changelogs",
    "docs",
    "extensions",
    "galaxy.yml",
    "meta",
    "mypy.ini",
    "noxfile.py",
    "playbooks",
    "plugins",
    "pyproject.toml",
    "requirements",
    "roles",
    "ruff.toml",
    "tests",
    "tests/demo/run",
)
SUFFIXES = {".cfg", ".css", ".in", ".j2", ".md", ".py", ".rst", ".sh", ".yaml", ".yml"}
OMITTED = {"check_prose.py", "test_check_prose.py"}
"""The files that contain the words themselves."""


@dataclass(frozen=True)
class Word:
    """A word or phrase that is not used."""

    pattern: str
    """A regular expression for whole words; upper and lower case do not matter. A space matches any white space."""
    instead: str
    allowed: str = r"(?!)"
    """A regular expression. A match inside one of its matches is allowed."""


WORDS = (
    Word("answer(s|ed|ing)?", "response, return", r"survey answers?"),
    Word("says?|said|saying", "state, report, show"),
    Word("tells?|told|telling", "report, state, show"),
    Word("(is|are|was|were|be) meant", "selected, matching", r"(is|are) meant to\b"),
    Word("whole numbers?", "integer"),
    Word("(one|a|another) text", "string"),
    Word("drips?|dripped|dripping", "slow response"),
    Word("ledgers?|books?", "result lists", r"\bruns? books?\b"),
    Word("where (it|there|they|one|none) (is|are)( missing| none)?", "if"),
    Word("licences?|licenced", "license"),
    Word("colours?|coloured", "color"),
    Word("behaviours?", "behavior"),
    Word("honours?|honoured|favours?|favourites?|neighbours?", "American spelling: -or"),
    Word(
        "(recogni|organi|initiali|normali|summari|seriali|neutrali|authori)s(e[sd]?|ing|ation)",
        "American spelling: -ize",
    ),
    Word("analys(e[sd]?|ing)|cancell(ed|ing)|catalogues?|grey", "American spelling"),
    Word("ends? (a|an|the|its|their|every|all|this|that|leaked|expired) ([a-z]+ )?(tokens?|access)", "revoke"),
    Word("spares?|spared|sparing", "keep"),
    Word("mistyped|mistyping|typing errors?", "typo"),
    Word("made|makes? up", "created", r"(is|are) made of\b"),
    Word("stand-ins?|stands? in for", "mock server, sandbox"),
    Word(
        "somebody('s)?|someone('s)?|whoever|whomever|anybody|whose it is",
        "departing agent or user, owner",
        "someone else",
    ),
    Word(
        "who leaves?|leavers?", "departing agent or user", r"person who leaves|leaver@example\.com|\bleavers\b(?! of)"
    ),
    Word("evidence", "report"),
    Word("in the environment", "in environment variables", r"in the environment variables?"),
    Word("(be|be)c[ao]mes? of|became of|comes? of|came of", "outcome"),
    Word("c[ao]mes? about", "occur, fail"),
    Word("patience|look-?alikes?|let in|take up|taken up|handed on|hand(s|ed)? over", "standard term"),
    Word("knows|wants|thinks|believes?|understands", "no human qualities: has, requires, needs", r"\bWants="),
    Word("misspelt|learnt|whilst|amongst|afterwards? with", "American spelling"),
    Word("e-mails?", "email"),
    Word("beside", "next to, in addition to"),
    Word("in the place of", "instead of"),
    Word("nought|withal|thereof|hence|thus", "plain word"),
)

_WORDS = [
    (
        re.compile(rf"(?<![\w-])(?:{word.pattern})(?![\w-])".replace(" ", r"\s+"), re.IGNORECASE),
        re.compile(word.allowed, re.IGNORECASE),
        word.instead,
    )
    for word in WORDS
]


def findings(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line number, the word, and the replacement for each word in ``text`` that is not used."""
    for pattern, allowed, instead in _WORDS:
        exceptions = [match.span() for match in allowed.finditer(text)]
        for match in pattern.finditer(text):
            if not any(start <= match.start() and match.end() <= end for start, end in exceptions):
                yield text.count("\n", 0, match.start()) + 1, " ".join(match.group().split()), instead


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files in ``paths``, and in folders those with one of the suffixes."""
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if _is_checked(file))
        else:
            yield path


def _is_checked(file: Path) -> bool:
    return file.suffix in SUFFIXES and file.name not in OMITTED and file.is_file()


def main(arguments: list[str]) -> int:
    """Check the files, print the findings, and return the exit status."""
    paths = [Path(argument).absolute() for argument in arguments] or [ROOT / name for name in CHECKED]
    total = 0
    for file in files(paths):
        name = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
        for line, word, instead in sorted(findings(file.read_text("utf-8"))):
            print(f"{name}:{line}: {word} -> {instead}")
            total += 1
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
