# SPDX-License-Identifier: Apache-2.0
"""Advantech ADAM-4050: ADAM-4000 manual chapter 7, with and without checksum (appendix F)."""

from drivers.advantech_adam4050 import SPEC, AdamOptions
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.testing import Pair
from sim_hardware.devices.auxiliaries.adam4050 import Adam4050Twin
from tests.drivers.cases import Case

POLL = ((b"#**", b""), (b"$014", b"!1000000"), (b"$015", b"!010"))
PAIRS = (
    (b"$01M", b"!014050"),
    (b"$01F", b"!01SIM1.0"),
    (b"#011000", b">"),
    *POLL[:2],
    (b"$015", b"!011"),
    *POLL,
)
OFF = b"#011000"
"""The only command that may come to a module that holds half a line: a CR ends that first."""


def summed(text: bytes) -> bytes:
    """With the manual's checksum."""
    return text + b"%02X" % (sum(text) & 0xFF)


def spoken(pairs: tuple[tuple[bytes, bytes], ...], *, is_summed: bool = False) -> tuple[Pair, ...]:
    """The same conversation as it is on the wire."""

    def line(text: bytes) -> bytes:
        return (summed(text) if is_summed else text) + b"\r" if text else b""

    return tuple((b"\r" * (sent == OFF) + line(sent), line(said)) for sent, said in pairs)


def case(*, is_summed: bool) -> Case:
    options = AdamOptions(inputs={"0": "e_stop", "1": "door"}, checksum=is_summed)
    return Case(
        SPEC,
        opening=spoken(PAIRS, is_summed=is_summed),
        twin=lambda _: Adam4050Twin(has_checksum=is_summed),
        setup=Setup((), options),
        identity_steps=2,
    )


CASES = (case(is_summed=False), case(is_summed=True))
