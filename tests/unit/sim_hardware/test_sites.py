# SPDX-License-Identifier: Apache-2.0
"""Where sites lie: on the surface, between voxels, and where they must not lie."""

import copy
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_hardware.plant.body import sites, surface
from sim_hardware.plant.body.patient_file import ProbeSpec, Site
from sim_hardware.plant.body.sites import Place
from sim_hardware.plant.models.voxel_patient import VoxelPatient
from sim_hardware.plant.solver.bioheat import Bioheat
from tests.unit.sim_hardware.small_patient import ANYWHERE, built, small

LIMB = {
    "body": {"shape": "cylinder", "radius_mm": 15.0},
    "grid": {"voxel_mm": 1.0, "size_mm": [40.0, 10.0, 36.0]},
}


class Ground:
    """A body whose sites can be found without a patient living in it."""

    def __init__(self, **changes: Any) -> None:
        self.model = built(small(**copy.deepcopy(ANYWHERE | changes)))
        self.heat = Bioheat(self.model.medium())
        skin = self.model.patient.skin
        self.surface = surface.find(self.model.geometry, self.heat, skin)

    def place(self, **site: float) -> Place:
        one = Site.model_validate({"name": "here", "depth_mm": 0.0} | site)
        return sites.places([one], self.model.geometry, self.heat, self.surface)["here"]

    def look(self, x: float, y: float, z: float, place: Place) -> float:
        """Give what a site reads in a body where the temperature is linear in the place, in mm."""
        at = self.model.geometry.at
        volume = x * at[0] + y * at[1] + z * at[2]
        index = self.surface.index[place.index] if place.is_surface else place.index
        return float(volume.ravel()[index - self.heat.place[0]] @ place.weight)


@pytest.fixture(scope="module")
def slab() -> Ground:
    return Ground()


@pytest.fixture(scope="module")
def limb() -> Ground:
    return Ground(**LIMB)


# ---- places --------------------------------------------------------------------------------


def test_depth_0_is_the_surface_and_not_the_voxel_below() -> None:
    model = built(small())
    patient = VoxelPatient(model)
    middle = [20 * row + column for row in (9, 10) for column in (9, 10)]
    skin = float(patient.skin.celsius[middle].mean())
    assert patient.site_c("skin_center") == pytest.approx(skin, abs=1e-9)
    below = float(patient.heat.celsius()[0, 9:11, 9:11].mean())
    assert below - skin > 0.1
    patient.skin.celsius[middle] += 1.0
    assert patient._look()["skin_center"] == pytest.approx(skin + 1.0, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.floats(-19.0, 19.0), st.floats(-19.0, 19.0), st.floats(1.0, 29.0))
def test_between_voxels_sites_interpolate_linearly(
    slab: Ground, x: float, y: float, depth: float
) -> None:
    place = slab.place(x_mm=x, y_mm=y, depth_mm=depth)
    assert not place.is_surface
    assert place.weight.sum() == pytest.approx(1.0)
    found = [slab.look(*row, place) for row in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    assert found == pytest.approx([x, y, depth], abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.floats(-19.0, 19.0), st.floats(-19.0, 19.0))
def test_on_the_skin_sites_interpolate_between_elements(slab: Ground, x: float, y: float) -> None:
    place = slab.place(x_mm=x, y_mm=y)
    assert place.is_surface
    assert place.weight.sum() == pytest.approx(1.0)
    found = [slab.look(*row, place) for row in ((1, 0, 0), (0, 1, 0))]
    assert found == pytest.approx([x, y], abs=0.1), "of a voxel of 2 mm"


def test_depth_counts_from_the_skin_above_a_round_limb(limb: Ground) -> None:
    x = 8.5
    top = 15.0 - np.sqrt(15.0**2 - x**2)
    found = limb.look(0.0, 0.0, 1.0, limb.place(x_mm=x, depth_mm=6.0))
    assert found == pytest.approx(top + 6.0, abs=0.6), "the skin is one of voxels"
    assert limb.look(1.0, 0.0, 0.0, limb.place(x_mm=x, depth_mm=6.0)) == pytest.approx(x)


# ---- refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("site", "key"),
    [
        ({"x_mm": 25.0}, "x_mm"),
        ({"x_mm": -19.5, "depth_mm": 5.0}, "x_mm"),
        ({"y_mm": -100.0}, "y_mm"),
        ({"depth_mm": 29.5}, "depth_mm"),
        ({"depth_mm": 400.0}, "depth_mm"),
    ],
)
def test_outside_the_grid_the_nearest_legal_value_is_named_and_works(
    slab: Ground, site: dict[str, float], key: str
) -> None:
    with pytest.raises(ValueError, match=rf"^site\[0\]\.{key}: .* nearest ") as caught:
        slab.place(**site)
    nearest = float(str(caught.value).rpartition(" ")[2])
    slab.place(**(site | {key: nearest}))
    step = 0.01 if site[key] > nearest else -0.01
    with pytest.raises(ValueError, match=r"outside the (grid|body)"):
        slab.place(**(site | {key: nearest + step}))


def test_beside_a_limb_the_nearest_column_is_named_and_works(limb: Ground) -> None:
    with pytest.raises(ValueError, match=r"^site\[0\]: the body has no skin at x 18") as caught:
        limb.place(x_mm=18.0, y_mm=2.0)
    found = re.search(r"nearest x (\S+), y (\S+)$", str(caught.value))
    assert found
    x, y = (float(text) for text in found.groups())
    assert 13.0 < x < 15.0
    limb.place(x_mm=x, y_mm=y)


def legal_depth(ground: Ground, x: float, depth: float) -> float:
    """Give the depth, or the one that is named where it is refused."""
    try:
        ground.place(x_mm=x, depth_mm=depth)
    except ValueError as error:
        return float(str(error).rpartition(" ")[2])
    return depth


@settings(max_examples=150, deadline=None)
@given(st.floats(-14.4, 14.4), st.floats(0.1, 40.0))
def test_through_a_limb_the_nearest_depth_is_named_and_works(
    limb: Ground, x: float, depth: float
) -> None:
    legal = legal_depth(limb, x, depth)
    assert legal <= depth
    place = limb.place(x_mm=x, depth_mm=legal)
    label = limb.model.geometry.label.ravel()
    assert (label[place.index - limb.heat.place[0]] > 0).all(), "air is never read"


@pytest.mark.parametrize("voxel_mm", [0.7, 2.0 / 3.0, 0.3333333])
def test_the_nearest_value_survives_its_own_rounding(voxel_mm: float) -> None:
    grid = {"voxel_mm": voxel_mm, "size_mm": [21 * voxel_mm, 21 * voxel_mm, 25 * voxel_mm]}
    layers = [{"tissue": "muscle", "thickness_mm": 5.0}]
    target = {"shape": "sphere", "center_mm": [0.0, 0.0, 4.0], "radius_mm": 2.0}
    structure = [{"tissue": "tumor", "solid": target, "target": True}]
    ground = Ground(grid=grid, layer=layers, structure=structure)
    for site in ({"x_mm": 50.0}, {"y_mm": -50.0}, {"depth_mm": 50.0}):
        with pytest.raises(ValueError, match="nearest") as caught:
            ground.place(**site)
        nearest = float(str(caught.value).rpartition(" ")[2])
        ground.place(**dict.fromkeys(site, nearest))


def test_two_sites_of_one_name_are_refused(slab: Ground) -> None:
    twice = [Site(name="here", depth_mm=0.0), Site(name="here", depth_mm=3.0)]
    with pytest.raises(ValueError, match=r"^site\[1\]\.name: 'here' is taken"):
        sites.places(twice, slab.model.geometry, slab.heat, slab.surface)


PROBE = {"id": "one", "role": "skin", "site": "here"}


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (
            {"id": "two", "site": "nose"},
            r"^probe\[1\]\.site: no site 'nose', use one of here, ther",
        ),
        ({"site": "there"}, r"^probe\[1\]\.id: 'one' is taken, use another$"),
        (
            {"id": "two", "role": "tumor"},
            r"^probe\[1\]\.role: site 'here' already has the role 'skin': use that role, or",
        ),
    ],
)
def test_probes_that_contradict_each_other_are_refused(second: dict[str, str], said: str) -> None:
    places = [Site(name="here", depth_mm=0.0), Site(name="there", depth_mm=9.0)]
    probes = [ProbeSpec.model_validate(row) for row in (PROBE, PROBE | second)]
    with pytest.raises(ValueError, match=said):
        sites.check_probes(probes, places)


def test_probes_of_one_role_may_share_a_site() -> None:
    probes = [ProbeSpec.model_validate(PROBE | {"id": name}) for name in ("one", "two")]
    sites.check_probes(probes, [Site(name="here", depth_mm=0.0)])
