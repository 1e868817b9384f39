# SPDX-License-Identifier: Apache-2.0
"""Drivers are found by entry point; addresses choose their transport."""

from dataclasses import replace

import pytest

from drivers.opsens_handysens import SPEC
from mnht_controller.devices import registry
from mnht_controller.devices.errors import ConnectError
from mnht_controller.devices.open import transport_for
from mnht_controller.devices.serial_port import PySerialTransport
from mnht_controller.devices.visa import VisaTransport


class Point:
    def __init__(self, load):
        self.name, self.load = "broken", load


def test_our_drivers_are_found_and_usable():
    for name in ("generic_scpi_source", "opsens_handysens"):
        assert name in registry.driver_names()
        assert registry.find_driver(name).name == name


def test_an_unknown_driver_lists_the_known_ones():
    with pytest.raises(registry.DriverUnknownError) as caught:
        registry.find_driver("opsens")
    assert "opsens_handysens" in str(caught.value)
    assert caught.value.known == registry.driver_names()


@pytest.mark.parametrize(
    ("load", "why"),
    [
        (lambda: 1 // 0, "ZeroDivisionError"),
        (lambda: "text", "no DriverSpec"),
        (lambda: SPEC, "calls itself"),
        (lambda: replace(SPEC, name="broken", baud=0), "baud"),
        (lambda: replace(SPEC, name="broken", period_s=0.0), "period_s"),
        (lambda: replace(SPEC, name="broken", noise=-1.0), "negative"),
        (lambda: replace(SPEC, name="broken", provenance=()), "no wire fact"),
        (lambda: replace(SPEC, name="broken", provenance=(("a", "b"),)), "provenance"),
    ],
)
def test_a_broken_driver_is_refused_with_a_reason(monkeypatch, load, why):
    monkeypatch.setattr(registry, "entry_points", lambda group: [Point(load)])
    with pytest.raises(registry.DriverUnknownError, match=why):
        registry.find_driver("broken")


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ("/dev/serial/by-id/usb-Opsens", PySerialTransport),
        ("ASRL/dev/ttyUSB0::INSTR", VisaTransport),
        ("TCPIP::127.0.0.1::5025::SOCKET", VisaTransport),
        ("TCPIP0::source.lab::5025::SOCKET", VisaTransport),
    ],
)
def test_the_address_chooses_the_transport(resource, kind):
    transport = transport_for(resource, 9600)
    assert type(transport) is kind
    assert transport.resource == resource


@pytest.mark.parametrize("resource", ["", "COM3", "ttyUSB0", "TCPIP::host::SOCKET", "auto"])
def test_an_address_of_no_known_form_is_refused(resource):
    with pytest.raises(ConnectError, match="TCPIP"):
        transport_for(resource, 9600)
