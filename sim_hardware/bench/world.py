# SPDX-License-Identifier: Apache-2.0
"""The simulated room: patient, coil, probes, the instruments' twins, and the clock that joins them.

Loop time drives the instruments, treatment time (loop time × speed) the patient.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from mnht_controller.devices.contract import Kind
from mnht_controller.settings.settings import Device, Settings
from sim_hardware.bench.patients import patient_of
from sim_hardware.bench.truth import Truth
from sim_hardware.devices.core import Core
from sim_hardware.devices.enable_line import DecodingReceiver
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.faults import Fault, Target, Targets
from sim_hardware.plant.applicator.coil import Coil
from sim_hardware.plant.models.open import AS_USUAL, Choice
from sim_hardware.plant.probe import Probe

LINE = "enable_line"
APPLICATOR = "applicator"
FIELD_SQUARE_MAX = 18.0**2
BISECTIONS = 12
STEP_S_MAX = 0.5
"""Longest treatment time that probes take in one step."""


@runtime_checkable
class Faulty(Protocol):
    """A twin that can be made to misbehave."""

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault at loop time t."""

    def clear(self, verb: str) -> None:
        """End it."""


class World:
    """Everything behind the wires. `start_s` is loop time zero of this world."""

    def __init__(
        self, settings: Settings, start_s: float, seed: int, choice: Choice = AS_USUAL
    ) -> None:
        self.opened = patient_of(settings, choice)
        self.person, self.patient = self.opened.file, self.opened.patient
        self.speed = settings.speed
        self.source = ScpiSource("SIM0001", start_s)
        self.line = DecodingReceiver()
        self.coil = Coil(self.source.stage, self.line, start_s)
        self.source.stage.measured = self.coil.field_ka_per_m
        self.source.stage.sensors = self.coil
        self.start_s, self._at = start_s, start_s
        air_c = self.person.skin.air_c
        self._tips = {spec.id: Probe(spec, air_c, seed) for spec in self.person.probe}
        self._probes = settings.probes
        self.tips = {probe.channel: self._tips[probe.id] for probe in settings.probes}
        self.cores: dict[str, Core] = {LINE: self.line}
        for device in settings.devices:
            self.cores[device.id] = self._twin(device)

    def _twin(self, device: Device) -> Core:
        if device.kind is Kind.FIELD_SOURCE:
            return self.source
        return OpsensTwin({n: self._channel(n) for n in device.channels})

    def _channel(self, channel: int) -> "ChannelOf":
        return ChannelOf(self, channel)

    def advance(self, t: float) -> None:
        """Bring everything to loop time t; times in the past change nothing."""
        if t <= self._at:
            return
        self.source.advance(t)
        mean_square = self.coil.mean_square(t)
        passed_s = (t - self._at) * self.speed
        self._at = t
        while passed_s > 1e-12:
            step_s = min(STEP_S_MAX, passed_s)
            passed_s -= step_s
            self.patient.advance(step_s, mean_square)
            for tip in self._tips.values():
                tip.advance(step_s, self.patient.site_c(tip.spec.site))

    def channel_c(self, channel: int, t: float) -> float | None:
        """What the tip on a channel shows at loop time t; None without a probe."""
        self.advance(t)
        tip = self.tips.get(channel)
        return None if tip is None else tip.reading()

    def treatment_s(self, t: float) -> float:
        """Treatment time since the world began."""
        return (t - self.start_s) * self.speed

    def truth(self, t: float) -> Truth:
        """The present state without noise and lag."""
        self.advance(t)
        inside = self.patient.truth()
        return Truth(
            at=t,
            treatment_s=self.treatment_s(t),
            coil_ka_per_m=self.coil.field_ka_per_m(t),
            setpoint_ka_per_m=self.source.stage.settings.level / 1000.0,
            loop_closed=self.line.closed(t),
            skin_c=self.skin_c(),
            skin_surface_c=inside.skin_surface_c_max,
            tumor_c_max=inside.tumor_c_max,
            tumor_t90_c=inside.tumor_t90_c,
            tumor_t50_c=inside.tumor_t50_c,
            tumor_t10_c=inside.tumor_t10_c,
            healthy_c=max(self._at_role("healthy")),
            healthy_tissue_c=inside.healthy_c_max,
            core_c=inside.core_c,
            coil_ka_per_m_max=self.coil.field_ka_per_m_max,
        )

    def warm_up(self, skin_c: float) -> None:
        """Begin as if the session had long been under way: steady, with this true skin."""
        low, high = 0.0, FIELD_SQUARE_MAX
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            self.patient.settle(middle)
            low, high = (middle, high) if self.skin_c() < skin_c else (low, middle)
        for tip in self._tips.values():
            tip.tip_c = self.patient.site_c(tip.spec.site)

    def skin_c(self) -> float:
        """Hottest true skin at the probed sites, °C."""
        return max(self._at_role("skin"))

    def _at_role(self, role: str) -> list[float]:
        sites = [spec.site for spec in self.person.probe if spec.role == role]
        return [self.patient.site_c(site) for site in sites]

    def targets(
        self, links: Mapping[str, Target], bench: Callable[[Fault], None] | None = None
    ) -> Targets:
        """Everything that faults can act on; `links` are the fronts or transports by device."""
        twins: dict[str, Target] = {APPLICATOR: self.coil.applicator}
        twins |= {name: core for name, core in self.cores.items() if isinstance(core, Faulty)}
        probes: dict[tuple[str, int], Target] = {
            (probe.device, probe.channel): self.tips[probe.channel] for probe in self._probes
        }
        return Targets(twins, links, probes, bench)


class ChannelOf:
    """One channel as a thermometer twin reads it."""

    def __init__(self, world: World, channel: int) -> None:
        self._world, self._channel = world, channel

    def __call__(self, t: float) -> float | None:
        """Sample it at loop time t."""
        return self._world.channel_c(self._channel, t)
