# SPDX-License-Identifier: Apache-2.0
"""The ADAM-4050 twin speaks as the ADAM-4000 manual's chapter 7 and appendix F print it."""

import pytest

from sim_hardware.devices.auxiliaries.adam4050 import Adam4050Twin


def said(twin, data, t=1.0):
    return b"".join(reply for _, reply in twin.feed(data, t))


def at(address, **options):
    twin = Adam4050Twin(address, **options)
    said(twin, b"$%02X5\r" % address)
    return twin


def test_all_outputs_and_one_output():
    """p7-9: #140005 switches channels 0 and 2 on; #151201 channel 2."""
    twin = at(0x14)
    assert said(twin, b"#140005\r") == b">\r"
    assert twin.outputs == 0x05
    twin = at(0x15)
    assert said(twin, b"#151201\r") == b">\r"
    assert twin.outputs == 0x04
    assert said(twin, b"#151200\r") == b">\r"
    assert twin.outputs == 0


def test_live_data():
    """p7-7: $336 gives !112200, outputs 0 and 4 on, inputs 1 and 5 high."""
    twin = at(0x33)
    said(twin, b"#330011\r")
    twin.inject("input", "1:1", 1.0)
    twin.inject("input", "5:1", 1.0)
    assert said(twin, b"$336\r") == b"!112200\r"


def test_sampled_data_are_fresh_once():
    """p7-13: after #**, $064 gives !1055100 and then !0055100."""
    twin = at(0x06)
    said(twin, b"#060005\r")
    for number in (0, 4, 6):
        twin.set_input(number, is_open=True)
    assert said(twin, b"#**\r") == b""
    twin.set_input(0, is_open=False)
    assert said(twin, b"$064\r") == b"!1055100\r"
    assert said(twin, b"$064\r") == b"!0055100\r"


def test_the_reset_flag_is_told_once():
    """p7-16: $395 gives !391 after a restart, then !390."""
    twin = Adam4050Twin(0x39)
    assert said(twin, b"$395\r") == b"!391\r"
    assert said(twin, b"$395\r") == b"!390\r"
    said(twin, b"#3900FF\r")
    twin.inject("reboot", "", 1.0)
    assert (twin.outputs, twin.closed(1.0)) == (0, False)
    assert said(twin, b"$395\r") == b"!391\r"


def test_configuration_name_and_version():
    """p7-14: type 40, 9600 Bd is 06, bit 6 is the checksum; p7-18, p7-19."""
    assert said(at(1), b"$012\r") == b"!01400600\r"
    assert said(at(1), b"$01M\r") == b"!014050\r"
    assert said(at(1), b"$01F\r") == b"!01SIM1.0\r"


def test_checksums():
    """Appendix F: `$012` has B7 for its checksum; 40 says that it is on."""
    twin = Adam4050Twin(has_checksum=True)
    assert said(twin, b"$012B7\r") == b"!01400640B0\r"
    assert said(twin, b"$012B8\r") == b""
    assert said(twin, b"$012\r") == b""
    assert said(twin, b"\r") == b""


@pytest.mark.parametrize(
    "line", [b"$026", b"$016 ", b"$01f", b"$013", b"#01100", b"#0110001", b"*IDN?", b"$016\n", b""]
)
def test_a_syntax_error_or_another_address_is_silence(line):
    assert said(at(1), line + b"\r") == b""


@pytest.mark.parametrize(
    "line", [b"#011801", b"#011002", b"#012001", b"%0101400740", b"%0101400640"]
)
def test_what_is_invalid_is_refused(line):
    """`?AA`: no such channel or value; configuration without INIT*."""
    twin = at(1)
    assert said(twin, line + b"\r") == b"?01\r"
    assert (twin.outputs, twin.module, twin.has_checksum) == (0, "01", False)


def test_its_address_may_change():
    twin = at(1)
    assert said(twin, b"%0124400600\r") == b"!24\r"
    assert said(twin, b"$01M\r") == b""
    assert said(twin, b"$24M\r") == b"!244050\r"


def test_faults_move_inputs():
    twin = at(1)
    twin.inject("e_stop", "", 1.0)
    twin.inject("door", "", 1.0)
    twin.inject("input", "3:1", 1.0)
    assert said(twin, b"$016\r") == b"!000B00\r"
    twin.inject("input", "3:0", 1.0)
    twin.clear("door")
    assert said(twin, b"$016\r") == b"!000100\r"
    twin.clear("input")
    assert said(twin, b"$016\r") == b"!000000\r"


@pytest.mark.parametrize(("verb", "argument"), [("input", "7:1"), ("input", "1"), ("melt", "")])
def test_an_unknown_fault_is_refused(verb, argument):
    with pytest.raises(ValueError, match="no "):
        at(1).inject(verb, argument, 1.0)


def test_the_permit_is_one_outputs_contact():
    twin = at(1, permit_output=3)
    said(twin, b"#011301\r")
    assert twin.closed(1.0)
    said(twin, b"#011300\r")
    assert not twin.closed(1.0)


def test_a_twin_says_so():
    with pytest.raises(ValueError, match="SIM"):
        Adam4050Twin(firmware="A2.3")


def test_half_a_line_waits_for_its_end_and_a_carriage_return_ends_it():
    twin = at(1)
    assert said(twin, b"#0110") == b""
    assert said(twin, b"\r#011001\r") == b">\r"
    assert twin.outputs == 1
