# SPDX-License-Identifier: Apache-2.0
"""HUBERT A1230: A1230-01 manual page 19, A1230-02 manual pages 22 and 23."""

from drivers.hubert_a1230 import SPEC, HubertOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.auxiliaries.hubert import HubertTwin
from tests.drivers.cases import Case

TYPE = (b"\x03\x01\x13", b"\x04\x01\x13\x10")
RELAY_OFF = (b"\x04\x01\x04\x00", b"\x03\x01\x04")
STATUS = (b"\x03\x01\x01", b"\x04\x01\x01\xd1")
ERRORS = (b"\x03\x01\x09", b"\x04\x01\x09\x00")
SIGNAL = (b"\x03\x01\x56", b"\x04\x01\x56\x01")
MODE = (b"\x03\x01\x55", b"\x04\x01\x55\x00")

CASES = (
    Case(
        SPEC,
        opening=(TYPE, RELAY_OFF, STATUS, STATUS, ERRORS, SIGNAL, MODE),
        twin=lambda _: HubertTwin(),
        setup=Setup((), HubertOptions()),
    ),
)
