# SPDX-License-Identifier: Apache-2.0
"""What the supplies before an inverter share: their profiles, options and how field is counted."""

import json
import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from mnht_controller.devices.contract import DeadMan, Setup
from mnht_controller.devices.link import Link
from mnht_controller.devices.registry import find_driver
from tests.unit.devices.wires import Wire

CONFIG = Path(__file__).parents[2] / "config" / "amplifiers"
NAMES = ("tdk_genesys", "tdk_genesys_scpi", "keysight_n7900")


def options(name, **changes):
    """The options of the shipped profile, changed; None takes one away."""
    given = tomllib.loads((CONFIG / f"{name}.toml").read_text())["options"] | changes
    kept = {key: value for key, value in given.items() if value is not None}
    return TypeAdapter(find_driver(name).options).validate_json(json.dumps(kept))


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_profile_makes_a_driver(name):
    made = find_driver(name).make(Link(Wire(lambda _: [])), Setup((), options(name)))
    assert type(made).__name__ in {"TdkGenesys", "ScpiFeed"}


@pytest.mark.parametrize("name", NAMES)
def test_the_frequency_is_unknown_where_nobody_says_it(name):
    assert options(name, inverter_frequency_hz=None).inverter_frequency_hz is None


@pytest.mark.parametrize("missing", ["field_ka_per_m_per_a", "volts_max"])
@pytest.mark.parametrize("name", NAMES)
def test_what_must_be_calibrated_has_no_default(name, missing):
    with pytest.raises(ValidationError, match=missing):
        options(name, **{missing: None})


@pytest.mark.parametrize(
    "changes",
    [
        {"field_ka_per_m_per_a": 0.0},
        {"field_ka_per_m_per_a": -0.3},
        {"volts_max": 0.0},
        {"inverter_frequency_hz": 0.0},
        {"surprise": 1},
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_options_that_make_no_sense(name, changes):
    with pytest.raises(ValidationError):
        options(name, **changes)


@pytest.mark.parametrize("name", NAMES)
def test_who_ends_the_output_when_the_host_dies(name):
    """Old Genesys have no watchdog: there the guard must interrupt the ENABLE contact (H26)."""
    spec = find_driver(name)
    has_watchdog = name != "tdk_genesys"
    assert spec.dead_man is (DeadMan.DEVICE if has_watchdog else DeadMan.GUARD)
    assert spec.watchdog_s == (1.0 if has_watchdog else 0.0)
    assert (spec.has_limit, spec.measures_field) == (False, True)
    assert "enable line" in spec.stop_path
