# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.zchat.admin.plugins.module_utils.secrets import MASK, Secrets

LETTERS = st.text(string.ascii_letters + string.digits, min_size=8, max_size=64)


def test_a_secret_is_masked_wherever_it_stands():
    secrets = Secrets(["abcdefghij"])
    assert secrets.scrub("token=abcdefghij, xabcdefghijx") == f"token={MASK}, x{MASK}x"
    assert secrets.scrub("nothing to hide") == "nothing to hide"


def test_a_beginning_of_eight_characters_is_masked_too():
    secrets = Secrets(["abcdefghij"])
    assert secrets.scrub("abcdefgh...") == f"{MASK}..."
    assert secrets.scrub("abcdefgX") == "abcdefgX"
    assert secrets.scrub("the end: abcdefghi") == f"the end: {MASK}"


def test_the_longest_of_several_with_one_beginning_is_masked():
    assert Secrets(["abcdefgh1", "abcdefgh12345"]).scrub("abcdefgh12345") == MASK


def test_values_added_later_count():
    secrets = Secrets()
    secrets.add(value for value in ["abcdefghij"])
    assert secrets.scrub("abcdefghij") == MASK


def test_short_ones_are_masked_as_words_only():
    secrets = Secrets(["a", "pw", "s.x", ""])
    assert secrets.scrub("a password pw, spw, s.x; maps") == f"{MASK} password {MASK}, spw, {MASK}; maps"


@given(LETTERS, st.text(max_size=20), st.text(max_size=20), st.lists(LETTERS, max_size=5))
def test_no_secret_is_ever_left(secret, before, after, others):
    assert secret not in Secrets([secret, *others]).scrub(before + secret + after)


@given(st.text(alphabet=string.ascii_lowercase + " ", max_size=60))
def test_what_is_no_secret_is_left_alone(text):
    assert Secrets(["ABCDEFGHIJ", "X"]).scrub(text) == text
