# SPDX-License-Identifier: Apache-2.0
"""`./run perf verify`: the 3-D bioheat solver against closed-form solutions, grid by grid.

Infinite media, skin planes, slabs, a half-space, a manufactured solution, balances of energy,
step responses and eddy heat. Every parameter is an option: other values have solutions too.
"""

import argparse
import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sim_hardware.plant.heating.sources import eddy_w_per_m3
from sim_hardware.plant.support import jit
from tests.formulas import Response
from tools.perf.cases import order, slab, sphere
from tools.perf.cases.anatomy import eddy_w_per_kg
from tools.perf.cases.common import Case, Found, Parameters
from tools.perf.report import Progress, Report, host

ERROR_C_MAX = 0.02
IMBALANCE_MAX = 1e-3
ORDER_SPACE_MIN = 1.7
ORDER_TIME_MIN = 0.9
RESPONSE_MAX = 0.15
EDDY_W_PER_KG = (15.0, 45.0)
REGIONS = (
    ("pelvis", 0.15, 5.0),
    ("thorax_7.5", 0.14, 7.5),
    ("thorax_8.5", 0.14, 8.5),
    ("thorax_slim", 0.10, 8.5),
    ("head", 0.08, 13.5),
    ("extremity", 0.05, 14.6),
)
"""Name, radius in m, tolerated peak field in kA/m."""
HELP = {
    "conductivity": "W/m/K",
    "density": "kg/m³",
    "heat": "J/kg/K",
    "radius_mm": "of the sphere",
    "power": "W/m³ in the sphere",
    "perfusion": "W·c_b, W/m³/K, of the perfused sphere",
    "depth_mm": "of the sphere's center below the skin",
    "slab_mm": "thickness of V3's slab",
    "slab_perfusion": "W·c_b of slab and half-space",
    "q": "V3's metabolic heats, W/m³",
    "h": "V3's exchange, W/m²/K, in pairs with air_c",
    "air_c": "V3's air, °C",
    "step_k": "V4's step at the surface",
    "times_s": "when V1 and V2 are compared",
    "response_perfusion": "W·c_b of the step responses",
    "sigma": "S/m of the eddy cylinders",
    "frequency_khz": "of the field",
}
RESPONSE_MM = 1.0
"""Voxel of the step responses, or the finest that there is: their target is 15 %."""
TARGETS = {
    "error_c_max": ERROR_C_MAX,
    "imbalance_max": IMBALANCE_MAX,
    "order_space_min": ORDER_SPACE_MIN,
    "order_time_min": ORDER_TIME_MIN,
    "response_deviation_max": RESPONSE_MAX,
    "eddy_w_per_kg": EDDY_W_PER_KG,
}


@dataclass(frozen=True, slots=True)
class Spec:
    """A case that has an error on each grid; the order of smooth ones is judged."""

    run: Case
    is_smooth: bool = False


def _sphere(is_perfused: bool, skin: str, is_steady: bool) -> Spec:
    setting = (is_perfused, skin, is_steady)
    return Spec(lambda p, voxel_m: sphere.compare(p, voxel_m, setting))


CASES: dict[str, Spec] = {
    "v1_sphere_w0": _sphere(False, "none", False),
    "v1_sphere_w0_steady": _sphere(False, "none", True),
    "v1_sphere_perfused": _sphere(True, "none", False),
    "v1_sphere_perfused_steady": _sphere(True, "none", True),
    "v2_adiabatic_w0": _sphere(False, "adiabatic", False),
    "v2_adiabatic_w0_steady": _sphere(False, "adiabatic", True),
    "v2_adiabatic_perfused": _sphere(True, "adiabatic", False),
    "v2_adiabatic_perfused_steady": _sphere(True, "adiabatic", True),
    "v2_isothermal_perfused": _sphere(True, "isothermal", False),
    "v2_isothermal_perfused_steady": _sphere(True, "isothermal", True),
    "v3_slab": Spec(slab.slab, is_smooth=True),
    "v4_half_space_w0": Spec(lambda p, m: slab.half_space(p, m, 0.0), is_smooth=True),
    "v4_half_space_perfused": Spec(
        lambda p, m: slab.half_space(p, m, p.slab_perfusion), is_smooth=True
    ),
    "v6_manufactured": Spec(order.spatial, is_smooth=True),
}


@dataclass(slots=True)
class Work:
    """One run: what it depends on, on which grids, and what comes of it."""

    parameters: Parameters
    voxels_mm: list[float]
    report: Report
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    def miss(self, text: str) -> None:
        """Fall short."""
        self.report.short.append(text)


def main(arguments: Sequence[str]) -> int:
    """Run, compare, judge."""
    parser = _parser()
    options = parser.parse_args(arguments)
    parameters = _parameters(options)
    complaint = parameters.complaint()
    if complaint is not None:
        parser.error(complaint)
    jit.set_threads(options.threads)
    names = options.case or [*CASES, *EXTRA]
    voxels = [options.finest_mm * 2.0**power for power in reversed(range(options.grids))]
    progress = Progress(sum(_steps(name, parameters, len(voxels)) for name in names))
    work = Work(parameters, voxels, Report("verify"), progress)
    before = host()
    work.report.targets = dict(TARGETS)
    for name in names:
        began = time.monotonic()
        if name in CASES:
            _grids(work, name)
        else:
            EXTRA[name](work)
        work.seconds[name] = round(time.monotonic() - began, 2)
    work.report.figures["run"] = {
        "parameters": dataclasses.asdict(parameters),
        "voxel_mm": voxels,
        "seconds": work.seconds,
        "seconds_total": round(sum(work.seconds.values()), 1),
        "host": before,
    }
    return work.report.finish(as_json=options.json)


def _steps(name: str, parameters: Parameters, grids: int) -> int:
    few = {
        "v6_time": 1,
        "v7_patient": 1,
        "eddies": 1,
        "step_responses": 2 * len(parameters.response_perfusion),
    }
    return few.get(name, grids)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run perf verify", description=__doc__)
    plain = Parameters()
    for row in dataclasses.fields(plain):
        default = getattr(plain, row.name)
        many = "+" if isinstance(default, tuple) else None
        shown = " ".join(f"{x:g}" for x in default) if many else f"{default:g}"
        text = f"{HELP[row.name]} ({shown})"
        option = "--" + row.name.replace("_", "-")
        parser.add_argument(option, type=_number, nargs=many, metavar="X", help=text)
    parser.add_argument("--finest-mm", type=_positive, default=0.5, help="finest voxel (0.5)")
    parser.add_argument(
        "--grids", type=int, choices=range(1, 7), default=3, help="each twice as fine"
    )
    parser.add_argument("--case", action="append", choices=[*CASES, *EXTRA], help="only these")
    parser.add_argument("--threads", type=int, default=1, help="of the kernels; bits stay (1)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is no number")
    return value


def _positive(text: str) -> float:
    value = _number(text)
    if value <= 0.0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _parameters(options: argparse.Namespace) -> Parameters:
    given = {row.name: getattr(options, row.name) for row in dataclasses.fields(Parameters)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value is not None
    }
    return Parameters(**values)


def orders(voxels: Sequence[float], errors: Sequence[float]) -> list[float | None]:
    """Return the observed order between each grid and the next finer one (Richardson)."""
    pairs = zip(pairwise(voxels), pairwise(errors), strict=True)
    return [
        round(math.log(e1 / e2) / math.log(v1 / v2), 3) if e1 > 0.0 and e2 > 0.0 else None
        for (v1, v2), (e1, e2) in pairs
    ]


def shortcomings(
    name: str, spec: Spec, errors: Sequence[float], found: Sequence[object]
) -> list[str]:
    """Say how a case falls short: the error on the finest grid, the order of a smooth one."""
    said = []
    if not errors[-1] <= ERROR_C_MAX:
        said.append(f"{name}: {errors[-1]:.4f} °C on the finest grid, above {ERROR_C_MAX}")
    last = found[-1] if found else None
    if spec.is_smooth and found and not (isinstance(last, float) and last >= ORDER_SPACE_MIN):
        said.append(f"{name}: order {last} in space, below {ORDER_SPACE_MIN}")
    return said


def _grids(work: Work, name: str) -> None:
    spec, rows = CASES[name], list[Found]()
    for voxel_mm in work.voxels_mm:
        rows.append(spec.run(work.parameters, voxel_mm * 1e-3))
        work.progress.step(f"{name} {voxel_mm:g} mm: {rows[-1].error:.4f} °C, {rows[-1].where}")
    errors = [row.error for row in rows]
    found = orders(work.voxels_mm, errors)
    figures: dict[str, object] = {
        "error_c": [round(error, 5) for error in errors],
        "worst_at": [row.where for row in rows],
        "order": found,
        "plant_and_exact": rows[-1].table,
    }
    mean = [row.rms for row in rows if row.rms is not None]
    if mean:
        figures |= {
            "rms_c": [round(error, 5) for error in mean],
            "rms_order": orders(work.voxels_mm, mean),
        }
    work.report.figures[name] = figures
    work.report.ratios[f"{name}_over_limit"] = round(errors[-1] / ERROR_C_MAX, 3)
    work.report.short += shortcomings(name, spec, errors, found)


def _time(work: Work) -> None:
    found = order.temporal(work.parameters)
    rows = orders(found["step_s"], found["error_c"])
    work.report.figures["v6_time"] = {
        "step_s": [round(step, 4) for step in found["step_s"]],
        "error_c": [round(error, 5) for error in found["error_c"]],
        "order": rows,
    }
    work.progress.step(f"v6_time: order {rows}")
    if not all(row is not None and row >= ORDER_TIME_MIN for row in rows):
        work.miss(f"v6_time: order {rows} in time, below {ORDER_TIME_MIN}")


def _balance(work: Work) -> None:
    rows = []
    for voxel_mm in work.voxels_mm:
        rows.append(order.balance(work.parameters, voxel_mm * 1e-3))
        work.progress.step(f"v7_balance {voxel_mm:g} mm: {100 * rows[-1].imbalance:.5f} %")
    left = [row.imbalance for row in rows]
    work.report.figures["v7_balance"] = {
        "imbalance": [float(f"{part:.3g}") for part in left],
        "joule": {key: round(value, 4) for key, value in dataclasses.asdict(rows[-1]).items()},
    }
    work.report.ratios["v7_balance_over_limit"] = round(max(left) / IMBALANCE_MAX, 4)
    if not max(left) <= IMBALANCE_MAX:
        work.miss(f"v7_balance: {max(left):.2e} of the source unaccounted, above {IMBALANCE_MAX}")


def _patient(work: Work) -> None:
    total = order.patient()
    left = total.imbalance
    work.progress.step(f"v7_patient: {100 * left:.5f} %")
    work.report.figures["v7_patient"] = {
        "imbalance": float(f"{left:.3g}"),
        "joule": {key: round(value, 2) for key, value in dataclasses.asdict(total).items()},
    }
    work.report.ratios["v7_patient_over_limit"] = round(left / IMBALANCE_MAX, 4)
    if not left <= IMBALANCE_MAX:
        work.miss(f"v7_patient: {left:.2e} of the sources unaccounted, above {IMBALANCE_MAX}")


def _responses(work: Work) -> None:
    """4.6: at the tumor in an infinite medium, and at an adiabatic skin above it."""
    p, rows = work.parameters, dict[str, tuple[Response, Response]]()
    voxel_mm = max(RESPONSE_MM, work.voxels_mm[-1])
    for perfusion in p.response_perfusion:
        for skin, names in (("none", ("center", "rim")), ("adiabatic", ("skin",))):
            traces = sphere.step_response(p, voxel_mm * 1e-3, perfusion, skin)
            for name in names:
                rows[f"{name} {perfusion:g}"] = traces.responses(name, p.power / p.density)
            work.progress.step(f"step_responses {perfusion:g} W/m³/K, skin: {skin}")
    work.report.figures["step_responses"] = {
        "voxel_mm": voxel_mm,
        "fit": "two points, 28.3 % and 63.2 %: tau = 1.5 (t63 - t28), dead time = t63 - tau",
        "plant": {key: _rounded(plant) for key, (plant, _) in rows.items()},
        "exact": {key: _rounded(exact) for key, (_, exact) in rows.items()},
    }
    worst = 0.0
    for key, (plant, exact) in rows.items():
        names = ("gain", "t63_s", "t95_s", *(("tau_s", "dead_s") if key.startswith("skin") else ()))
        for name in names:
            off = abs(getattr(plant, name) / getattr(exact, name) - 1.0)
            worst = max(worst, off)
            if not off <= RESPONSE_MAX:
                work.miss(f"step_responses: {key} {name} is off by {100 * off:.1f} %")
    work.report.ratios["step_responses_over_limit"] = round(worst / RESPONSE_MAX, 3)


def _rounded(row: Response) -> dict[str, float]:
    """Negative dead time (center and rim): a fast start, not one late answer."""
    digits = {"gain": 5}
    return {key: round(x, digits.get(key, 1)) for key, x in dataclasses.asdict(row).items()}


def _eddies(work: Work) -> None:
    p, low, high = work.parameters, *EDDY_W_PER_KG
    rows = {}
    for name, radius_m, field_ka_per_m in REGIONS:
        density = eddy_w_per_m3(p.sigma, radius_m, field_ka_per_m, p.frequency_khz)
        rows[name] = round(density / p.density, 2)
        if not low <= rows[name] <= high:
            work.miss(f"eddies: {name} has {rows[name]} W/kg at its rim, not {low} to {high}")
    work.report.figures["eddies"] = {
        "rim_w_per_kg": rows,
        "regions": REGIONS,
        "max_w_per_kg_in_shipped_patients_at_their_caps": eddy_w_per_kg(),
    }
    work.progress.step(f"eddies: {rows}")


EXTRA: dict[str, Callable[[Work], None]] = {
    "v6_time": _time,
    "v7_balance": _balance,
    "v7_patient": _patient,
    "step_responses": _responses,
    "eddies": _eddies,
}
