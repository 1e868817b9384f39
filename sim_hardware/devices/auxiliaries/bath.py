# SPDX-License-Identifier: Apache-2.0
"""A circulator's bath: first order towards its set-point while it runs, towards the room else."""

import math

ROOM_C, COOLING_S, REST_S = 23.0, 60.0, 3600.0
WARM_C = 50.0


class Bath:
    """Temperature over loop time; asked in any order, it never goes back in time.

    `held_c`: a load that keeps it at this temperature, whatever it does.
    """

    def __init__(self, t: float, setpoint_c: float = 22.0) -> None:
        self._setpoint_c, self._is_running = setpoint_c, False
        self._held_c: float | None = None
        self._celsius, self._at = setpoint_c, t

    @property
    def setpoint_c(self) -> float:
        """What it regulates to, °C."""
        return self._setpoint_c

    @property
    def is_running(self) -> bool:
        """Whether it regulates and pumps."""
        return self._is_running

    def at(self, t: float) -> float:
        """Return the temperature at loop time t, °C."""
        if self._held_c is not None:
            self._celsius = self._held_c
        passed_s, self._at = max(0.0, t - self._at), max(self._at, t)
        if self._held_c is None:
            target_c = self._setpoint_c if self._is_running else ROOM_C
            slow_s = COOLING_S if self._is_running else REST_S
            self._celsius += (target_c - self._celsius) * -math.expm1(-passed_s / slow_s)
        return self._celsius

    def regulate(self, setpoint_c: float, t: float) -> None:
        """Change the set-point, °C."""
        self.at(t)
        self._setpoint_c = setpoint_c

    def run(self, t: float, *, on: bool) -> None:
        """Start it, or put it to standby."""
        self.at(t)
        self._is_running = on

    def hold(self, celsius: float, t: float) -> None:
        """Begin the load that keeps it at `celsius`."""
        self._held_c = celsius
        self.at(t)

    def release(self) -> None:
        """End the load: from when it was last asked, it goes its way again."""
        self._held_c = None


class Circulator:
    """What chiller twins share: a bath, a pump, faults.

    Faults: coolant_stop (the pump stalls, and the instrument notices), coolant_warm (°C; until
    cleared), reboot (standby), panel_change (`on`, `off`, or a set-point in °C).
    """

    bath: Bath
    is_stalled = False

    @property
    def is_pumping(self) -> bool:
        """Whether water flows."""
        return self.bath.is_running and not self.is_stalled

    def outlet_c(self, t: float) -> float:
        """Return the temperature of the water it sends, °C."""
        return self.bath.at(t)

    def power_up(self, t: float) -> None:
        """Come back in standby with the set-point that was set."""
        self.bath.run(t, on=False)

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "coolant_stop":
            self.is_stalled = True
        elif verb == "coolant_warm":
            self.bath.hold(float(argument or WARM_C), t)
        elif verb == "reboot":
            self.power_up(t)
        elif verb == "panel_change" and argument in {"on", "off"}:
            self.bath.run(t, on=argument == "on")
        elif verb == "panel_change":
            self.bath.regulate(float(argument), t)
        else:
            raise ValueError(f"a chiller has no fault {verb!r}")

    def clear(self, verb: str) -> None:
        """End it; a bath that was kept warm cools from there."""
        if verb == "coolant_stop":
            self.is_stalled = False
        elif verb == "coolant_warm":
            self.bath.release()
