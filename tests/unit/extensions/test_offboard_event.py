# Copyright (c) 2026, The zchat.admin maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.zchat.admin.extensions.eda.plugins.event_filter.offboard_event import main

JONAS, PRIYA = "jonas.weber@example.com", "priya.nair@example.com"
TEMPLATE = "{{ lookup('ansible.builtin.pipe', 'id') }}@example.com"


def okta(*events):
    return {"eventType": "com.okta.event_hook", "data": {"events": list(events)}}


def okta_event(kind, *targets):
    return {"eventType": kind, "target": [{"type": "User", "alternateId": target} for target in targets]}


@pytest.mark.parametrize(
    ("payload", "emails"),
    [
        ({"event": "user.offboarded", "email": JONAS}, [JONAS]),
        ({"event": "user.offboarded", "emails": [JONAS, PRIYA, JONAS]}, [JONAS, PRIYA]),
        ({"event": "user.offboarded", "emails": PRIYA, "email": JONAS, "offboard_own_token": "revoke"}, [JONAS, PRIYA]),
        ({"event": "user.offboarded", "emails": [JONAS, TEMPLATE]}, [JONAS]),
        (okta(okta_event("user.lifecycle.deactivate", JONAS)), [JONAS]),
        (
            okta(
                okta_event("user.lifecycle.suspend", JONAS),
                okta_event("user.lifecycle.create", "other@example.com"),
                {**okta_event("user.lifecycle.deactivate", "other@example.com"), "outcome": {"result": "FAILURE"}},
                {
                    "eventType": "user.lifecycle.deactivate",
                    "target": [{"type": "AppInstance", "alternateId": "app@x.y"}],
                },
                {**okta_event("user.lifecycle.deactivate", PRIYA), "outcome": {"result": "SUCCESS"}},
            ),
            [JONAS, PRIYA],
        ),
        ({"sub_id": {"format": "email", "email": JONAS}}, [JONAS]),
    ],
)
def test_departing_users(payload, emails):
    event = {"payload": payload, "meta": {"uuid": "1"}}
    assert main(event) == {"payload": {"event": "user.offboarded", "emails": emails}, "meta": {"uuid": "1"}}


@pytest.mark.parametrize(
    "payload",
    [
        {"event": "user.created", "email": JONAS},
        {"email": JONAS},
        okta(okta_event("user.lifecycle.activate", JONAS)),
        {"data": {"events": "user.lifecycle.deactivate"}},
        {"sub_id": {"format": "iss_sub", "iss": "https://issuer.example.com", "sub": "1"}},
        [JONAS],
        "user.offboarded",
        None,
    ],
)
def test_other_events_are_not_changed(payload, caplog):
    event = {"payload": payload}
    with caplog.at_level(logging.DEBUG):
        assert main(copy.deepcopy(event)) == event
    assert caplog.text.count("offboard_event: ignored") == 1
    assert "example.com" not in caplog.text


def test_an_event_without_a_payload_is_not_changed():
    assert main({"source": "without payload"}) == {"source": "without payload"}


@pytest.mark.parametrize("payload", [{"event": "user.offboarded"}, {"event": "user.offboarded", "emails": []}])
def test_an_event_without_an_address_is_ignored(payload, caplog):
    assert main({"payload": payload})["payload"] == {"event": "user.offboarded.invalid"}
    assert caplog.text.count("offboard_event: ignored") == 1


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        5,
        True,
        [JONAS],
        {"a": JONAS},
        "jonas",
        f"{JONAS}\n",
        f" {JONAS}",
        f"{JONAS},{PRIYA}",
        f"J <{JONAS}>",
        TEMPLATE,
    ],
)
def test_values_that_are_not_addresses_are_left_out_and_not_logged(value, caplog):
    with caplog.at_level(logging.DEBUG):
        event = main({"payload": {"event": "user.offboarded", "email": value}})
    assert event["payload"] == {"event": "user.offboarded.invalid"}
    assert "left out 1 of 1 values" in caplog.text
    assert caplog.text.count("offboard_event: ignored") == 1
    assert "example.com" not in caplog.text


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["user.offboarded", "email", TEMPLATE, JONAS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "email", "emails", "sub_id", "format", "data", "events", "eventType", "target"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_payload_causes_an_error_or_passes_on_a_template(payload):
    event = main({"payload": payload})
    if event["payload"] != payload:
        assert all("{" not in email and "@" in email for email in event["payload"].get("emails", []))
