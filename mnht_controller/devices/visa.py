# SPDX-License-Identifier: Apache-2.0
"""An instrument through pyvisa: `TCPIP…::SOCKET` and `ASRL…::INSTR`, bytes only.

pyvisa's own read throws away what came before a time-out, and pyvisa-py spins on a closed socket
and reports a refused one as open. So we wait on the descriptor ourselves and read what is there.
"""

import errno
import os
import socket
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mnht_controller.devices.port_lock import AddressLock, Lock, PortLock
from mnht_controller.devices.threaded import WRITE_S, ThreadedTransport, waiting_bytes

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource

LIBRARY = "@py"
OPEN_MS = 2000

ERRNO_BY_STATUS = MappingProxyType(
    {
        "error_resource_not_found": errno.ENOENT,
        "error_resource_busy": errno.EBUSY,
        "error_resource_locked": errno.EBUSY,
        "error_timeout": errno.ETIMEDOUT,
        "error_connection_lost": errno.ECONNRESET,
        "error_no_permission": errno.EACCES,
    }
)


class VisaTransport(ThreadedTransport):
    """One VISA resource; `baud` matters for ASRL only. Any error means close and reopen."""

    def __init__(self, resource: str, baud: int, library: str = LIBRARY) -> None:
        super().__init__(resource)
        self._baud = baud
        self._library = library

    def connect(self) -> "VisaPort":
        """Lock the address, then open the resource."""
        path = self.resource.removeprefix("ASRL").removesuffix("::INSTR")
        lock: Lock = PortLock(path) if path.startswith("/") else AddressLock(self.resource)
        try:
            instrument = _open(self.resource, self._baud, self._library)
        except BaseException:
            lock.release()
            raise
        port = VisaPort(instrument, lock)
        try:
            port.check_connected()
        except BaseException:
            port.close()
            raise
        return port


class VisaPort:
    """A pyvisa resource behind the `Port` protocol."""

    def __init__(self, instrument: "MessageBasedResource", lock: Lock) -> None:
        self._instrument = instrument
        self._lock = lock
        self._interface = _interface(instrument)
        fileno = getattr(self._interface, "fileno", None)
        self._descriptor = None if fileno is None else int(fileno())

    def check_connected(self) -> None:
        """Raise OSError for a socket that pyvisa-py opened although the peer refused."""
        if isinstance(self._interface, socket.socket):
            number = self._interface.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                raise OSError(number, os.strerror(number))
            self._interface.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        """Send all of it."""
        sent, _ = self._instrument.visalib.write(self._instrument.session, data)
        if sent != len(data):
            raise OSError(errno.EIO, f"only {sent} of {len(data)} bytes were sent")

    def read(self, timeout_s: float) -> bytes:
        """Give what has arrived within the time."""
        if self._descriptor is None:
            return self._read_bytewise(timeout_s)
        count = waiting_bytes(self._descriptor, timeout_s)
        return self._read(count) if count else b""

    def close(self) -> None:
        """Close, then unlock."""
        try:
            self._instrument.close()
        finally:
            self.unlock()

    def unlock(self) -> None:
        """Let another opener in."""
        self._lock.release()

    def _read(self, count: int) -> bytes:
        from pyvisa.constants import StatusCode

        with self._instrument.ignore_warning(StatusCode.success_max_count_read):
            data, _ = self._instrument.visalib.read(self._instrument.session, count)
        return data

    def _read_bytewise(self, timeout_s: float) -> bytes:
        """For libraries that hide their descriptor: single bytes cannot be half lost."""
        from pyvisa import VisaIOError
        from pyvisa.constants import StatusCode

        data = b""
        deadline = time.monotonic() + timeout_s
        while not data.endswith(b"\n") and (left_s := deadline - time.monotonic()) > 0.0:
            self._instrument.timeout = max(1.0, left_s * 1000.0)
            try:
                data += self._read(1)
            except VisaIOError as error:
                if error.error_code != StatusCode.error_timeout:
                    raise
        return data


def _open(resource: str, baud: int, library: str) -> "MessageBasedResource":
    import pyvisa
    from pyvisa.constants import ControlFlow, Parity, SerialTermination, StopBits

    try:
        # The manager is shared by all links of the process and stays open: closing it would
        # close every one of them.
        instrument: Any = pyvisa.ResourceManager(library).open_resource(
            resource, open_timeout=OPEN_MS, timeout=WRITE_S * 1000.0
        )
    except pyvisa.VisaIOError as error:
        number = ERRNO_BY_STATUS.get(pyvisa.constants.StatusCode(error.error_code).name, errno.EIO)
        raise OSError(number, str(error)) from error
    if resource.startswith("ASRL"):
        instrument.baud_rate, instrument.data_bits = baud, 8
        instrument.parity, instrument.stop_bits = Parity.none, StopBits.one
        instrument.flow_control = ControlFlow.none
        instrument.end_input = instrument.end_output = SerialTermination.none
    return instrument  # type: ignore[no-any-return]


def _interface(instrument: "MessageBasedResource") -> object:
    """pyvisa-py's own socket or serial port; None with any other library."""
    sessions = getattr(instrument.visalib, "sessions", {})
    return getattr(sessions.get(instrument.session), "interface", None)
