# SPDX-License-Identifier: Apache-2.0
"""What a Keysight 33500 keeps and says again, and which moves no output of its twin.

Documented (33500 guide, pages 177, 264, 265, 318; 33521A guide, page 108; pymeasure's and QCoDeS's
drivers): the headers, their words, trigger timer and burst ranges. From memory of the guide: the
other ranges and defaults.
"""

from types import MappingProxyType

from sim_hardware.devices.scpi_syntax import SECONDS, Range, ScpiError

NUMBERS = MappingProxyType(
    {
        "[SOURce:]PHASe": Range(-360.0, 360.0, 0.0, ("DEG",)),
        "[SOURce:]FUNCtion:SQUare:DCYCle": Range(0.01, 99.99, 50.0),
        "[SOURce:]FUNCtion:SQUare:PERiod": Range(33e-9, 1e6, 1e-3, SECONDS),
        "[SOURce:]FUNCtion:RAMP:SYMMetry": Range(0.0, 100.0, 100.0),
        "[SOURce:]FUNCtion:PULSe:WIDTh": Range(16e-9, 1e6, 1e-4, SECONDS),
        "[SOURce:]FUNCtion:PULSe:PERiod": Range(33e-9, 1e6, 1e-3, SECONDS),
        "[SOURce:]FUNCtion:PULSe:DCYCle": Range(0.01, 99.99, 10.0),
        "[SOURce:]FUNCtion:PULSe:TRANsition[:LEADing]": Range(8.4e-9, 1e-6, 1e-8, SECONDS),
        "[SOURce:]FUNCtion:PULSe:TRANsition:TRAiling": Range(8.4e-9, 1e-6, 1e-8, SECONDS),
        "[SOURce:]FUNCtion:ARBitrary:SRATe": Range(1e-6, 160e6, 40e3),
        "[SOURce:]BURSt:PHASe": Range(-360.0, 360.0, 0.0, ("DEG",)),
        "[SOURce:]BURSt:INTernal:PERiod": Range(1e-6, 8e3, 1e-2, SECONDS),
        "TRIGger:COUNt": Range(1.0, 1e6, 1.0),
        "TRIGger:DELay": Range(0.0, 1e3, 0.0, SECONDS),
        "TRIGger:TIMer": Range(1e-6, 8e3, 1.0, SECONDS),
    }
)
"""With their ranges and defaults."""

WORDS = MappingProxyType(
    {
        "[SOURce:]FREQuency:MODE": ("CW", "LIST", "SWEep", "FIXed"),
        "[SOURce:]FUNCtion:PULSe:HOLD": ("WIDTh", "DCYCle"),
        "[SOURce:]FUNCtion:ARBitrary:ADVance": ("SRATe", "TRIGger"),
        "[SOURce:]FUNCtion:ARBitrary:FILTer": ("NORMal", "STEP", "OFF"),
        "[SOURce:]BURSt:GATE:POLarity": ("NORMal", "INVerted"),
        "OUTPut:POLarity": ("NORMal", "INVerted"),
        "OUTPut:SYNC:MODE": ("NORMal", "CARRier", "MARKer"),
        "OUTPut:SYNC:POLarity": ("NORMal", "INVerted"),
        "OUTPut:SYNC:SOURce": ("CH1",),
        "OUTPut:TRIGger:SLOPe": ("POSitive", "NEGative"),
        "TRIGger:SLOPe": ("POSitive", "NEGative"),
        "TRIGger:SOURce": ("IMMediate", "EXTernal", "TIMer", "BUS"),
        "UNIT:ANGLe": ("DEGree", "RADian", "SECond"),
    }
)
"""The first is the default; the short form is what is said."""

SWITCHES = MappingProxyType({"OUTPut:SYNC[:STATe]": True, "OUTPut:TRIGger[:STATe]": False})
BOTH_EDGES = (
    "[SOURce:]FUNCtion:PULSe:TRANsition[:LEADing]",
    "[SOURce:]FUNCtion:PULSe:TRANsition:TRAiling",
)


def short(word: str) -> str:
    """Take the capitals of `TRIGger`."""
    return "".join(letter for letter in word if not letter.islower())


def chosen(text: str, words: tuple[str, ...]) -> str:
    """Read a word in its short or long form; -224 for any other."""
    for word in words:
        if text.upper() in {word.upper(), short(word)}:
            return short(word)
    raise ScpiError(-224, f"Illegal parameter value;{text}")
