# SPDX-License-Identifier: Apache-2.0
"""Twin of some thermometer that answers a question with a line of text: no product's protocol.

It stands for what laboratories describe by configuration: `?T` gives all channels in one line,
`?Tn` one of them, `?ID` who it is. Every byte is ours.
"""

from collections.abc import Mapping

from sim_hardware.devices.lines import LineTwin, twin_serial
from sim_hardware.devices.probes import ProbeBank, Temperature

SAMPLE_S = 0.05
NO_PROBE = "-----"


class AsciiLineTwin(LineTwin):
    """`T1=41.20 T2=44.50`, ended by `end`.

    Faults: those of ProbeBank; reboot (argument: seconds of silence).
    """

    ends = b"\r"

    def __init__(
        self,
        channels: Mapping[int, Temperature],
        serial: str = "SIM0002",
        end: str = "\r\n",
    ) -> None:
        super().__init__()
        self._serial, self._end = twin_serial(serial), end
        self.bank = ProbeBank(channels, SAMPLE_S)
        self._silent_until = 0.0

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Answer a question; anything else is `?`."""
        if self.bank.is_stalled or t < self._silent_until:
            return b""
        text = line.decode("ascii", "replace").strip()
        if text == "?ID":
            said = f"THERMO 4 {self._serial}"
        elif text == "?T":
            said = " ".join(f"T{n}={self._text(n, t)}" for n in self.bank.numbers)
        elif text[:2] == "?T" and text[2:].isdigit() and int(text[2:]) in self.bank.numbers:
            said = f"T{text[2:]}={self._text(int(text[2:]), t)}"
        else:
            said = "?"
        return (said + self._end).encode()

    def _text(self, channel: int, t: float) -> str:
        celsius = self.bank.celsius(channel, t)
        return self.bank.token(channel, NO_PROBE) if celsius is None else f"{celsius:.2f}"

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self._silent_until = t + float(argument or 2.0)
        else:
            self.bank.inject(verb, argument, t)

    def clear(self, verb: str) -> None:
        """End it."""
        self.bank.clear(verb)
