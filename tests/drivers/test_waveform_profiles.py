# SPDX-License-Identifier: Apache-2.0
"""Shipped profiles of generators and of the amplifier behind them: their options are taken."""

import json
import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from drivers.hubert_a1230 import HubertOptions
from mnht_controller.devices.registry import find_driver
from mnht_controller.devices.waveform import WaveformOptions

CONFIG = Path(__file__).parents[2] / "config"
GENERATORS = ("keysight_33500", "siglent_sdg")


def options(kind, name, **changes):
    """The options of the shipped profile, changed."""
    profile = tomllib.loads((CONFIG / kind / f"{name}.toml").read_text())
    spec = find_driver(profile["driver"])
    return TypeAdapter(spec.options).validate_json(json.dumps(profile["options"] | changes))


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_s_profile_is_taken(name):
    assert options("amplifiers", name) == WaveformOptions(field_ka_per_m_per_vpp=4.0)


@pytest.mark.parametrize(("load", "ohm"), [("INF", None), (50, 50.0), (600.0, 600.0)])
@pytest.mark.parametrize("name", GENERATORS)
def test_a_load_is_a_number_or_high_impedance(name, load, ohm):
    assert options("amplifiers", name, load_ohm=load).ohm == ohm


@pytest.mark.parametrize("load", ["inf", "50", "HZ", 0, -50, 1e6, None])
def test_any_other_load_is_refused(load):
    with pytest.raises(ValidationError):
        options("amplifiers", "siglent_sdg", load_ohm=load)


def test_the_amplifier_s_profile_is_taken():
    assert options("auxiliaries", "hubert_a1230") == HubertOptions()
