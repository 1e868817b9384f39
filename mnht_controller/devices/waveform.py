# SPDX-License-Identifier: Apache-2.0
"""A waveform generator before a linear amplifier and a coil: options, and what a snapshot says.

A generator cannot make 0 V: a field of zero is an output that is off. It measures nothing: the
field is a pick-up coil's to say.
"""

from dataclasses import dataclass

from mnht_controller.devices.contract import Options
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import SourceReading

SAME = 1e-3
"""Relative difference up to which a read-back is what was sent."""


@dataclass(frozen=True, slots=True)
class WaveformOptions(Options):
    """`field_ka_per_m_per_vpp`: peak kA/m in the coil per volt peak to peak at this load."""

    field_ka_per_m_per_vpp: float
    frequency_hz: float = 100_000.0
    load_ohm: float | None = 50.0
    channel: int = 1

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not (self.field_ka_per_m_per_vpp > 0.0 and self.frequency_hz > 0.0):
            raise ValueError("field_ka_per_m_per_vpp and frequency_hz are above 0")
        if self.channel < 1 or (self.load_ohm is not None and not self.load_ohm >= 1.0):
            raise ValueError("channel is 1 or more; load_ohm 1 or more, left out: high impedance")


@dataclass(frozen=True, slots=True)
class Output:
    """What a generator says of itself. `load_ohm` None: high impedance; `limit_vpp`: its clamp."""

    vpp: float
    frequency_hz: float
    is_on: bool
    is_sine: bool
    load_ohm: float | None
    limit_vpp: float | None = None


def same(read: float | None, sent: float | None) -> bool:
    """Whether a number was taken as it was sent."""
    if read is None or sent is None:
        return read is sent
    return abs(read - sent) <= SAME * max(abs(sent), 1e-3)


def confirm(link: Link, output: Output, options: WaveformOptions) -> None:
    """Raise unless wave, frequency and load are ours; then the link is DIRTY."""
    is_ours = output.is_sine and same(output.frequency_hz, options.frequency_hz)
    if not is_ours or not same(output.load_ohm, options.load_ohm):
        raise unconfirmed(link, output)


def snapshot(link: Link, output: Output, options: WaveformOptions, seq: int) -> SourceReading:
    """Make the snapshot: the field that its volts would make, and the synthesizer's frequency."""
    per_vpp, limit = options.field_ka_per_m_per_vpp, output.limit_vpp
    return SourceReading(
        at=link.answered_at,
        seq=seq,
        clock_s=link.answered_at,
        boot=0,
        heartbeat=0,
        setpoint_ka_per_m=output.vpp * per_vpp if output.is_on else 0.0,
        measured_ka_per_m=None,
        output_on=output.is_on,
        watchdog_on=None,
        limit_ka_per_m=None if limit is None else limit * per_vpp,
        frequency_hz=output.frequency_hz,
        coil_c=None,
        coolant_l_per_min=None,
    )
