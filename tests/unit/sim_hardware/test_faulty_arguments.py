# SPDX-License-Identifier: Apache-2.0
"""Arguments of wire faults: bad ones are refused with what would be right, random ones are good."""

import math
import random

import pytest

from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.wire.faulty import FaultyWire
from sim_hardware.wire.verbs import BY_NAME, SHAKEN, parsed, random_faults


@pytest.mark.parametrize(
    ("verb", "argument", "why"),
    [
        ("cut_after", "", "is no number from 0 to 4096"),
        ("cut_after", "-1", "not from 0 to 4096"),
        ("cut_after", "3:soon", "'soon' is no number"),
        ("delay", "nan", "not from 0"),
        ("delay", "0.5@2", "not above 0 and at most 1"),
        ("delay", "0.5@0", "not above 0"),
        ("delay", "0.5@often", "often"),
        ("flip_bits", "2", "not from 0 to 1"),
        ("term", "tab", "none of cr, lf"),
        ("fmt", "roman", "none of comma"),
        ("drop_after", "3", "none of fin, rst"),
        ("drop_after", "3:bye", "none of fin, rst"),
        ("token", "", "needs a text"),
        ("token", r"\xZZ", "bad escape"),
        ("token", "€", "bad escape"),
        ("unasked", "1", "needs a text"),
        ("unasked", "0:x", "not from 0.001"),
        ("echo", "on", "takes no argument"),
        ("garbage", "0", "not from 1"),
        ("bend", "", "no fault 'bend'"),
    ],
)
def test_a_bad_argument_is_refused_with_what_would_be_right(verb, argument, why) -> None:
    wire = FaultyWire(OpsensTwin({}))
    with pytest.raises(ValueError, match=why) as caught:
        wire.inject(verb, argument, 0.0)
    if verb in BY_NAME:
        assert f"it takes {BY_NAME[verb].argument or 'nothing'}[@probability]" in str(caught.value)
    assert not wire.is_faulty


@pytest.mark.parametrize("rate", [1e-4, 1e-1])
def test_random_faults_are_valid_and_repeatable(rate) -> None:
    drawn = [random_faults(random.Random(seed), rate) for seed in range(200)]
    assert drawn == [random_faults(random.Random(seed), rate) for seed in range(200)]
    for faults in drawn:
        assert 1 <= len(faults) == len(dict(faults)) <= 4
        for verb, argument in faults:
            value, probability = parsed(verb, argument)
            assert math.isclose(float(str(value)) if verb == "flip_bits" else probability, rate)
    assert {verb for faults in drawn for verb, _ in faults} >= {verb for verb, _ in SHAKEN}
