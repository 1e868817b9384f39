# SPDX-License-Identifier: Apache-2.0
"""Ambrell EASYHEAT: pairs from the 3542 manual, page 49, and the 0112 manual, pages 44 and 46."""

import asyncio
import math
from typing import cast

import pytest

from mnht_controller.devices.contract import FieldSource, Setup
from mnht_controller.devices.errors import DeviceFault, ProtocolError, RangeRefusedError
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from sim_hardware.devices.sources.ambrell import AmbrellTwin, Model
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases import played
from tests.drivers.cases.ambrell_easyheat import CASES, OFF, OPTIONS
from tests.support import run_virtual

EIGHT, SEVEN = CASES
PREPARED = (b"1,amps,0.00\r1,hoff\r1,rdata\r", b"1,0,0.0,0,0,0,0,214\r\n")
START = b"1,amps,69.44\r1,hon\r1,rdata\r"


def leave(field_ka_per_m, expires_at=math.inf):
    return Permit(field_ka_per_m, 1, expires_at)


async def heated(driver):
    await driver.prepare(7.5)
    return await driver.apply(leave(5.0))


async def test_the_manuals_line_field_by_field():
    """3542 page 49: address, heating, set-point, amps, watts, kHz, timer, counter."""
    pair = (b"1,rdata\r", b"1,0,1200.0,10,3,140,1826,214\r\n")
    snapshot = await played(EIGHT, [pair], lambda driver: driver.poll())
    assert snapshot.setpoint_ka_per_m == pytest.approx(86.4)
    assert snapshot.measured_ka_per_m == pytest.approx(0.72)
    assert (snapshot.output_on, snapshot.frequency_hz) == (False, 140_000.0)


async def test_without_watts_and_with_blank_fields():
    """0112 page 46: seven fields, some may be blank."""
    pair = (b"1,rdata\r", b"1,1,100.0,99.5,388,,\r\n")
    snapshot = await played(SEVEN, [pair], lambda driver: driver.poll())
    assert (snapshot.output_on, snapshot.frequency_hz) == (True, 388_000.0)
    assert (snapshot.watchdog_on, snapshot.limit_ka_per_m) == (None, None)


async def test_amperes_are_cut_and_never_rounded_up():
    """5 kA/m at 0.072 kA/m per ampere are 69.444 A: the cap is the cap (H52)."""
    pairs = [PREPARED, (START, b"1,1,69.44,69.4,96,100,20,215\r\n")]
    snapshot = await played(EIGHT, pairs, heated)
    assert snapshot.output_on
    assert snapshot.setpoint_ka_per_m <= 5.0


async def test_an_acknowledgement_is_taken_and_not_waited_for():
    pairs = [PREPARED, (START, b"OK\r\nOK\r\n1,1,69.44,69.4,96,100,20,215\r\n")]
    assert (await played(EIGHT, pairs, heated)).output_on


async def test_heat_that_does_not_come_on_says_where_to_look():
    """0112 page 46: `hon` works only when start-from is RS485 (H16)."""
    pairs = [PREPARED, (START, b"1,0,69.44,0,0,0,0,215\r\n")]
    with pytest.raises(DeviceFault, match="start-from"):
        await played(EIGHT, pairs, heated)


async def test_a_set_point_that_was_not_taken_is_not_believed():
    """0112 page 46: `amps` works only when control-from is RS485 (H21)."""
    pairs = [PREPARED, (START, b"1,1,120.0,119,200,100,20,215\r\n")]
    with pytest.raises(ProtocolError, match="does not confirm"):
        await played(EIGHT, pairs, heated)


async def test_another_address_is_not_this_supply():
    """On RS-485 others may answer (H20)."""
    with pytest.raises(ProtocolError):
        await played(
            EIGHT, [(b"1,rdata\r", b"2,0,0.0,0,0,0,0,1\r\n")], lambda driver: driver.poll()
        )


@pytest.mark.parametrize("field", [5.1, -0.1, math.nan, math.inf])
async def test_above_the_limit_nothing_is_sent(field):
    """H52, H40: the supply has no limit register, so the driver holds the cap."""

    async def act(driver):
        await driver.prepare(5.0)
        with pytest.raises(RangeRefusedError):
            await driver.apply(leave(field))

    await played(EIGHT, [PREPARED], act)


async def test_a_permit_that_expired_is_not_sent():
    async def act(driver):
        await driver.prepare(7.5)
        with pytest.raises(RangeRefusedError, match="expired"):
            await driver.apply(leave(5.0, expires_at=0.0))

    await played(EIGHT, [PREPARED], act)


async def test_off_goes_out_first_and_is_shown():
    """0112 page 46: `hoff` is always obeyed, whatever starts it (H16)."""
    pairs = [(OFF + b"1,rdata\r", b"1,0,69.44,0,0,0,0,215\r\n")]
    assert not (await played(EIGHT, pairs, lambda driver: driver.off())).output_on


class Listening(AmbrellTwin):
    """A twin that keeps all that it hears."""

    heard = b""

    def feed(self, data, t, client=0):
        self.heard += data
        return super().feed(data, t, client)


@pytest.mark.parametrize("step", ["open", "prepare", "apply", "poll", "off"])
def test_no_key_that_moves_the_set_point_is_ever_sent(step):
    """Page 44: `]` and `[` act wherever they stand; address 0 is everybody (catalogue 19)."""

    async def main():
        twin = Listening(0.0, Model())
        driver = cast(
            FieldSource, EIGHT.spec.make(Link(MemoryTransport(twin, "x")), Setup((), OPTIONS))
        )
        await driver.open()
        await driver.prepare(7.5)
        now = asyncio.get_running_loop().time()
        await {
            "open": driver.open,
            "prepare": lambda: driver.prepare(5.0),
            "apply": lambda: driver.apply(leave(5.0, now + 1.0)),
            "poll": driver.poll,
            "off": driver.off,
        }[step]()
        await driver.close()
        assert not {*b"[]"} & {*twin.heard}
        assert all(line[:2] == b"1," for line in twin.heard.split(b"\r") if line)

    run_virtual(main())
