# SPDX-License-Identifier: Apache-2.0
"""The simulated room: patient, coil, probes, the instruments' twins, and the clock that joins them.

Loop time drives the instruments, treatment time (loop time × speed) the patient.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, cast

from mnht_controller.devices.contract import Kind
from mnht_controller.domain.probe import Role
from mnht_controller.settings.settings import Settings
from sim_hardware.bench.instruments import (
    Contact,
    Contacts,
    Drive,
    Faulty,
    Room,
    Source,
    Watchful,
    twin_of,
)
from sim_hardware.bench.patients import patient_of
from sim_hardware.bench.truth import Truth
from sim_hardware.devices.core import Core
from sim_hardware.devices.enable_line import DecodingReceiver
from sim_hardware.devices.probes import Temperature
from sim_hardware.devices.thermometers.luxtron import LuxtronTwin
from sim_hardware.faults import Fault, Target, Targets
from sim_hardware.plant.applicator.coil import Coil
from sim_hardware.plant.models.disturbed import Disturbance
from sim_hardware.plant.models.open import AS_USUAL, Choice
from sim_hardware.plant.probe import Probe
from sim_hardware.wire.faulty import FaultyWire

LINE = "enable_line"
OWN = "guard_thermometer"
OWN_PERIOD_S = 0.25
"""Its twin sends a line as often as it samples."""
APPLICATOR, PATIENT = "applicator", "patient"
FIELD_SQUARE_MAX = 18.0**2
BISECTIONS = 12
STEP_S_MAX = 0.5
"""Longest treatment time that probes take in one step."""


class Chiller(Protocol):
    """A twin that cools the coil."""

    is_pumping: bool

    def outlet_c(self, t: float) -> float:
        """Return the temperature of the water it sends, °C."""


class World:
    """Everything behind the wires. `start_s` is loop time zero of this world."""

    def __init__(
        self, settings: Settings, start_s: float, seed: int, choice: Choice = AS_USUAL
    ) -> None:
        self.opened = patient_of(settings, choice)
        self.person, self.patient = self.opened.file, self.opened.patient
        self.speed = settings.speed
        self.start_s, self._at = start_s, start_s
        air_c = self.person.skin.air_c
        self._tips = {spec.id: Probe(spec, air_c, seed) for spec in self.person.probe}
        self._probes = settings.probes
        self.tips = {(probe.device, probe.channel): self._tips[probe.id] for probe in self._probes}
        if (own := settings.guard_thermometer) is not None:
            beside = next(probe.id for probe in self._probes if probe.role is Role.SKIN)
            spec = self._tips[beside].spec.model_copy(update={"id": OWN})
            self._tips[OWN] = Probe(spec, air_c, seed)
            self.tips[OWN, own.channel] = self._tips[OWN]
        self.line = DecodingReceiver()
        self.twins = self._twins(settings)
        self.wires = {name: FaultyWire(twin, seed) for name, twin in self.twins.items()}
        self.cores: dict[str, Core] = {LINE: self.line, **self.wires}
        self.source = next(twin for twin in self.twins.values() if isinstance(twin, Source))
        self._watchful = self.source if isinstance(self.source, Watchful) else None
        contacts = [twin for twin in self.twins.values() if isinstance(twin, Contact)]
        self.coil = Coil(Drive(self.source), Contacts(self.line, *contacts), start_s)
        self._join()
        body = self.person.body
        self.disturbance = Disturbance(
            self.patient, body.radius_mm / 1e3, self.person.frequency_khz
        )
        self._chillers = [
            cast(Chiller, self.twins[device.id])
            for device in settings.devices
            if device.kind is Kind.CHILLER
        ]

    def _twins(self, settings: Settings) -> dict[str, Core]:
        room = Room(
            start_s=self.start_s,
            channel=self._channel,
            field_ka_per_m=self._field,
            frequency_hz=lambda _: 1e3 * self.coil.frequency_khz,
            is_enabled=self.line.closed,
        )
        twins = {
            device.id: twin_of(device, room, number)
            for number, device in enumerate(settings.devices, start=1)
        }
        if (own := settings.guard_thermometer) is not None:
            seen = {own.channel: room.channel(OWN, own.channel)}
            twins[OWN] = LuxtronTwin(seen, "SIM0000", period_s=OWN_PERIOD_S)
        return twins

    def _join(self) -> None:
        """Let the source's electronics measure at the coil."""
        self.source.stage.measured = self.coil.field_ka_per_m
        self.source.stage.sensors = self.coil

    def _field(self, t: float) -> float:
        return self.coil.field_ka_per_m(t)  # the coil is made after the twins that watch it

    def _channel(self, device: str, channel: int) -> Temperature:
        return lambda t: self.channel_c(device, channel, t)

    def advance(self, t: float) -> None:
        """Bring everything to loop time t; times in the past change nothing."""
        if t <= self._at:
            return
        self.source.stage.elapse(t)
        if self._watchful is not None:
            self._watchful.supervise(t)
        self._cool(t)
        mean_square = self.coil.mean_square(t)
        passed_s = (t - self._at) * self.speed
        self._at = t
        while passed_s > 1e-12:
            step_s = min(STEP_S_MAX, passed_s)
            passed_s -= step_s
            self.disturbance.advance(step_s, mean_square)
            for tip in self._tips.values():
                tip.advance(step_s, self.patient.site_c(tip.spec.site))

    def _cool(self, t: float) -> None:
        """What the chillers send through the coil, where the site has one."""
        for chiller in self._chillers:
            self.coil.applicator.supply(chiller.outlet_c(t), is_flowing=chiller.is_pumping)

    def channel_c(self, device: str, channel: int, t: float) -> float | None:
        """What the tip on a device's channel shows at loop time t; None without a probe."""
        self.advance(t)
        tip = self.tips.get((device, channel))
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
            skin_surface_c=max(inside.skin_surface_c_max, self.disturbance.fold_c(inside.core_c)),
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
        twins: dict[str, Target] = {
            APPLICATOR: self.coil.applicator,
            PATIENT: self.disturbance,
            LINE: self.line,
        }
        twins |= {name: twin for name, twin in self.twins.items() if isinstance(twin, Faulty)}
        probes: dict[tuple[str, int], Target] = dict(self.tips)
        return Targets(twins, links, probes, bench, self.wires)
