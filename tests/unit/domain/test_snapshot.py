# SPDX-License-Identifier: Apache-2.0
"""The picture that surfaces show goes over the wire whole; errors keep their parts."""

import pytest

from mnht_controller.domain.codec import dumps, loads
from mnht_controller.domain.errors import ConfigError, IntentRefused, MnhtError
from mnht_controller.domain.limits import region_cap_ka_per_m
from mnht_controller.domain.snapshot import DeviceState, Snapshot
from tests.unit.runtime.moments import Desk


def test_a_snapshot_survives_the_wire() -> None:
    desk = Desk()
    decision = desk.ticks(3)
    given = desk.given[-1]
    snapshot = Snapshot(
        tick=given.tick,
        at=given.now,
        treatment_s=given.treatment_s,
        session="s",
        plan=desk.plan,
        probes=given.probes,
        source=given.source,
        guard=given.guard,
        decision=decision,
        health=given.health,
        devices=(DeviceState("amplifier", "d", "r", "i", connected=True, simulated=True),),
    )
    assert loads(Snapshot, dumps(snapshot)) == snapshot
    assert snapshot.devices[0].error == ""


def test_a_refusal_names_every_reason() -> None:
    error = IntentRefused(("phase standby", "journal"))
    assert error.reasons == ("phase standby", "journal")
    assert str(error) == "phase standby; journal"
    assert isinstance(error, MnhtError)


def test_a_wrong_profile_says_file_key_why_and_right() -> None:
    error = ConfigError("a.toml", "probe.role", "unknown", "skin, tumor or healthy")
    assert (error.file, error.key, error.why, error.right) == (
        "a.toml", "probe.role", "unknown", "skin, tumor or healthy",
    )  # fmt: skip
    assert str(error) == "a.toml: probe.role: unknown; skin, tumor or healthy"


def test_a_region_without_a_cap_is_a_bug_of_ours() -> None:
    """H52: never a cap that was made up."""
    with pytest.raises(MnhtError, match="no cap"):
        region_cap_ka_per_m("elbow")  # type: ignore[arg-type]
