# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of identity providers about departing users: only plain addresses are passed on, and nothing is logged."""

from __future__ import annotations

import copy
import logging

import hypothesis
import pytest
from hypothesis import strategies as st

from ansible_collections.zchat.admin.extensions.eda.plugins.event_filter.offboard_event import main

JONAS, PRIYA = "jonas.weber@example.com", "priya.nair@example.com"
TEMPLATE = "{{ lookup('ansible.builtin.pipe', 'id') }}@example.com"
OFFBOARDED = {"event": "user.offboarded"}


def okta(*events):
    return {"eventType": "com.okta.event_hook", "data": {"events": list(events)}}


def okta_event(kind, target, target_type="User", **more):
    target = {"type": target_type, "alternateId": target}
    return {"eventType": f"user.lifecycle.{kind}", "target": [target], **more}


SEVERAL = okta(
    okta_event("suspend", JONAS),
    okta_event("create", "other@example.com"),
    okta_event("deactivate", "other@example.com", outcome={"result": "FAILURE"}),
    okta_event("deactivate", "app@example.com", "AppInstance"),
    okta_event("deactivate", PRIYA, outcome={"result": "SUCCESS"}),
)


@pytest.mark.parametrize(
    ("payload", "emails"),
    [
        ({**OFFBOARDED, "emails": [JONAS, PRIYA, JONAS]}, [JONAS, PRIYA]),
        ({**OFFBOARDED, "emails": PRIYA, "email": JONAS, "offboard_own_token": "revoke"}, [JONAS, PRIYA]),
        ({**OFFBOARDED, "emails": [JONAS, TEMPLATE]}, [JONAS]),
        (SEVERAL, [JONAS, PRIYA]),
        ({"sub_id": {"format": "email", "email": JONAS}}, [JONAS]),
    ],
)
def test_departing_users(payload, emails):
    event = {"payload": payload, "meta": {"uuid": "1"}}
    assert main(event) == {"payload": {**OFFBOARDED, "emails": emails}, "meta": {"uuid": "1"}}


OTHERS = [
    {"email": JONAS},
    okta(okta_event("activate", JONAS)),
    {"data": {"events": "user.lifecycle.deactivate"}},
    {"sub_id": {"format": "iss_sub", "iss": "https://issuer.example.com", "sub": "1"}},
    *([JONAS], "user.offboarded", None),
]


@pytest.mark.parametrize("event", [*({"payload": payload} for payload in OTHERS), {"source": "without payload"}])
def test_other_events_are_not_changed(event, caplog):
    with caplog.at_level(logging.DEBUG):
        assert main(copy.deepcopy(event)) == event
    assert caplog.text.count("offboard_event: ignored") == 1
    assert "example.com" not in caplog.text


WRONG = ["", None, 5, [JONAS], {"a": JONAS}, "jonas", f"{JONAS}\n", f" {JONAS}", f"{JONAS},{PRIYA}", f"J <{JONAS}>"]


@pytest.mark.parametrize(
    ("given", "left_out"),
    [({}, False), ({"emails": []}, False), *(({"email": value}, True) for value in (*WRONG, TEMPLATE))],
)
def test_values_that_are_not_addresses_are_left_out_and_not_logged(given, left_out, caplog):
    """An event without an address is ignored."""
    with caplog.at_level(logging.DEBUG):
        assert main({"payload": {**OFFBOARDED, **given}})["payload"] == {"event": "user.offboarded.invalid"}
    assert ("left out 1 of 1 values" in caplog.text) is left_out
    assert caplog.text.count("offboard_event: ignored") == 1
    assert "example.com" not in caplog.text


KEYS = st.sampled_from(["event", "email", "eventType", "target", "type", "outcome"])
VALUES = st.sampled_from([None, True, 5, "user.lifecycle.suspend", "User", TEMPLATE, JONAS])
JSON = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=6)
SHAPES = [
    lambda value: value,
    lambda value: {**OFFBOARDED, "email": value, "emails": value},
    lambda value: {"sub_id": {"format": "email", "email": value}},
    lambda value: {"data": {"events": value}},
    lambda value: okta(okta_event("suspend", value), {"eventType": "user.lifecycle.suspend", "target": value}),
]


@hypothesis.given(st.builds(lambda shape, value: shape(value), st.sampled_from(SHAPES), JSON))
def test_no_payload_causes_an_error_or_passes_on_a_template(payload):
    event = main({"payload": payload})
    if event["payload"] != payload:
        assert all("{" not in email and "@" in email for email in event["payload"].get("emails", []))
