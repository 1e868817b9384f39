# SPDX-License-Identifier: Apache-2.0
"""Every scenario that once broke an oracle: none breaks one again (T17).

Those named `nominal` once tripped with nothing wrong (T68).
"""

from pathlib import Path

import pytest

from sim_hardware.bench import lanes
from sim_hardware.bench.saved import bench_site
from sim_hardware.bench.scenario import load_scenario

FILES = sorted((Path(__file__).parent / "regressions").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("lane", lanes.LANES)
def test_what_once_failed_passes(lane: str, path: Path):
    plot = load_scenario(path)
    if lane == "core" and path.stem.startswith("stack"):
        pytest.skip("its faults are on wires")
    answer = lanes.run(bench_site(), plot, lane)
    assert answer["violations"] == []
    assert not (path.stem.startswith("nominal") and answer["trips"])
