# SPDX-License-Identifier: Apache-2.0
"""Luxtron FOT Lab Kit: manual pages 43 (the report) and 60."""

from drivers.luxtron_fot import SPEC
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.thermometers.luxtron import LuxtronTwin
from tests.drivers.cases import Case

REPORT = (
    b"LUXTRON CORP. Copyright 2002\r\n"
    b"M600 Fluoroptic Thermometer, Software Version 1.00\r\n"
    b"Serial # SIM2345\r\n"
    b"XYZ Corp. Model SuperPro 5000\r\n"
    b"PS = 1,2,3,4\r\nSM = 8\r\nMU = 1 S\r\nUN = CELSIUS\r\nDF = FULL\r\n"
    b"AE = ENABLE\r\nAS = 27.7778\r\nAO = -30.00 C\r\nCC = ENABLE\r\nCT = 75.00 C\r\n"
    b"MS = DISABLE\r\nST = ENABLE\r\n"
)
"""Page 43, but for a twin's serial number, and FULL for ABBR."""

WHO = (b"\x1bID ?\r\n", REPORT)

CASES = (
    Case(
        SPEC,
        opening=(WHO, WHO),
        twin=lambda _: LuxtronTwin({1: lambda _: 41.2, 2: lambda _: 44.5}, period_s=0.25),
        setup=Setup((1, 2)),
        expects={1: 41.2, 2: 44.5},
    ),
)
