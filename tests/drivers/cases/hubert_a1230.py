# SPDX-License-Identifier: Apache-2.0
"""HUBERT A1230: A1230-01 manual page 19, A1230-02 manual pages 22 and 23."""

from drivers.hubert_a1230 import SPEC, HubertOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.auxiliaries.hubert import HubertTwin
from tests.drivers.cases import Case

TYPE = (b"\x03\x01\x14", b"\x04\x01\x14\x10")
FIRMWARE = (b"\x03\x01\x15", b"\x04\x01\x15\x21")
RELAY_OFF = (b"\x04\x01\x04\x00", b"\x03\x01\x04")
MODE = (b"\x03\x01\x55", b"\x04\x01\x55\x00")


def read(status=0xD1, errors=0, signal=1, again=None):
    """One reading. 0xD1: ready, 50R relay, both voltages high; output relay open."""
    again = status if again is None else again
    return (
        (b"\x03\x01\x01", bytes((4, 1, 0x01, status))),
        (b"\x03\x01\x01", bytes((4, 1, 0x01, again))),
        (b"\x03\x01\x09", bytes((4, 1, 0x09, errors))),
        (b"\x03\x01\x56", bytes((4, 1, 0x56, signal))),
    )


OPENING = (TYPE, FIRMWARE, RELAY_OFF, *read(), MODE)

CASES = (
    Case(
        SPEC,
        opening=OPENING,
        twin=lambda _: HubertTwin(),
        setup=Setup((), HubertOptions()),
        identity_steps=2,
    ),
)
