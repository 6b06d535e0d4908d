# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from tests.tools.check_prose import findings, main


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The API answers with a list.", "answers"),
        ("See the tokens that\n  are meant.", "are meant"),
        ("It ends the token.", "ends the token"),
        ("What became\nof each token", "became of"),
        ("Somebody leaves", "Somebody"),
        ("the behaviour", "behaviour"),
    ],
)
def test_a_word_that_is_not_used(text, word):
    assert [found for _line, found, _instead in findings(text)] == [word]


@pytest.mark.parametrize(
    "text",
    [
        "The API returns a list.",
        "The survey answer is one string.",
        "someone else revoked it",
        "a handbook",
        "Set it in environment variables, or in the environment variable ZCHAT_SUBDOMAIN.",
        "the address leaver@example.com",
    ],
)
def test_other_text(text):
    assert not list(findings(text))


def test_output(tmp_path, capsys):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("Fine.\n\nThe licence.\n", "utf-8")
    (folder / "b.png").write_bytes(b"\x89PNG")
    assert main([str(folder)]) == 1
    assert capsys.readouterr().out == f"{folder}/a.md:3: licence -> license\n"
    (folder / "a.md").write_text("The license.\n", "utf-8")
    assert main([str(folder)]) == 0
