# SPDX-License-Identifier: Apache-2.0
"""Scenario files: what is read, and that every mistake is named with file, key, why and right."""

from pathlib import Path

import pytest

from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from sim_hardware.bench.class_times import CLASS_TIMES, class_s
from sim_hardware.bench.scenario import Scenario, load_scenario, written
from sim_hardware.faults import VERBS, Fault

WHOLE = """
since = "ramp"
skin_c = 42
until_s = 30.0
[[fault]]
at_s = 5
device = "source"
verb = "link_drop"
until_s = 6.0
[[wish]]
at_s = 3.5
verb = "lower_setpoint"
value = 42.5
"""


def test_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "plot.toml"
    path.write_text(WHOLE)
    plot = load_scenario(path)
    assert (plot.since, plot.skin_c, plot.until_s) == (Phase.RAMP, 42.0, 30.0)
    assert plot.faults == (Fault(5.0, "source", "link_drop", "", 6.0),)
    (wish,) = plot.wishes
    assert (wish.at_s, wish.verb, wish.value) == (3.5, Verb.LOWER_SETPOINT, 42.5)
    assert plot.file == str(path)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("since", "sinse", "unknown key"),
        ('"ramp"', '"lunch"', "lunch"),
        ("skin_c = 42", "skin_c = nan", "not a number"),
        ("skin_c = 42", 'skin_c = "42"', "not a number"),
        ("until_s = 30.0", "until_s = true", "not a number"),
        ('verb = "link_drop"', 'verb = "explode"', "unknown fault"),
        ('device = "source"', 'devise = "source"', "devise"),
        ("at_s = 5\n", "", "at_s"),
        ("until_s = 6.0", "until_s = 4.0", "not after"),
        ('verb = "lower_setpoint"', 'verb = "heat"', "heat"),
        ("value = 42.5", "valve = 42.5", "valve"),
        ("value = 42.5", "value = inf", "not a number"),
        ("[[fault]]", "[[fault]", "not TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    path = tmp_path / "plot.toml"
    path.write_text(WHOLE.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_scenario(path)
    assert caught.value.file == str(path)
    assert why in caught.value.why
    assert caught.value.right


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_scenario(tmp_path / "none.toml")


def test_class_times() -> None:
    """Design: link lost 1.3 s for a thermometer, 0.75 s for the source; the longest counts."""
    drops = [Fault(0.0, device, "link_drop") for device in ("thermometer", "source")]
    assert [class_s(fault) for fault in drops] == [1.3, 0.75]
    assert Scenario(faults=tuple(drops)).class_s == 1.3
    assert Scenario().class_s is None


@pytest.mark.parametrize(
    ("device", "verb", "argument", "time_s"),
    [
        ("thermometer", "probe_contact", "1:0.5:20", 10.0),
        ("thermometer", "probe_contact", "1:0.5:60", None),
        ("thermometer", "probe_contact", "2:0.5:5", 10.0),
        ("thermometer", "probe_contact", "2:0.777:47.5", None),
        ("thermometer", "probe_contact", "3:0.5", 10.0),
        ("thermometer", "probe_off", "1", 3.0),
        ("guard_thermometer", "probe_off", "1", 6.35),
        ("guard_thermometer", "probe_stuck", "1:42.9", 5.0),
        ("source", "panel_change", "limit:3", 0.75),
        ("source", "panel_change", "level:3", None),
        ("host", "controller_stopped", "0.3", None),
        ("host", "controller_stopped", "3", 0.75),
        ("source", "ignore_cmd", "@0.5", None),
    ],
)
def test_the_first_row_that_fits_gives_the_class_time(
    device: str, verb: str, argument: str, time_s: float | None
) -> None:
    """H01, H02, H04, H21: no fault is judged by a rule outside the table."""
    assert class_s(Fault(0.0, device, verb, argument)) == time_s


def test_the_pulse_tells_only_what_was_there_when_the_ramp_began() -> None:
    """H06, H07."""
    for verb, argument in (("probe_lag", "2:5"), ("probe_swapped", "1:2")):
        times = [class_s(Fault(at_s, "thermometer", verb, argument)) for at_s in (0.0, 0.1)]
        assert times == [61.0, None]


def test_every_class_time_has_a_reason_and_a_fault() -> None:
    assert all(row.why and row.verb in VERBS for row in CLASS_TIMES)


def test_site_and_patient_are_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "plot.toml"
    path.write_text(written(Scenario(site="bench_siglent", patient="foot_sole"), "why"))
    plot = load_scenario(path)
    assert (plot.site, plot.patient) == ("bench_siglent", "foot_sole")
    path.write_text('patient = "../etc/passwd"\n')
    with pytest.raises(ConfigError, match="not a shipped name"):
        load_scenario(path)
