# SPDX-License-Identifier: Apache-2.0
"""A direct-current supply that feeds an inverter: what every such driver needs.

At resonance the coil's current is proportional to the direct current that the inverter draws, so
field = `field_ka_per_m_per_a` × amperes, in constant-current mode. The constant is calibrated with
the coil in place; the frequency is the inverter's and nothing that a supply could know.
"""

from dataclasses import dataclass

from mnht_controller.devices.contract import Options
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import SourceReading


@dataclass(frozen=True, slots=True)
class FeedOptions(Options):
    """`field_ka_per_m_per_a`: peak kA/m for each ampere of direct current.

    `volts_max` is what the supply may reach; `inverter_frequency_hz` what the inverter's maker
    says, left out where a pick-up coil measures it.
    """

    field_ka_per_m_per_a: float
    volts_max: float
    address: int = 6
    inverter_frequency_hz: float | None = None

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not (self.field_ka_per_m_per_a > 0.0 and self.volts_max > 0.0):
            raise ValueError("field_ka_per_m_per_a and volts_max are above 0")
        if not 0 <= self.address <= 30:
            raise ValueError("address is 0 to 30")


@dataclass(frozen=True, slots=True)
class Feed:
    """What a supply says of itself; amperes. `limit_a` None: it has no such register."""

    set_a: float
    measured_a: float | None
    is_on: bool
    faults: tuple[str, ...] = ()
    interlocks_open: tuple[str, ...] = ()
    watchdog_on: bool | None = None
    limit_a: float | None = None
    boot: int = 0


def snapshot(link: Link, feed: Feed, options: FeedOptions, seq: int) -> SourceReading:
    """Make the snapshot: amperes become field."""
    per_a = options.field_ka_per_m_per_a
    return SourceReading(
        at=link.answered_at,
        seq=seq,
        clock_s=link.answered_at,
        boot=feed.boot,
        heartbeat=0,
        setpoint_ka_per_m=feed.set_a * per_a,
        measured_ka_per_m=None if feed.measured_a is None else feed.measured_a * per_a,
        output_on=feed.is_on,
        watchdog_on=feed.watchdog_on,
        limit_ka_per_m=None if feed.limit_a is None else feed.limit_a * per_a,
        frequency_hz=options.inverter_frequency_hz,
        coil_c=None,
        coolant_l_per_min=None,
        faults=feed.faults,
        interlocks_open=feed.interlocks_open,
    )
