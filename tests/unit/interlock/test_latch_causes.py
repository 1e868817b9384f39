# SPDX-License-Identifier: Apache-2.0
"""Which codes keep a latch while they hit: those of rules that trip and can end. H60, H62."""

import pytest

from mnht_controller.interlock.latch import is_cause


@pytest.mark.parametrize(
    ("code", "keeps"),
    [
        ("skin_trip", True),
        ("operator_stop", True),
        ("session_time", False),
        ("lease_lost", False),
        ("skin_cap", False),
        ("guard_state", False),
        ("", False),
    ],
)
def test_a_cause_is_a_rule_that_trips_and_can_end(code: str, keeps: bool) -> None:
    assert is_cause(code) is keeps
