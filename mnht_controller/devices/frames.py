# SPDX-License-Identifier: Apache-2.0
"""The lower half of a link: a transport, cut into whole frames; nothing but DeviceError up.

The only place where a transport's exceptions are seen.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from mnht_controller.devices.errors import ConnectError, LinkLostError
from mnht_controller.devices.framing import Framer
from mnht_controller.devices.sentences import why_not_open
from mnht_controller.devices.transport import Transport


@dataclass(slots=True)
class Tally:
    """What went wrong on a link since it was made."""

    discarded: int = 0
    unsolicited: int = 0
    timeouts: int = 0
    echoes: int = 0


class Frames:
    """One connection. `backlog` holds the frames that came and were not taken yet."""

    def __init__(self, transport: Transport, framer: Framer) -> None:
        self._transport = transport
        self.framer = framer
        self.backlog: list[bytes] = []
        self.is_open = False
        self.is_torn = False
        """A write was cancelled: half a line may be out."""
        self.gap_s = 0.0
        self._wrote_at = 0.0

    @property
    def resource(self) -> str:
        """The address, for messages."""
        return self._transport.resource

    @property
    def has_more(self) -> bool:
        """Whether anything came, whole or begun, that nobody has taken."""
        return bool(self.backlog) or self.framer.has_partial

    async def open(self) -> None:
        """Connect anew; what an earlier connection left is gone. ConnectError."""
        await self.shut()
        try:
            await self._transport.open()
        except Exception as error:
            raise ConnectError(why_not_open(self.resource, error)) from error
        self.framer.clear()
        self.backlog.clear()
        self.is_open, self.is_torn = True, False

    async def receive(self, timeout_s: float) -> bool:
        """Read once into the backlog; False when nothing came in time. LinkLostError."""
        try:
            data = await self._transport.read(timeout_s)
            frames = self.framer.feed(data)
        except TimeoutError as error:
            if error.errno is None:
                return False
            raise await self.lost(str(error)) from error
        except Exception as error:
            raise await self.lost(f"{type(error).__name__}: {error}") from error
        if not data:
            raise await self.lost("end of file")
        self.backlog += frames
        return True

    async def write(self, data: bytes) -> None:
        """Send all of it, `gap_s` after the last write. LinkLostError.

        After a write that was cut off only what ends the half line first, an OFF, may follow.
        """
        if self.is_torn and data[:1] not in (b"\n", b"\r"):
            raise await self.lost("a write was cut off: the next would join the half line")
        await self._gap()
        try:
            await self._transport.write(data)
        except Exception as error:
            raise await self.lost(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self.is_torn = True
            raise
        self._wrote_at = asyncio.get_running_loop().time()
        self.is_torn = False

    async def farewell(self, data: bytes) -> None:
        """Write what ends an output, if that is still possible. Never raises.

        It keeps the gap too: an instrument that is still busy would not hear its last OFF.
        """
        with suppress(Exception):  # closing never fails: the link is gone either way
            try:
                await self._gap()
            finally:  # who is cancelled meanwhile says it all the same
                await self._transport.write(data)

    async def _gap(self) -> None:
        wait_s = self._wrote_at + self.gap_s - asyncio.get_running_loop().time()
        if self.gap_s and wait_s > 0.0:
            await asyncio.sleep(wait_s)

    async def lost(self, why: str) -> LinkLostError:
        """Close, and make the error to raise."""
        await self.shut()
        return LinkLostError(
            f"{self.resource}: link lost ({why}); the link is closed; open the driver again"
        )

    async def shut(self) -> None:
        """Close. Never raises."""
        self.is_open = False
        with suppress(Exception):  # closing never fails: the link is gone either way
            await self._transport.close()
