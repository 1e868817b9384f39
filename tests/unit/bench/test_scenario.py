# SPDX-License-Identifier: Apache-2.0
"""Scenario files: what is read, and that every mistake is named with file, key, why and right."""

from pathlib import Path

import pytest

from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from sim_hardware.bench.scenario import Scenario, class_s, load_scenario
from sim_hardware.faults import Fault

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
