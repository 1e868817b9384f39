# SPDX-License-Identifier: Apache-2.0
"""A patient file as data: body, tissues, deposits, sites and probes. Tables, no physics."""

from typing import Annotated, Literal

from pydantic import Field

from sim_hardware.plant.body.shape import Length, Lengths, Solid
from sim_hardware.plant.support.part import File, Many, Name, NotNegative, Part, Positive

Reference = Annotated[str, Field(min_length=1, description="path relative to this file")]
Celsius = Annotated[float, Field(ge=-20.0, le=90.0, description="°C")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Grid(Part):
    """The block of voxels: x and y around the reference point of the skin, z from there inwards.

    The floor (far from the skin) is held at the core's temperature or insulated; the sides are
    insulated. `step_s` is the longest step; shorter ones are taken where stability asks for it.
    """

    voxel_mm: Annotated[float, Field(ge=0.25, le=10.0, description="mm")]
    size_mm: Lengths
    floor: Literal["core", "insulated"] = "core"
    step_s: Annotated[float, Field(gt=0.0, le=5.0, description="s")] = 0.4


class Body(Part):
    """What surrounds the treated place: flat skin, a limb or trunk along the field, or a head.

    `radius_mm` is the distance from the field's axis to the skin, which decides eddy heating; the
    cylinder has that radius too. An ellipsoid touches z = 0 with its pole. `labels` is an image
    (NIfTI, or .npy in z, y, x order) whose numbers `label_names` maps to tissues; 0 is outside,
    and `target` names the tissue that is the tumor.
    """

    shape: Literal["slab", "cylinder", "ellipsoid", "labels"]
    radius_mm: Length
    semi_axes_mm: Lengths | None = None
    labels: Reference | None = None
    label_names: dict[str, str] | None = None
    target: str | None = None


class Layer(Part):
    """One layer by depth below the skin, from the outside in; the last one fills the rest."""

    tissue: str
    thickness_mm: Length


class Structure(Part):
    """A solid of one tissue; later ones lie over earlier ones. `target` marks the tumor."""

    tissue: str
    solid: Solid
    target: bool = False


class Deposit(Part):
    """Particles in tissue: `iron_mg_per_ml` fills the solid, then spreads (Gaussian, sigma in mm).

    `map` (NIfTI or .npy of mg iron per mL on this grid, in z, y, x order) replaces both.
    """

    particle: Reference
    iron_mg_per_ml: Annotated[float, Field(gt=0.0, le=200.0, description="mg/mL")] | None = None
    solid: Solid | None = None
    map: Reference | None = None
    spread_mm: Annotated[float, Field(ge=0.0, le=50.0, description="mm")] = 0.0


class Course(Part):
    """What happens to deposits from one session to the next."""

    retention: Share = 1.0
    spread_mm: Annotated[float, Field(ge=0.0, le=50.0, description="mm, root of sum")] = 0.0


class Sweat(Part):
    """Thermal sweating: wetted part of the skin rises over `range_c` from `onset_c`."""

    onset_c: Celsius = 36.5
    range_c: Positive = 6.0
    wet_max: Share = 0.5


class Bolus(Part):
    """Water bag on a disc of skin around the reference point; its flow decides W/m²/K."""

    celsius: Annotated[float, Field(ge=0.0, le=50.0, description="°C")]
    w_per_m2_k: Annotated[float, Field(gt=0.0, le=1000.0, description="W/m²/K, 40 to 150 usual")]
    radius_mm: Length


class Skin(Part):
    """The skin's surroundings. Insensible evaporation is always on unless `dry`."""

    air_c: Celsius = 24.0
    radiant_c: Celsius = 24.0
    vapor_kpa: Annotated[float, Field(ge=0.0, le=7.0, description="kPa")] = 1.4
    convection_w_per_m2_k: Annotated[float, Field(ge=0.0, le=200.0, description="W/m²/K")] = 4.0
    emissivity: Share = 0.97
    dry: bool = False
    sweat: Sweat | None = None
    bolus: Bolus | None = None


class Circulation(Part):
    """Blood: how late flow follows warmth, and the balance of the whole body's core.

    `flow_factor` multiplies the flow of every tissue, for patients unlike the textbook.
    """

    flow_factor: Annotated[float, Field(ge=0.05, le=20.0)] = 1.0
    lag_s: Annotated[float, Field(gt=0.0, le=3600.0, description="s")] = 150.0
    core_c: Annotated[float, Field(ge=15.0, le=42.0, description="°C at the start")] = 37.0
    heat_j_per_k: Positive = 243e3
    regulation_w_per_k: NotNegative = 60.0


class Perturbation(Part):
    """What changes on its own while the patient is treated: blood flow, for some time.

    Seconds of treatment time since the patient began. `flow_factor` multiplies the flow that every
    tissue tends to; those of perturbations that overlap multiply each other.
    """

    at_s: NotNegative
    until_s: Positive | None = None
    flow_factor: Annotated[float, Field(ge=0.05, le=20.0)]


class HotSpot(Part):
    """Where eddy heat is stronger than anatomy says (a fold, a scar, a bridge of current)."""

    solid: Solid
    factor: Annotated[float, Field(ge=0.0, le=100.0)]


class Site(Part):
    """A named place: depth below the skin above (x, y); depth 0 is the skin's surface."""

    name: Name
    x_mm: float = 0.0
    y_mm: float = 0.0
    depth_mm: Annotated[float, Field(ge=0.0, le=500.0, description="mm")]


class ProbeSpec(Part):
    """A fiber-optic tip at a site. Lag covers tip and catheter; contact 1 sees the site, 0 air."""

    id: Name
    role: Literal["skin", "tumor", "healthy"]
    site: Name
    lag_s: Annotated[float, Field(ge=0.0, le=60.0, description="s")] = 1.0
    noise_c: Annotated[float, Field(ge=0.0, le=2.0, description="°C, 1 sigma")] = 0.03
    contact: Share = 1.0
    bias_c: Annotated[float, Field(ge=-5.0, le=5.0, description="°C")] = 0.0
    drift_c_per_h: Annotated[float, Field(ge=-2.0, le=2.0, description="°C/h")] = 0.0
    resolution_c: Annotated[float, Field(ge=0.0, le=1.0, description="°C, 0: none")] = 0.0


class Reach(Part):
    """What the plant was found to do: where the role's target holds, at which part of the cap.

    `field_limited` says that it cannot: then `celsius` is what the cap gives.
    """

    role: Literal["skin", "tumor"]
    celsius: Celsius
    field_ka_per_m: Annotated[float, Field(gt=0.0, le=40.0, description="kA/m, peak")]
    cap_ka_per_m: Annotated[float, Field(gt=0.0, le=40.0, description="kA/m, peak")]
    field_limited: bool = False


class PatientFile(File):
    """A whole patient. Sites and probes are what the bench can ask for.

    `field_table` is a measured field that replaces the applicator's usual one.
    """

    region: Name
    frequency_khz: Annotated[float, Field(ge=10.0, le=1000.0, description="kHz")] = 100.0
    tissues: Reference
    field_table: Reference | None = None
    reaches: Reach
    grid: Grid
    body: Body
    layer: Many[Layer] = ()
    structure: Many[Structure] = ()
    deposit: Annotated[Many[Deposit], Field(min_length=1)]
    course: Course = Course()
    skin: Skin = Skin()
    circulation: Circulation = Circulation()
    perturbation: Many[Perturbation] = ()
    hot_spot: Many[HotSpot] = ()
    site: Annotated[Many[Site], Field(min_length=1)]
    probe: Annotated[Many[ProbeSpec], Field(min_length=1)]
