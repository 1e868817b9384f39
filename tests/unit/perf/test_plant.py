# SPDX-License-Identifier: Apache-2.0
"""How the plant's speed is judged: each target is missed by itself, and by its own number."""

import copy
import json

import pytest

from tools.perf import plant
from tools.perf.kernel import Ours
from tools.perf.report import Report

RATIOS = {"bound_fraction_192": 0.75, "over_devito_128": 1.25, "over_devito_192": 1.3}
PARTS = {
    "dose": {"cost": 0.2},
    "scaling": {"exponent": 1.0, "bytes_per_voxel": 23.0},
    "full": {"speed_x": 900.0, "error_c": 0.009},
    "reduced": {"speed_x": 90_000.0},
}


def test_what_meets_every_target_is_not_short() -> None:
    assert plant._short(RATIOS, PARTS) == []


@pytest.mark.parametrize(
    ("part", "key", "value", "said"),
    [
        ("dose", "cost", 0.31, "dose_cost_max: 0.31"),
        ("scaling", "exponent", 1.2, "exponent_max: 1.2"),
        ("scaling", "bytes_per_voxel", 41.0, "bytes_per_voxel_max: 41.0"),
        ("full", "speed_x", 499.0, "full_speed_x_min: 499.0"),
        ("full", "error_c", 0.011, "full_error_c_max: 0.011"),
        ("full", "error_c", float("nan"), "full_error_c_max: nan"),
        ("reduced", "speed_x", 19_000.0, "reduced_speed_x_min: 19000.0"),
    ],
)
def test_one_missed_part_is_named(part: str, key: str, value: float, said: str) -> None:
    parts = copy.deepcopy(PARTS)
    parts[part][key] = value
    assert plant._short(RATIOS, parts) == [said]


@pytest.mark.parametrize("key", ["over_devito_128", "over_devito_192", "bound_fraction_192"])
def test_a_missed_ratio_is_named(key: str) -> None:
    (said,) = plant._short(RATIOS | {key: 0.6}, PARTS)
    assert said.endswith(": 0.6")


def test_without_devito_its_ratio_is_not_judged() -> None:
    assert plant._short({"bound_fraction_192": 0.75}, PARTS) == []


def test_ratios_are_of_medians_and_of_the_better_devito() -> None:
    rounds = plant.Rounds(128)
    rounds.triad_gb_per_s = [19.0, 38.0, 57.0]
    rounds.mvox_per_s = {
        "ours": [1000.0, 1500.0, 9000.0],
        "devito, active threads": [10.0, 20.0, 30.0],
        "devito, passive threads": [900.0, 1000.0, 1100.0],
    }
    report = Report("plant")
    plant._judge_size(report, rounds)
    assert report.ratios["over_devito_128"] == 1.5
    assert report.limits["bound_mvox_per_s_128"] == pytest.approx(38e3 / Ours.BYTES)
    assert report.ratios["bound_fraction_128"] == pytest.approx(1.5 * Ours.BYTES / 38.0, abs=1e-3)


def test_the_report_is_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("plant", short=["x"])
    assert report.finish(as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
