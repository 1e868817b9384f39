# SPDX-License-Identifier: Apache-2.0
"""Advantech ADAM-4050: ADAM-4000 manual pages 238 to 248, with and without checksum."""

from drivers.advantech_adam4050 import SPEC, AdamOptions
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.testing import Pair
from sim_hardware.devices.auxiliaries.adam4050 import Adam4050Twin
from tests.drivers.cases import Case

PAIRS = (
    (b"$01M", b"!014050"),
    (b"$01F", b"!01SIM1.0"),
    (b"#011000", b">"),
    (b"$015", b"!011"),
    (b"#**", b""),
    (b"$014", b"!1000000"),
    (b"$015", b"!010"),
)


def summed(text: bytes) -> bytes:
    """With the manual's checksum."""
    return text + b"%02X" % (sum(text) & 0xFF)


def opening(*, is_summed: bool) -> tuple[Pair, ...]:
    def line(text: bytes) -> bytes:
        return (summed(text) if is_summed else text) + b"\r" if text else b""

    return tuple((line(sent), line(said)) for sent, said in PAIRS)


def case(*, is_summed: bool) -> Case:
    options = AdamOptions(inputs={"0": "e_stop", "1": "door"}, checksum=is_summed)
    return Case(
        SPEC,
        opening=opening(is_summed=is_summed),
        twin=lambda _: Adam4050Twin(has_checksum=is_summed),
        setup=Setup((), options),
        identity_steps=2,
    )


CASES = (case(is_summed=False), case(is_summed=True))
