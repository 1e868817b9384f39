# SPDX-License-Identifier: Apache-2.0
"""Any Modbus thermometer by configuration; shown as a LumaSMART (manual page 96)."""

import math
import struct

import pytest

from drivers.generic_modbus import SPEC, ModbusChannel, ModbusOptions
from mnht_controller.domain.reading import Quality
from tests.drivers.cases import Case, sampled
from tests.drivers.cases.generic_modbus import ASKED, CASES, framed

(LUMASMART,) = CASES


def cdab(*values):
    """float32 with the low word first."""
    words = []
    for value in values:
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        words += [low, high]
    return framed(4, 4 * len(values), *struct.pack(f">{len(words)}H", *words))


ONE, TWO = framed(4, 0, 0, 0, 4), framed(4, 0, 4, 0, 4)


async def test_number_and_strength_come_in_one_reply():
    readings = await sampled(LUMASMART, (ONE, cdab(41.2, 75.0)), (TWO, cdab(44.5, 75.0)))
    assert readings[1].value == pytest.approx(41.2, abs=1e-4)


@pytest.mark.parametrize(
    ("celsius", "strength"), [(math.nan, 75.0), (math.inf, 75.0), (41.2, 5.0), (41.2, math.nan)]
)
async def test_no_number_or_too_little_signal_is_bad(celsius, strength):
    """H03, H40."""
    readings = await sampled(LUMASMART, (ONE, cdab(celsius, strength)), (TWO, cdab(44.5, 75.0)))
    assert (readings[1].value, readings[1].quality) == (None, Quality.BAD)


@pytest.mark.parametrize(
    ("channel", "data", "celsius"),
    [
        (ModbusChannel(start=10, type="i16", scale=0.1), (0x01, 0x9C), 41.2),
        (ModbusChannel(start=10, type="i16", scale=0.1), (0xFF, 0xD3), -4.5),
        (ModbusChannel(start=10, type="u16", scale=0.01, offset=-100.0), (0x37, 0x28), 41.2),
        (ModbusChannel(start=10, type="i32", scale=0.001), (0, 0, 0xA0, 0xF0), 41.2),
        (ModbusChannel(start=10, type="u32", order="CDAB"), (0, 41, 0, 0), 41.0),
        (ModbusChannel(start=10, type="f32"), tuple(struct.pack(">f", 41.5)), 41.5),
        (ModbusChannel(start=10, type="f32", order="BADC"), (0x26, 0x42, 0, 0), 41.5),
        (ModbusChannel(start=10, type="f32", order="DCBA"), (0, 0, 0x26, 0x42), 41.5),
    ],
)
async def test_types_orders_and_scales(channel, data, celsius):
    options = ModbusOptions(channels=(channel,), function=4, identity_start=64, identity=(0, 0))
    case = Case(SPEC, (ASKED, ASKED), LUMASMART.twin, type(LUMASMART.setup)((1,), options))
    request = framed(4, 0, 10, 0, len(data) // 2)
    readings = await sampled(case, (request, framed(4, len(data), *data)))
    assert readings[1].value == pytest.approx(celsius, abs=1e-6)


async def test_a_raw_value_that_means_no_probe():
    channel = ModbusChannel(start=10, invalid=(-9999.0,))
    options = ModbusOptions(channels=(channel,), function=4, identity_start=64, identity=(0, 0))
    case = Case(SPEC, (ASKED, ASKED), LUMASMART.twin, type(LUMASMART.setup)((1,), options))
    readings = await sampled(case, (framed(4, 0, 10, 0, 1), framed(4, 2, 0xD8, 0xF1)))
    assert readings[1].detail == "raw -9999.0"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"type": "f64"}, "type"),
        ({"order": "ACBD"}, "order"),
        ({"start": 70_000}, "65534"),
        ({"worth": 500}, "away"),
    ],
)
def test_a_wrong_channel_is_refused_in_words(wrong, why):
    with pytest.raises(ValueError, match=why):
        ModbusChannel(**{"start": 0, **wrong})


@pytest.mark.parametrize("wrong", [{"address": 0}, {"function": 6}, {"identity": ()}])
def test_wrong_options_are_refused_in_words(wrong):
    with pytest.raises(ValueError, match=r"address|identity"):
        ModbusOptions(**{"channels": (ModbusChannel(start=0),), "identity": (0,), **wrong})
