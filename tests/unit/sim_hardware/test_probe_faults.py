# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a tip: each fault changes what is read, and ends."""

import random

import pytest

from sim_hardware.plant.probe_faults import NUMBERS, UNITS, ProbeFaults


def faults(verb: str, argument: str = "") -> ProbeFaults:
    made = ProbeFaults(random.Random(1))
    made.inject(verb, argument)
    return made


def test_a_lifted_tip_loses_contact_little_by_little() -> None:
    """H02."""
    made = faults("probe_contact", "0.6:10")
    assert made.contact == 1.0
    made.advance(5.0)
    assert made.contact == pytest.approx(0.8)
    made.advance(50.0)
    assert made.contact == pytest.approx(0.6)
    made.clear("probe_contact")
    assert (made.contact, made.is_active) == (1.0, False)


def test_offset_drift_and_unit() -> None:
    """H05, H09."""
    assert faults("probe_offset", "-1").said(43.0) == 42.0
    drifting = faults("probe_drift", "0.5")
    drifting.advance(7200.0)
    assert drifting.said(43.0) == pytest.approx(44.0)
    assert faults("probe_unit", "fahrenheit").said(43.0) == pytest.approx(109.4)
    assert faults("probe_unit", "kelvin").said(43.0) == pytest.approx(316.15)
    assert faults("probe_unit", "tenths").said(43.0) == pytest.approx(430.0)


def test_lag() -> None:
    """H07."""
    assert faults("probe_lag", "2.5").lag_s == 2.5
    assert ProbeFaults(random.Random(1)).lag_s == 0.0


def test_spikes_come_as_often_as_they_should() -> None:
    """H08."""
    made = faults("probe_spikes", "20:0.1")
    said = [made.said(43.0) for _ in range(2000)]
    spikes = [value for value in said if value != 43.0]
    assert 120 < len(spikes) < 280
    assert set(spikes) == {23.0, 63.0}


@pytest.mark.parametrize(
    ("verb", "argument"),
    [
        ("probe_unit", "furlongs"), ("probe_contact", ""), ("probe_contact", "1:2:3"),
        ("probe_offset", "much"), ("probe_spikes", "20"), ("melted", ""),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(verb: str, argument: str) -> None:
    with pytest.raises(ValueError, match=r"probe|float"):
        faults(verb, argument)


def test_the_tables_know_every_verb() -> None:
    from sim_hardware.faults import FAULTS, Layer

    assert {row.name for row in FAULTS if row.layer is Layer.PROBE} == {*NUMBERS, "probe_unit"}
    assert len(UNITS) == 3
