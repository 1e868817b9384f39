# SPDX-License-Identifier: Apache-2.0
"""A serial port through pyserial: 8N1, no flow control, locked against a second user."""

from mnht_controller.devices.port_lock import PortLock
from mnht_controller.devices.threaded import SLICE_S, WRITE_S, ThreadedTransport, waiting_bytes


class PySerialTransport(ThreadedTransport):
    """A tty path such as `/dev/serial/by-id/…`; bytes sent before `open` are lost (pyserial)."""

    def __init__(self, path: str, baud: int) -> None:
        super().__init__(path)
        self._baud = baud

    def connect(self) -> "SerialPort":
        """Lock the path, then open it."""
        return SerialPort(self.resource, self._baud)


class SerialPort:
    """pyserial's port behind the `Port` protocol. pyserial is imported on first use only."""

    def __init__(self, path: str, baud: int) -> None:
        from serial import Serial

        self._lock = PortLock(path)
        try:
            # No `exclusive=True`: it would take the same flock, which our lock already holds.
            self._serial = Serial(path, baud, timeout=SLICE_S, write_timeout=WRITE_S)
        except BaseException:
            self._lock.release()
            raise

    def write(self, data: bytes) -> None:
        """Send all of it, or raise after the write time-out."""
        self._serial.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Give what has arrived within the time."""
        count = waiting_bytes(self._serial.fileno(), timeout_s)
        return self._serial.read(count) if count else b""

    def close(self) -> None:
        """Close, then unlock."""
        try:
            self._serial.close()
        finally:
            self.unlock()

    def unlock(self) -> None:
        """Let another opener in."""
        self._lock.release()
