# SPDX-License-Identifier: Apache-2.0
"""Neoptix Reflex: pairs from the Omega FOB100 manual, pages 13 to 16."""

import re

import pytest

from mnht_controller.devices.errors import DeviceFault, ProtocolError
from mnht_controller.devices.framing import PromptFramer
from mnht_controller.domain.reading import Quality
from tests.drivers.cases import played, sampled
from tests.drivers.cases.neoptix_reflex import CASES

(REFLEX,) = CASES
CELSIUS = (b"uc\r", b"*")


async def test_one_signed_line_a_channel_and_the_prompt():
    """Page 15: `t` gives `+24.3 +24.5 …`, one line each, then the asterisk."""
    readings = await sampled(REFLEX, CELSIUS, (b"t\r", b"+24.3\r-04.5\r*"))
    assert [readings[n].value for n in (1, 2)] == [24.3, -4.5]


@pytest.mark.parametrize("token", ["---.-", "OL", "nan", "24.3", "+24", "+24,3", "+2400.0"])
async def test_what_is_no_signed_number_is_bad(token):
    """Page 15: `---.-` is no probe; nothing else but a sign and one decimal is one (H03)."""
    readings = await sampled(REFLEX, CELSIUS, (b"t\r", f"{token}\r+24.5\r*".encode()))
    assert (readings[1].value, readings[1].quality) == (None, Quality.BAD)
    assert (readings[1].detail, readings[2].value) == (token, 24.5)


async def test_warming_up_is_a_fault_of_the_instrument():
    """Page 15: `Err1` in place of the prompt."""
    with pytest.raises(DeviceFault, match="warming"):
        await sampled(REFLEX, CELSIUS, (b"t\r", b"Err1"))


async def test_a_missing_line_spoils_the_whole_reply():
    """Which channel is missing cannot be known (H06)."""
    with pytest.raises(ProtocolError):
        await sampled(REFLEX, CELSIUS, (b"t\r", b"+24.3\r*"))


async def test_a_stream_that_somebody_left_on_is_stopped_after_the_identity():
    """Page 15: `ta+` sends `C:i;T: ±xxx.x` unasked."""
    pairs = ((b"uc\r", b"C:1;T: +024.3\r*"), (b"t\r", b"+24.3\r+24.5\r*"))
    readings = await played(REFLEX, pairs, lambda driver: driver.sample())
    assert readings[1].value == 24.3


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_an_asterisk_inside_a_line_is_no_prompt(size):
    """Page 16: `y` marks a weak probe with `1.09*`."""
    framer = PromptFramer(re.compile(rb"\*|Err\d"))
    data = b"CH1: power:1.09*, lamp\rCH2: power:2.61\r*+24.3\r*Err1"
    frames = [f for i in range(0, len(data), size) for f in framer.feed(data[i : i + size])]
    assert frames == [b"CH1: power:1.09*, lamp\rCH2: power:2.61\r*", b"+24.3\r*", b"Err1"]
    assert not framer.has_partial
