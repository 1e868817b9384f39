# SPDX-License-Identifier: Apache-2.0
"""A circulator's bath: first order towards its set-point while it runs, towards the room else."""

import math

ROOM_C, COOLING_S, REST_S = 23.0, 60.0, 3600.0


class Bath:
    """Temperature over loop time; `now` never decreases."""

    def __init__(self, t: float, setpoint_c: float = 22.0) -> None:
        self.setpoint_c, self.is_running = setpoint_c, False
        self.celsius = setpoint_c
        self._at = t

    def at(self, t: float) -> float:
        """Return the temperature at loop time t, °C."""
        passed_s, self._at = max(0.0, t - self._at), max(self._at, t)
        target, slow_s = (self.setpoint_c, COOLING_S) if self.is_running else (ROOM_C, REST_S)
        self.celsius += (target - self.celsius) * -math.expm1(-passed_s / slow_s)
        return self.celsius


class Circulator:
    """What chiller twins share. Faults: coolant_stop, coolant_warm (°C), reboot, panel_change."""

    bath: Bath
    is_pumping_fault = False

    @property
    def is_pumping(self) -> bool:
        """Whether water flows."""
        return self.bath.is_running and not self.is_pumping_fault

    def outlet_c(self, t: float) -> float:
        """Return the temperature of the water it sends, °C."""
        return self.bath.at(t)

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "coolant_stop":
            self.is_pumping_fault = True
        elif verb == "coolant_warm":
            self.bath.at(t)
            self.bath.celsius = float(argument or 50.0)
        elif verb == "reboot" or (verb == "panel_change" and argument == "off"):
            self.bath.is_running = False
        elif verb == "panel_change":
            self.bath.setpoint_c = float(argument)
        else:
            raise ValueError(f"a chiller has no fault {verb!r}")

    def clear(self, verb: str) -> None:
        """End it."""
        self.is_pumping_fault = False
