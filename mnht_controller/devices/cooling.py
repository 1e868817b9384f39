# SPDX-License-Identifier: Apache-2.0
"""A chiller for the coil's water: what every such driver is told, and what a reading says."""

from dataclasses import dataclass

from mnht_controller.devices.contract import Options
from mnht_controller.domain.reading import AuxiliaryReading

SETPOINT_C_MIN, SETPOINT_C_MAX = 5.0, 35.0
SAME_C = 0.06


@dataclass(frozen=True, slots=True)
class ChillerOptions(Options):
    """`setpoint_c` is set at PREPARE, left out: stays. Above `bath_c_max` nothing may heat.

    `address` for RS-485, where the instrument has one.
    """

    setpoint_c: float | None = None
    bath_c_max: float = 30.0
    address: int | None = None

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        wanted = self.setpoint_c
        if wanted is not None and not (SETPOINT_C_MIN <= wanted <= SETPOINT_C_MAX):
            raise ValueError(f"setpoint_c is {SETPOINT_C_MIN:g} to {SETPOINT_C_MAX:g} °C")
        if not self.bath_c_max > 0.0:
            raise ValueError("bath_c_max is above 0 °C")


def reading(
    at: float, seq: int, water: tuple[float, bool, bool], options: ChillerOptions
) -> AuxiliaryReading:
    """Make the reading from °C, whether it runs, and whether it reports a fault."""
    celsius, is_running, is_faulty = water
    opened = (
        "" if is_running else "coolant_flow",
        "" if celsius <= options.bath_c_max else "coolant_temperature",
    )
    return AuxiliaryReading(
        at=at,
        seq=seq,
        is_ready=is_running,
        coolant_c=celsius,
        faults=("coolant",) if is_faulty else (),
        interlocks_open=tuple(filter(None, opened)),
    )
