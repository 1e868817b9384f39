# SPDX-License-Identifier: Apache-2.0
"""From settings to a controller: every device has one owner, and the header says what ran."""

import pytest

from mnht_controller.app.build import Shell, build, header, plan_for
from mnht_controller.app.shipped import config_dir
from mnht_controller.devices.contract import DriverSpec
from mnht_controller.devices.testing import WireTranscript
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.journal.sink import MemoryJournal
from mnht_controller.runtime.host import SteadyHost
from mnht_controller.runtime.spent import MemoryLedger
from mnht_controller.settings.load import load_site
from mnht_controller.settings.settings import Device

BENCH = config_dir() / "sites" / "bench.toml"
KEPT = Latch((Trip("skin_trip", "H13", "skin", 44.1, 44.0, 1.0, 1.0),))


class NoGuard:
    status = None

    def send(self, message: bytes) -> None:
        pytest.fail("nothing is sent while a controller is built")


async def test_each_device_gets_its_own_link_and_nothing_is_opened() -> None:
    settings = load_site(BENCH)
    plan = plan_for(settings)
    wires: dict[str, WireTranscript] = {}

    def transport(device: Device, _spec: DriverSpec) -> WireTranscript:
        wires[device.id] = WireTranscript([])
        return wires[device.id]

    journal = MemoryJournal(header(settings, plan, "controller"), lambda: 0.0)
    shell = Shell(transport, NoGuard(), journal, lambda _: None, SteadyHost(), MemoryLedger())
    controller = build(settings, plan, shell, KEPT, "session")
    assert set(wires) == {"source", "thermometer"}
    assert all(wire.opened == 0 for wire in wires.values())
    assert set(controller.parts.thermometers) == {"thermometer"}
    assert controller.parts.source.row.simulated is True
    assert controller.state.latch == KEPT
    assert controller.state.core.phase is Phase.STANDBY


def test_the_header_says_what_ran() -> None:
    settings = load_site(BENCH)
    plan = plan_for(settings)
    found = header(settings, plan, "controller", seed=7)
    assert (found.process, found.seed, found.plan) == ("controller", 7, plan)
    assert found.settings_sha256 == settings.settings_sha256
    assert [driver.name for driver in found.drivers] == ["generic_scpi_source", "opsens_handysens"]
    assert all(driver.version for driver in found.drivers)


def test_the_plan_carries_what_the_drivers_declare() -> None:
    plan = plan_for(load_site(BENCH))
    assert [probe.role.value for probe in plan.envelope.probes] == ["skin", "tumor", "healthy"]
    assert plan.envelope.limits.field_ka_per_m_cap == 7.5
    assert plan.envelope.source.device == "source"
    assert plan.period_s == 0.1
