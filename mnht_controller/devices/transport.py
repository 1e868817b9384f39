# SPDX-License-Identifier: Apache-2.0
"""Bytes in, bytes out: the only thing a front must offer, and the only thing `simulate` replaces.

Transports raise nothing but TimeoutError and OSError; Link maps them to the DeviceError tree.
"""

from typing import Protocol


class Transport(Protocol):
    """One owner, one connection. All times are seconds of the event loop's clock."""

    @property
    def resource(self) -> str:
        """The address, for messages."""

    async def open(self) -> None:
        """Connect. OSError (errno set where known) when missing, busy or refused."""

    async def write(self, data: bytes) -> None:
        """Send all of it before the link's deadline, or raise."""

    async def read(self, timeout_s: float) -> bytes:
        """Return what has arrived (at least one byte), TimeoutError, or OSError on hang-up."""

    async def close(self) -> None:
        """Close. Idempotent, never raises."""
