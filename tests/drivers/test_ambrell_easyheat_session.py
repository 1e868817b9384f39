# SPDX-License-Identifier: Apache-2.0
"""Ambrell EASYHEAT over time: what overtakes, what comes late, and sessions with its twin."""

import asyncio
import math

import pytest

from drivers.ambrell_easyheat import SPEC, AmbrellOptions
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from sim_hardware.devices.sources.ambrell import AmbrellTwin, Model
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases.ambrell_easyheat import AMPS_MAX, OPTIONS
from tests.support import run_virtual
from tests.unit.devices.wires import Wire

SETUP = Setup((), OPTIONS)


def data(setpoint, *, on):
    return f"1,{on},{setpoint:.1f},{setpoint:.0f},3,150,100,215\r\n".encode()


def permit(field_ka_per_m):
    return Permit(field_ka_per_m, serial=1, expires_at=math.inf)


def answers(delays):
    """A supply that obeys; `delays` pops how late each answer is, 2 ms when it is empty."""
    state = {"on": 0, "amps": 0.0}

    def answer(request):
        said = []
        for line in request.decode().split("\r"):
            name, _, value = line.partition(",")[2].partition(",")
            state["on"] = {"hon": 1, "hoff": 0}.get(name, state["on"])
            state["amps"] = float(value) if name == "amps" else state["amps"]
            if name == "rdata":
                late_s = delays.pop(0) if delays else 0.002
                said.append((late_s, data(state["amps"], on=state["on"])))
            elif name == "maxamps":
                said.append((0.002, AMPS_MAX[1]))
        return said

    return answer


def test_an_off_between_set_and_start_leaves_the_start_unsent():
    """H16: what an OFF has overtaken must not heat afterwards."""

    async def main():
        delays = []
        wire = Wire(answers(delays))
        source = SPEC.make(Link(wire), SETUP)
        await source.open()
        await source.prepare(7.2)
        delays.append(0.05)
        start = asyncio.create_task(source.apply(permit(2.0)))
        await asyncio.sleep(0.03)
        assert not (await source.off()).output_on
        with pytest.raises(errors.ReplyTimeoutError, match="OFF"):
            await start
        assert not any(b"hon" in data for data in wire.written)
        assert (await source.apply(permit(2.0))).output_on

    run_virtual(main())


@pytest.mark.parametrize("late_s", [0.16, 0.2, 0.3])
def test_a_late_line_is_never_the_next_ones_answer(late_s):
    """H11: `maxamps`, whose answer never changes, gets the link in step again."""

    async def main():
        delays = []
        wire = Wire(answers(delays))
        source = SPEC.make(Link(wire), SETUP)
        await source.open()
        await source.prepare(7.2)
        delays.append(late_s)
        with pytest.raises(errors.ReplyTimeoutError):
            await source.apply(permit(2.0))
        reading = await source.apply(permit(2.5))
        assert reading.output_on
        assert reading.setpoint_ka_per_m == pytest.approx(2.5, abs=0.01)
        assert wire.written.count(AMPS_MAX[0]) >= 2

    run_virtual(main())


def with_twin(act, model=None, options=OPTIONS):
    """Run a session with a twin; every byte that went out is given too."""

    async def main():
        twin = AmbrellTwin(asyncio.get_running_loop().time(), model)
        transport = MemoryTransport(twin, "twin", baud=SPEC.baud)
        written, write = bytearray(), transport.write

        async def record(data):
            written.extend(data)
            await write(data)

        transport.write = record
        source = SPEC.make(Link(transport), Setup((), options))
        await source.open()
        await source.prepare(7.2)
        await act(source, twin, asyncio.get_running_loop().time)
        await source.close()
        assert not twin.stage.is_energized
        return bytes(written)

    return run_virtual(main())


@pytest.mark.parametrize(
    "model",
    [Model(), Model(has_watts=False), Model(ack="OK"), Model(address=32)],
    ids=["3542", "0112", "acks", "address-32"],
)
def test_a_session_with_its_twin(model):
    """No byte of it may move a set-point by itself or speak to all units at once (H21)."""
    options = AmbrellOptions(field_ka_per_m_per_a=0.072, address=model.address)

    async def act(source, twin, now):
        for step in range(60):
            await source.apply(permit(0.1 + 0.1 * step))
            await asyncio.sleep(0.1)
        reading = await source.poll()
        assert reading.measured_ka_per_m == pytest.approx(6.0, abs=0.04)
        assert twin.stage.current(now()) == pytest.approx(6.0, abs=0.01)
        reading = await source.off()
        assert (reading.output_on, reading.faults) == (False, ())

    written = with_twin(act, model, options)
    assert not set(written) & set(b"[] \n")
    lines = [line for line in written.split(b"\r") if line]
    assert {line.split(b",")[0] for line in lines} == {str(model.address).encode()}


def test_local_control_is_not_believed_and_local_off_is_a_fault():
    async def act(source, twin, now):
        await source.apply(permit(2.0))
        twin.inject("panel_change", "local", now())
        with pytest.raises(errors.ProtocolError):
            await source.apply(permit(3.0))
        assert not (await source.off()).output_on  # obeyed whatever the menu says
        twin.inject("panel_change", "remote", now())
        await source.apply(permit(2.0))
        twin.inject("panel_change", "off", now())
        assert (await source.poll()).faults == ("amplifier",)

    with_twin(act)


def test_a_restart_or_an_open_start_input_ends_heat_and_is_seen():
    async def act(source, twin, now):
        is_closed = [True]
        twin.start_input = lambda _: is_closed[0]
        await source.apply(permit(2.0))
        is_closed[0] = False
        assert (await source.poll()).faults == ("amplifier",)
        await source.off()
        for _ in range(2):
            assert not (await source.apply(permit(2.0))).output_on
        with pytest.raises(errors.DeviceFault):
            await source.apply(permit(2.0))
        is_closed[0] = True
        await source.open()
        await source.prepare(7.2)
        await source.apply(permit(2.0))
        twin.inject("reboot", "", now())
        reading = await source.poll()
        assert (reading.output_on, reading.faults) == (False, ("amplifier",))

    with_twin(act)


def test_a_stage_that_ignores_off_is_told_by_its_own_data():
    """H16: amperes that flow although heat is off are measured, not assumed."""

    async def act(source, twin, now):
        await source.apply(permit(2.0))
        await asyncio.sleep(0.3)
        twin.inject("amp_ignores_off", "", now())
        reading = await source.off()
        assert reading.output_on
        assert reading.measured_ka_per_m == pytest.approx(2.0, abs=0.04)
        twin.clear("amp_ignores_off")

    with_twin(act)


def test_the_measured_frequency_follows_the_current():
    """388 kHz at 250 A in a laboratory, other values at other currents (public script)."""

    async def act(source, twin, now):
        seen = []
        for field in (2.0, 7.2):
            await source.apply(permit(field))
            await asyncio.sleep(0.3)
            seen.append((await source.poll()).frequency_hz)
        assert seen == [406e3, 399e3]

    with_twin(act, Model(khz=409.0, khz_per_a=-0.1))
