# SPDX-License-Identifier: Apache-2.0
"""The test kit finds what it promises to find."""

import re
from contextlib import suppress
from dataclasses import replace

import pytest

from drivers.opsens_handysens import SPEC
from mnht_controller.devices import errors
from mnht_controller.devices.link import Link
from mnht_controller.devices.testing import TranscriptError, conformance, expected_wire
from mnht_controller.domain.reading import Quality, Reading

IDN = (b"*IDN?\n", b"OPSENS,HandySens,SIM1,1.0\n\x04\n")


async def converse(pairs, *requests):
    with expected_wire(pairs) as wire:
        link = Link(wire)
        await link.open()
        await link.identify(b"*IDN?\n", re.compile(rb"OPSENS.*"))
        return [await link.query(request) for request in requests]


PLAIN_IDN = (b"*IDN?\n", b"OPSENS\n")


async def test_a_kept_conversation_passes():
    assert await converse([PLAIN_IDN, (b"A\n", b"1\n"), (b"B\n", b"2\n")], b"A\n", b"B\n") == [
        b"1",
        b"2",
    ]


async def test_leftovers_fail():
    with pytest.raises(TranscriptError, match="never sent b'A"):
        await converse([PLAIN_IDN, (b"A\n", b"1\n")])
    with (
        pytest.raises(TranscriptError, match="never read"),
        expected_wire([(b"A\n", b"1\n")]) as wire,
    ):
        await wire.write(b"A\n")


async def test_another_request_fails():
    with pytest.raises(errors.LinkLostError, match="TranscriptError"):
        await converse([PLAIN_IDN, (b"A\n", b"1\n")], b"B\n")
    with (
        pytest.raises(TranscriptError, match="sent b'B"),
        expected_wire([(b"A\n", b"1\n")]) as wire,
        suppress(TranscriptError),  # a driver that swallows it fails all the same
    ):
        await wire.write(b"B\n")


class Careless:
    """A driver with the usual sins."""

    def __init__(self, link, channels):
        self.link = link

    async def open(self):
        await self.link.open()
        await self.link.send(b"MEAS:STOP\n")
        return (await self.link.query(b"*IDN?\n")).decode()

    async def sample(self):
        return {1: Reading(float(await self.link.query(b"X\n")), Quality.GOOD, 0.0, 1)}

    async def close(self):
        raise RuntimeError


class Impatient(Careless):
    async def open(self):
        await self.link.open()
        raise KeyError("surprise")


async def test_conformance_names_the_sins():
    found = await conformance(
        replace(SPEC, make=Careless, period_s=0.0), [IDN, (b"MEAS:STOP\n", b"")]
    )
    text = "; ".join(found)
    for sin in ("period_s", "writes more than the identification", "close lets RuntimeError"):
        assert sin in text
    found = await conformance(replace(SPEC, make=Impatient), [IDN])
    assert "open lets KeyError through" in found


class Colorblind(Careless):
    """Knows its instrument, and does not ask which one it is."""

    async def open(self):
        await self.link.open()
        await self.link.identify(b"*IDN?\n", re.compile(b"OPSENS.*"))

    async def sample(self):
        raise errors.ReplyTimeoutError("nothing")

    async def close(self):
        await self.link.close()


async def test_h50_conformance_wants_a_serial_number_in_the_identity_pattern():
    found = await conformance(replace(SPEC, make=Colorblind), [PLAIN_IDN])
    assert found == ("open cannot tell a twin: its identity pattern needs a group `serial`",)


async def test_a_good_driver_has_none():
    assert await conformance(SPEC, [IDN]) == ()
