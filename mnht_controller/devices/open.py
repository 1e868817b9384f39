# SPDX-License-Identifier: Apache-2.0
"""From a resource string to the transport that can open it. Opens nothing itself."""

import re
from collections.abc import Callable

from mnht_controller.devices.errors import ConnectError
from mnht_controller.devices.serial_port import PySerialTransport
from mnht_controller.devices.stream import rfc2217, tcp
from mnht_controller.devices.transport import Transport
from mnht_controller.devices.visa import LIBRARY, VisaTransport

FORMS = (
    "`/dev/…`, `tcp://host:port`, `rfc2217://host:port`, or a VISA address such as"
    " `ASRL/dev/…::INSTR`, `TCPIP::host::port::SOCKET`"
)

Make = Callable[[str, int, str], Transport]

FRONTS: tuple[tuple[re.Pattern[str], Make], ...] = (
    (re.compile(r"/.+"), lambda path, baud, _: PySerialTransport(path, baud)),
    (re.compile(r"tcp://[^:/]+:\d+"), tcp),
    (re.compile(r"rfc2217://[^:/]+:\d+"), rfc2217),
    (re.compile(r"ASRL[^:].*::INSTR"), VisaTransport),
    (re.compile(r"TCPIP\d*::[^:]+::\d+::SOCKET"), VisaTransport),
    (re.compile(r"TCPIP\d*::[^:]+(::(inst|hislip)\d+)?::INSTR"), VisaTransport),
    (re.compile(r"USB\d*::.+::INSTR"), VisaTransport),
    (re.compile(r"GPIB\d*::\d+(::\d+)?::INSTR"), VisaTransport),
)
"""Which transport serves which form of address; the first whole match wins."""


def transport_for(resource: str, baud: int, library: str = LIBRARY) -> Transport:
    """Choose by the form of the address. `baud` is ignored by sockets; ConnectError if unknown."""
    for form, make in FRONTS:
        if form.fullmatch(resource):
            return make(resource, baud, library)
    raise ConnectError(f"{resource!r} is no address known here; write {FORMS}")
