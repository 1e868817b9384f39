# SPDX-License-Identifier: Apache-2.0
"""The HUBERT twin's frames: A1230-01 manual page 19, A1230-02 manual pages 22 and 23."""

import pytest

from sim_hardware.devices.auxiliaries.hubert import HubertTwin


def said(twin, *frames, t=1.0):
    """What these frames are answered with, in hex."""
    data = bytes.fromhex("".join(frames))
    return b"".join(said for _, said in twin.feed(data, t)).hex(" ")


def status(twin, t=1.0):
    return int(said(twin, "030101", t=t).split()[3], 16)


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        ("04010201", "03 01 02"),  # page 19's own example: 50 ohm input on
        ("030106", "04 01 06 1f"),  # page 19's own example: heat sink
        ("030101", "04 01 01 c9"),  # ready, output relay, V+ and V-
        ("04010301", "03 01 03"),
        ("04010400", "03 01 04"),
        ("04010502", "03 01 05"),
        ("030108", "04 01 08 0c"),
        ("030109", "04 01 09 00"),
        ("0401100c", "03 01 10"),
        ("030111", "04 01 11 0c"),
        ("04011201", "03 01 12"),  # page 23: 0x12 sets the address, 0x13 asks for it
        ("04011264", "03 01 fe"),
        ("030112", "03 01 fe"),
        ("030113", "04 01 13 01"),
        ("030114", "04 01 14 10"),
        ("030115", "04 01 15 21"),
        ("04011621", "03 01 16"),
        ("030117", "04 01 17 11"),
        ("04015301", "03 01 53"),
        ("04015400", "03 01 54"),
        ("030155", "04 01 55 00"),
        ("030156", "04 01 56 01"),
        ("036401", "04 01 01 c9"),  # 100: all answer
        ("030201", ""),  # somebody else
        ("030177", "03 01 fe"),
        ("04017701", "03 01 fe"),
        ("04010402", "03 01 fe"),
        ("0501040101", "03 01 fe"),
    ],
)
def test_every_command_of_the_manual(frame, answer):
    assert said(HubertTwin(), frame) == answer


def test_frames_may_come_in_any_pieces_and_together():
    twin = HubertTwin()
    replies = [twin.feed(bytes((byte,)), 1.0) for byte in b"\x03\x01\x13"]
    assert [bool(reply) for reply in replies] == [False, False, True]
    assert said(twin, "04010401", "030113") == "03 01 04 04 01 13 01"


def test_half_a_frame_is_dropped_after_half_a_second():
    """Page 19: and said so, with 0xFD."""
    twin = HubertTwin()
    assert twin.feed(b"\x04\x01", 1.0) == []
    assert twin.next_at() == pytest.approx(1.5)
    assert twin.advance(1.49) == []
    assert twin.advance(1.5) == [(1.5, b"\x03\x01\xfd")]
    assert twin.next_at() is None
    assert said(twin, "030113", t=1.6) == "04 01 13 01"


def test_half_a_frame_of_one_client_is_not_another_one_s():
    twin = HubertTwin()
    twin.feed(b"\x04\x01", 1.0, client=1)
    assert twin.feed(b"\x03\x01\x13", 1.1, client=2)[0][1] == b"\x04\x01\x13\x01"
    twin.disconnect(1.2, client=1)
    assert twin.advance(9.0) == []


def test_what_begins_no_frame_is_forgotten():
    twin = HubertTwin()
    assert said(twin, "0001", "ff") == ""
    assert said(twin, "030113") == "04 01 13 01"


def test_its_start_configuration_is_of_inputs_and_voltages():
    """Page 23: 50R, 100k, V+, V-. That the output relay closes on power-up is assumed."""
    twin = HubertTwin()
    assert twin.closed(0.0)
    said(twin, "04011006", "04010400")
    twin.inject("reboot", "", 1.0)
    assert twin.closed(1.0)
    assert status(twin) & 0xF0 == 0x60  # 100k, V+
    said(twin, "04010500")
    assert status(twin) & 0xC0 == 0


def test_a_latching_interlock_opens_the_relay_until_it_is_reset():
    twin = HubertTwin()
    twin.inject("input", "interlock:open", 1.0)
    assert (twin.closed(1.0), status(twin) & 9) == (False, 0)
    assert said(twin, "030156") == "04 01 56 00"
    twin.clear("input")
    assert said(twin, "030156", "04010401") == "04 01 56 01 03 01 04"
    assert not status(twin) & 9  # the relay stays open: it is latched
    said(twin, "04015400", "04010401")
    assert status(twin) & 9 == 9
    assert twin.closed(1.0)


def test_resetting_an_interlock_that_is_open_does_not_help():
    twin = HubertTwin()
    twin.inject("input", "interlock:open", 1.0)
    said(twin, "04015400", "04010401")
    assert not twin.closed(1.0)
    twin.inject("input", "interlock:closed", 1.0)
    said(twin, "04010401")
    assert not twin.closed(1.0)


def test_a_live_interlock_only_holds_it_open_while_it_is_open():
    twin = HubertTwin()
    said(twin, "04015301")
    assert said(twin, "030155") == "04 01 55 01"
    twin.inject("input", "interlock:open", 1.0)
    assert not twin.closed(1.0)
    twin.clear("input")
    assert not twin.closed(1.0)  # nobody has closed the relay
    said(twin, "04010401")
    assert twin.closed(1.0)


def test_an_interlock_that_is_switched_off_does_nothing():
    twin = HubertTwin()
    twin.inject("panel_change", "mode:2", 1.0)
    twin.inject("input", "interlock:open", 1.0)
    assert twin.closed(1.0)
    assert said(twin, "030155") == "04 01 55 02"


@pytest.mark.parametrize(
    ("verb", "what", "errors", "bits"),
    [
        ("overload", "", 0x02, 0x02),
        ("overload", "short", 0x01, 0x02),
        ("overload", "loss", 0x08, 0x02),
        ("overload", "hot", 0x20, 0x04),
        ("panel_change", "transformer", 0x40, 0x04),
        ("overload", "hardware", 0x80, 0x00),
    ],
)
def test_errors_open_the_relay_and_have_their_bits(verb, what, errors, bits):
    twin = HubertTwin()
    twin.inject(verb, what, 1.0)
    assert said(twin, "030109") == f"04 01 09 {errors:02x}"
    assert status(twin) & 0x0F == bits
    assert not twin.closed(1.0)
    twin.clear(verb)
    said(twin, "04010401")
    assert twin.closed(1.0)


@pytest.mark.parametrize(
    ("verb", "what"), [("no_signal", ""), ("input", "door:open"), ("overload", "moon")]
)
def test_faults_that_it_has_not(verb, what):
    with pytest.raises(ValueError, match="no fault"):
        HubertTwin().inject(verb, what, 1.0)
