# SPDX-License-Identifier: Apache-2.0
"""BabelViscoFDTD's BHTE through OpenCL on the processor (pocl).

It states another equation: each voxel's own conductivity, constant flow. And it does more: thermal
dose (CEM43) in every step. So it is held against the `cells` reference, and its rate says so.
"""

import os
from importlib.metadata import version
from typing import Any

import numpy as np

from tools.perf.peers.body import (
    ARTERIAL_C,
    DT_S,
    DX_M,
    F32,
    INSIDE,
    THREADS,
    TISSUES,
    Body,
    Facts,
)

BLOOD = 1000.0
"""Density and heat of blood are given as this each: flow (W/m³/K) carries their product already."""
STEPS_MAX = 4
"""Of a round: it is some hundred times slower than the others."""


def facts() -> Facts:
    """Name the version, or raise ImportError."""
    os.environ["POCL_MAX_PTHREAD_COUNT"] = str(THREADS)
    import pyopencl
    from BabelViscoFDTD.tools import RayleighAndBHTE

    devices = [d.name for p in pyopencl.get_platforms() for d in p.get_devices()]
    if not devices:
        raise ImportError("pyopencl finds no device: is pocl there?")
    try:
        RayleighAndBHTE.InitOpenCL(devices[0])
    except pyopencl.Error as error:
        causes = [line for line in str(error).splitlines() if line.startswith("error:")]
        raise ImportError(f"OpenCL does not compile here: {[*causes, str(error)][0]}") from error
    return Facts(
        version("BabelViscoFDTD"),
        "cells",
        f"OpenCL {devices[0]}, own k, constant flow, CEM43 included",
        STEPS_MAX,
    )


class BabelBhte:
    """Its public function does everything anew in each call, copies to the device included."""

    def __init__(self, given: Body) -> None:
        from BabelViscoFDTD.tools import RayleighAndBHTE

        density, heat, conductivity, flow, _, source = TISSUES.T
        self._solve = RayleighAndBHTE.BHTE
        self._labels = given.labels.astype(np.uint32)
        self._celsius = given.celsius.copy()
        ones = np.ones_like(density)
        self._materials = {
            "Conductivity": conductivity,
            "Density": density,
            "SpecificHeat": heat,
            "Perfusion": flow * 60.0e6 / (BLOOD * BLOOD * density),
            "SoS": ones,
            "Attenuation": ones,
            "Absorption": ones,
            "InitTemperature": ARTERIAL_C * ones,
        }
        unit = RayleighAndBHTE.getQCoeff(density, ones, ones, heat, ones, DX_M, DT_S)
        pressure = np.sqrt(source * DT_S / (density * heat) / unit)
        self._pressure = pressure.astype(np.float32)[given.labels]

    def run(self, steps: int) -> None:
        """Go on by so many steps."""
        options: dict[str, Any] = {
            "LocationMonitoring": -1,
            "dt": DT_S,
            "blood_rho": BLOOD,
            "blood_ct": BLOOD,
            "stableTemp": ARTERIAL_C,
            "initT0": self._celsius,
        }
        body = (self._pressure, self._labels, self._materials)
        self._celsius = self._solve(*body, DX_M, steps, steps, **options)[0]

    def inside(self) -> F32:
        """Return the temperature, °C."""
        return self._celsius[INSIDE]


def make(given: Body) -> BabelBhte:
    """Make the stepper."""
    return BabelBhte(given)
