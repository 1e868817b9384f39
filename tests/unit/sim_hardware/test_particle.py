# SPDX-License-Identifier: Apache-2.0
"""Particles heat as the reference tables say, and a bad file is refused by its key.

The numbers are those of the physics reference, computed by another program before this code was.
"""

import math
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from sim_hardware.plant.heating.particle import Particle, Rosensweig
from sim_hardware.plant.support.part import Many, Part, complaint

FOLDER = Path(__file__).parents[3] / "config" / "particles"
FILES = sorted(FOLDER.glob("*.toml"))
IRON_SHARE = 3 * 55.845 / 231.53  # of Fe3O4, by molar masses
FIELDS = (5.0, 10.0, 18.0)
TABLE = {
    "model": "table",
    "field_ka_per_m": [5.0, 10.0, 18.0],
    "slp_w_per_kg": [1000.0, 3000.0, 4000.0],
    "frequency_khz": 100.0,
}
ILP = {"model": "ilp", "ilp_nh_m2_per_kg": 2.0}


def particle(heating, **more) -> Particle:
    base = {"schema": 1, "name": "some", "title": "Some", "source": ["a test"], "core_nm": 10.0}
    about = {"material": "magnetite", "evidence": "assumed", "heating": heating}
    return Particle.model_validate(base | about | more)


def shipped(name: str) -> Particle:
    return Particle.model_validate(tomllib.loads((FOLDER / f"{name}.toml").read_text()))


def lrt(core_nm: float, **more) -> Particle:
    return particle({"model": "rosensweig", "core_nm": core_nm} | more)


def w_per_g_oxide(some: Particle) -> list[float]:
    return [some.slp_w_per_kg(h, 100.0) * IRON_SHARE / 1e3 for h in FIELDS]


# ---- linear response: W per g of Fe3O4 at 100 kHz, K 23 kJ/m³, shell 2 nm, 1.0 mPa·s, 37 °C ---


@pytest.mark.parametrize(
    ("core_nm", "free", "neel_only", "xi_at_18"),
    [
        (6.0, (0.0055, 0.0218, 0.0705), (0.0055, 0.022, 0.0709), 0.27),
        (10.0, (0.106, 0.413, 1.26), (0.106, 0.416, 1.27), 1.23),
        (12.0, (1.03, 3.87, 10.8), (1.07, 4.01, 11.1), 2.13),
        (14.0, (15.3, 53.1, 131.0), (18.9, 65.6, 162.0), 3.38),
        (15.0, (30.1, 99.7, 232.0), (21.5, 71.0, 165.0), 4.16),
        (16.0, (31.3, 97.9, 217.0), (4.27, 13.4, 29.6), 5.05),
        (20.0, (31.2, 79.4, 157.0), (1.6e-4, None, None), 9.87),
    ],
)
def test_linear_response_of_equal_cores(core_nm, free, neel_only, xi_at_18) -> None:
    bound = w_per_g_oxide(lrt(core_nm, immobilized=True))
    assert w_per_g_oxide(lrt(core_nm)) == pytest.approx(free, rel=0.007)
    for got, wanted in zip(bound, neel_only, strict=True):
        assert wanted is None or got == pytest.approx(wanted, rel=0.007 if core_nm < 20 else 0.02)
    law = lrt(core_nm).heating
    assert isinstance(law, Rosensweig)
    assert law.xi(18.0) == pytest.approx(xi_at_18, abs=0.01)


@pytest.mark.parametrize(
    ("core_nm", "immobilized", "wanted"),
    [
        (10.0, False, (5.1, 16.8, 39.7)),
        (10.0, True, (3.5, 12.0, 29.6)),
        (15.0, False, (25.4, 72.9, 156.0)),
        (15.0, True, (5.1, 17.1, 40.8)),
    ],
)
def test_linear_response_of_a_log_normal_powder(core_nm, immobilized, wanted) -> None:
    """Within 1.5 %: the reference prints two or three digits, 3.46 as 3.5."""
    some = lrt(core_nm, sigma=0.2, immobilized=immobilized)
    assert w_per_g_oxide(some) == pytest.approx(wanted, rel=0.015)


def test_a_narrow_powder_heats_as_equal_cores() -> None:
    assert w_per_g_oxide(lrt(14.0, sigma=1e-4)) == pytest.approx(w_per_g_oxide(lrt(14.0)), rel=1e-4)


def test_linear_response_starts_as_the_square_and_fits_no_large_xi() -> None:
    some = lrt(10.0)
    weak = [some.slp_w_per_kg(h, 100.0) for h in (0.0, 1e-3, 0.1, 1.0)]
    assert weak[0] == 0.0
    assert weak[2] / weak[1] == pytest.approx(1e4, rel=1e-3)
    assert weak[3] / weak[2] == pytest.approx(100.0, rel=1e-3)
    assert some.lrt_warning(14.0) == ""  # xi 1.23 at 18 kA/m: 0.96 at 14
    assert some.lrt_warning(15.0) != ""
    assert "xi is 1.2 at 18 kA/m" in some.lrt_warning(18.0)
    assert particle(ILP).lrt_warning(100.0) == ""


# ---- measured laws ---------------------------------------------------------------------------


def test_a_table_is_straight_between_points_and_ends() -> None:
    some = particle(TABLE)
    got = [some.slp_w_per_kg(h, 100.0) for h in (0.0, 2.5, 5.0, 7.0, 14.0, 18.0)]
    assert got == pytest.approx([0.0, 500.0, 1000.0, 1800.0, 3500.0, 4000.0])
    assert some.slp_w_per_kg(10.0, 150.0) == pytest.approx(4500.0)
    assert some.field_ka_per_m_max == 18.0
    with pytest.raises(ValueError, match=r"18\.1 kA/m: the table ends at 18 kA/m"):
        some.slp_w_per_kg(18.1, 100.0)


def test_a_power_law_and_its_threshold() -> None:
    law = {"model": "power", "slp_w_per_kg": 800.0, "field_ka_per_m": 10.0, "exponent": 3.0}
    plain = particle(law | {"frequency_khz": 200.0})
    assert plain.slp_w_per_kg(5.0, 100.0) == pytest.approx(50.0)
    late = particle(law | {"frequency_khz": 100.0, "threshold_ka_per_m": 8.0})
    got = [late.slp_w_per_kg(h, 100.0) for h in (5.0, 8.0, 9.0, 10.0, 12.0)]
    assert got == pytest.approx([0.0, 0.0, 100.0, 800.0, 6400.0])


def test_a_saturating_law_levels_off() -> None:
    law = {"model": "saturating", "slp_w_per_kg_max": 1000.0, "half_field_ka_per_m": 10.0}
    some = particle(law | {"frequency_khz": 100.0})
    got = [some.slp_w_per_kg(h, 100.0) for h in (0.0, 5.0, 10.0, 30.0)]
    assert got == pytest.approx([0.0, 200.0, 500.0, 900.0])
    assert some.slp_w_per_kg(10.0, 50.0) == pytest.approx(250.0)


def test_tissue_takes_its_share_and_a_negative_peak_is_refused() -> None:
    assert particle(ILP, tissue_factor=0.4).slp_w_per_kg(10.0, 100.0) == pytest.approx(8000.0)
    with pytest.raises(ValueError, match="never negative"):
        particle(ILP).slp_w_per_kg(-1.0, 100.0)


# ---- the shipped files -----------------------------------------------------------------------

# Core in nm, and W per g of iron at 100 kHz and 5, 10, 18 kA/m, as the reference prints them.
SHIPPED = {
    "dextran_magnetite": (6.0, (1.25, 5.0, 16.0)),
    "aminosilane_magnetite": (15.0, (5.0, 20.0, 65.0)),
    "mcl": (10.0, (2.0, 8.0, 26.0)),
    "nprcap_magnetite": (10.0, (2.0, 8.0, 26.0)),
    "antibody_chl6": (20.0, (3.8, 15.0, 49.0)),
    "antibody_aptamer": (10.0, (2.0, 8.0, 26.0)),
    "drug_liposome": (25.0, (3.8, 15.0, 49.0)),
}


def test_all_eight_are_there_and_open_with_their_schema() -> None:
    assert {path.stem for path in FILES} == {"magnetite", "copper_wire", *SHIPPED}
    for path in FILES:
        assert path.read_text().startswith("#:schema ../schema/particle.json\n")
        assert shipped(path.stem).name == path.stem


def test_the_wire_heats_by_its_skin_effect() -> None:
    """(1/2) R_s H² on the surface of a round wire of 3 mm radius, per volume; copper, 100 kHz."""
    depth_m = (math.pi * 1e5 * 4e-7 * math.pi * 5.96e7) ** -0.5
    surface_w_per_m2 = 0.5 / (5.96e7 * depth_m) * 5e3**2
    stand_in_kg_per_m3 = 100.0
    got = shipped("copper_wire").slp_w_per_kg(5.0, 100.0) * stand_in_kg_per_m3
    assert got == pytest.approx(surface_w_per_m2 * 2.0 / 3e-3, rel=2e-3)


@pytest.mark.parametrize(("name", "wanted"), SHIPPED.items(), ids=SHIPPED)
def test_a_shipped_particle_heats_as_the_reference(name, wanted) -> None:
    """Within 1.5 %: the reference prints two digits, and 16.2 as 16."""
    some = shipped(name)
    got = [some.slp_w_per_kg(h, 100.0) / 1e3 for h in FIELDS]
    assert some.core_nm == wanted[0]
    assert got == pytest.approx(wanted[1], rel=0.015)


def test_mfl_as_heats_tissue_as_the_reference() -> None:
    """ILP 2 and 10 mg Fe per g: 50, 112, 200, 648 W per kg of tissue."""
    got = [shipped("aminosilane_magnetite").slp_w_per_kg(h, 100.0) / 100 for h in (5, 7.5, 10, 18)]
    assert got == pytest.approx([50.0, 112.0, 200.0, 648.0], rel=0.005)


def test_gilchrists_magnetite_warms_14_k_in_3_min_and_grows_with_the_cube() -> None:
    some = shipped("magnetite")
    tissue_w_per_kg = some.slp_w_per_kg(17.5, 1200.0) * 0.005 * IRON_SHARE
    assert tissue_w_per_kg * 180.0 / 3600.0 == pytest.approx(14.0, rel=0.005)
    at = [some.slp_w_per_kg(h, 100.0) for h in FIELDS]
    assert [math.log(at[1] / at[0], 2.0), at[2] / at[1]] == pytest.approx([3.0, 1.8**3])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_readme_prints_what_the_code_gives(path) -> None:
    some = shipped(path.stem)
    row = next(
        line for line in (FOLDER / "README.md").read_text().splitlines() if f"`{path.stem}" in line
    )
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    watts = [f"{some.slp_w_per_kg(h, 100.0) / 1e3:.3g}" for h in FIELDS]
    assert cells[3:] == [*watts, some.evidence]


def test_the_liposome_lets_go_at_42_to_44() -> None:
    assert shipped("drug_liposome").release_window_c == (42.0, 44.0)
    assert shipped("mcl").release_window_c is None


# ---- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heating", "more", "key", "why"),
    [
        (
            ILP | {"ilp_nh_m2_per_kg": -1.0},
            {},
            "heating.ilp_nh_m2_per_kg",
            "greater than 0, not -1",
        ),
        (ILP | {"ilp_nh_m2_per_kg": math.nan}, {}, "heating.ilp_nh_m2_per_kg", "not nan"),
        (ILP | {"ilp_nh_m2_per_kg": "2"}, {}, "heating.ilp_nh_m2_per_kg", "valid number, not '2'"),
        (ILP | {"ilp": 1.0}, {}, "heating.ilp", "unknown key"),
        ({"model": "ilp"}, {}, "heating.ilp_nh_m2_per_kg", "missing"),
        ({"model": "magic"}, {}, "heating.model", "'rosensweig', not 'magic'"),
        ({}, {}, "heating.model", "missing"),
        (TABLE | {"field_ka_per_m": [5.0, 5.0, 18.0]}, {}, "heating.field_ka_per_m", "must rise"),
        (TABLE | {"field_ka_per_m": [5.0, 10.0]}, {}, "heating.slp_w_per_kg", "one number a field"),
        (TABLE | {"slp_w_per_kg": [1.0, 3.0, 2.0]}, {}, "heating.slp_w_per_kg", "must not fall"),
        (TABLE | {"slp_w_per_kg": [1.0, -3.0, 2.0]}, {}, "heating.slp_w_per_kg[1]", "not -3.0"),
        (ILP, {"tissue_factor": 1.2}, "tissue_factor", "less than or equal to 1"),
        (ILP, {"release_window_c": [44.0, 42.0]}, "release_window_c", "two rising"),
        (ILP, {"evidence": "sure"}, "evidence", "'assumed', not 'sure'"),
        (ILP, {"source": []}, "source", "at least 1"),
        (ILP, {"schema": 2}, "schema", "less than or equal to 1"),
        (ILP, {"name": "Big"}, "name", "pattern"),
        (ILP, {"color": "brown"}, "color", "unknown key"),
    ],
)
def test_a_bad_file_is_refused_by_key(heating, more, key, why) -> None:
    with pytest.raises(ValidationError) as caught:
        particle(heating, **more)
    found = complaint(caught.value)
    assert found[0] == key
    assert why in found[1]


def test_a_threshold_above_its_reference_is_refused() -> None:
    law = {"model": "power", "slp_w_per_kg": 800.0, "field_ka_per_m": 10.0, "exponent": 3.0}
    with pytest.raises(ValidationError) as caught:
        particle(law | {"frequency_khz": 100.0, "threshold_ka_per_m": 10.0})
    assert complaint(caught.value) == (
        "heating.threshold_ka_per_m",
        "must be below field_ka_per_m, not 10.0",
    )


class Ball(Part):
    shape: Literal["ball"]
    radius_mm: float


class Block(Part):
    shape: Literal["block"]
    side_mm: float


class Holder(Part):
    many: Many[Annotated[Ball | Block, Field(discriminator="shape")]] = ()
    named: dict[str, Ball] = Field(default={})


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"many": [{"shape": "ball", "radius_mm": "1"}]}, "many[0].radius_mm"),
        ({"many": [{"shape": "ball", "radius_mm": 1}, {"shape": "cup"}]}, "many[1].shape"),
        ({"named": {"block": {"shape": "ball"}}}, "named.block.radius_mm"),
        ({"many": 3}, "many"),
    ],
)
def test_a_complaint_names_the_key_and_no_tag(data, key) -> None:
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate(data)
    assert complaint(caught.value)[0] == key
