# SPDX-License-Identifier: Apache-2.0
"""Every installed driver conforms, and meets its twin on every front. A new one needs its case."""

import asyncio

import pytest

from mnht_controller.devices.open import transport_for
from mnht_controller.devices.registry import driver_names, find_driver
from mnht_controller.devices.testing import Rehearsal, conformance, rehearse
from mnht_controller.domain.command import Permit
from sim_hardware.wire.memory import MemoryTransport
from sim_hardware.wire.pty import PtyFront
from sim_hardware.wire.rfc2217 import Rfc2217Front
from sim_hardware.wire.tcp import TcpFront
from tests.drivers.cases import cases_of
from tests.support import run_virtual

ALL = [
    pytest.param(case, id=f"{name}-{number}")
    for name in driver_names()
    for number, case in enumerate(cases_of(name))
]


def permit(field_ka_per_m, expires_at):
    return Permit(field_ka_per_m, 1, expires_at)


def rehearsal(case, connect):
    return Rehearsal(case.spec, connect, permit, case.setup, case.expects)


@pytest.mark.parametrize("name", driver_names())
def test_each_case_is_about_the_installed_driver(name):
    assert all(case.spec == find_driver(name) for case in cases_of(name))
    assert cases_of(name) != ()


@pytest.mark.parametrize("case", ALL)
def test_it_conforms(case):
    """No failure at any step of its opening gets past it as another error (H03, H12)."""

    async def main():
        return await conformance(case.spec, case.opening, case.setup, case.identity_steps)

    assert run_virtual(main()) == ()


@pytest.mark.parametrize("chunk_max", [0, 1, 5])
@pytest.mark.parametrize("case", ALL)
def test_it_meets_its_twin_in_memory(case, chunk_max):
    async def main():
        start_s = asyncio.get_running_loop().time()
        twin, baud = case.twin(start_s), case.baud or case.spec.baud
        return await rehearse(
            rehearsal(
                case, lambda: MemoryTransport(twin, "twin", baud=baud, chunk_max=chunk_max, seed=7)
            )
        )

    assert run_virtual(main()) == ()


def on_pty(twin, baud):
    front = PtyFront(twin, baud=baud, chunk_max=3)
    return front, lambda: transport_for(front.path, baud)


def on_visa_pty(twin, baud):
    front = PtyFront(twin, baud=baud)
    return front, lambda: transport_for(f"ASRL{front.path}::INSTR", baud)


def on_tcp(twin, baud):
    front = TcpFront(twin, chunk_max=3)
    return front, lambda: transport_for(f"tcp://127.0.0.1:{front.port}", baud)


def on_visa_socket(twin, baud):
    front = TcpFront(twin)
    return front, lambda: transport_for(f"TCPIP::127.0.0.1::{front.port}::SOCKET", baud)


def on_rfc2217(twin, baud):
    front = Rfc2217Front(twin, baud=baud)
    return front, lambda: transport_for(f"rfc2217://127.0.0.1:{front.port}", baud)


@pytest.mark.real
@pytest.mark.parametrize("place", [on_pty, on_visa_pty, on_tcp, on_visa_socket, on_rfc2217])
@pytest.mark.parametrize("case", ALL)
async def test_it_meets_its_twin_on_a_real_front(case, place):
    twin, baud = case.twin(asyncio.get_running_loop().time()), case.baud or case.spec.baud
    front, connect = place(twin, baud)
    await front.start()
    try:
        assert await rehearse(rehearsal(case, connect)) == ()
    finally:
        await front.stop()
