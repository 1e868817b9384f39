# SPDX-License-Identifier: Apache-2.0
"""Which transport serves which form of address, and which names stand for the same place."""

import pytest

from mnht_controller.devices.errors import ConnectError
from mnht_controller.devices.open import FORMS, transport_for
from mnht_controller.devices.port_lock import AddressLock, place_of
from mnht_controller.devices.serial_port import PySerialTransport
from mnht_controller.devices.stream import StreamTransport
from mnht_controller.devices.visa import VisaTransport


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ("/dev/serial/by-id/usb-FTDI-if00-port0", PySerialTransport),
        ("tcp://10.0.0.7:5025", StreamTransport),
        ("rfc2217://gateway.lab:7000", StreamTransport),
        ("ASRL/dev/ttyS0::INSTR", VisaTransport),
        ("TCPIP0::10.0.0.7::5025::SOCKET", VisaTransport),
        ("TCPIP::10.0.0.7::INSTR", VisaTransport),
        ("TCPIP0::amp.lab::inst0::INSTR", VisaTransport),
        ("TCPIP::amp.lab::hislip0::INSTR", VisaTransport),
        ("USB0::0x0957::0x2C07::MY0001::INSTR", VisaTransport),
        ("GPIB0::6::INSTR", VisaTransport),
        ("GPIB::6::96::INSTR", VisaTransport),
    ],
)
def test_the_form_chooses(resource: str, kind: type) -> None:
    transport = transport_for(resource, 9600)
    assert type(transport) is kind
    assert transport.resource == resource


@pytest.mark.parametrize(
    "resource",
    ["", "auto", "COM3", "tcp://host", "tcp://:5025", "tcp://a:b:1", "rfc2217://host:port",
     "rfc2217://host:1/x", "TCPIP::host::SOCKET", "ASRL::INSTR", "TCPIP::h::vxi0::INSTR",
     "http://host:80", "GPIB::INSTR", " /dev/ttyS0", "tcp://host:1\n"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_would_be_right(resource: str) -> None:
    with pytest.raises(ConnectError) as caught:
        transport_for(resource, 9600)
    assert FORMS in str(caught.value)


@pytest.mark.parametrize(
    "resource",
    ["TCPIP::Amp.lab::5025::SOCKET", "TCPIP0::amp.LAB::05025::SOCKET", "tcp://AMP.lab:5025",
     "rfc2217://amp.lab:5025"],
)  # fmt: skip
def test_a_socket_is_one_place_however_it_is_written(resource: str) -> None:
    assert place_of(resource) == "amp.lab:5025"


@pytest.mark.shows("one_owner")
def test_h20_a_place_has_one_owner_under_all_its_names() -> None:
    assert place_of("USB0::1::2::3::INSTR") == "usb0::1::2::3::instr"
    held = AddressLock("tcp://mnht-test.invalid:5025")
    with pytest.raises(OSError, match="held by another process"):
        AddressLock("TCPIP0::MNHT-test.invalid::5025::SOCKET")
    AddressLock("tcp://mnht-test.invalid:5026").release()
    held.release()
    held.release()
    AddressLock("rfc2217://mnht-test.invalid:5025").release()
