# SPDX-License-Identifier: Apache-2.0
"""Frames `<length><address><command>[data]` whose length counts itself, without a checksum.

HUBERT A1230-01 manual, page 19. A reply carries address and command of its request.
"""

import re

from mnht_controller.devices.dialect import Tag
from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.link import Link, Request
from mnht_controller.devices.scpi import unconfirmed

HEAD, FRAME_MAX, UNKNOWN = 3, 16, 0xFE


def size_of(data: bytes) -> int:
    """The first byte is the length of the whole frame."""
    return data[0] if HEAD <= data[0] <= FRAME_MAX else -1


class Counted:
    """One instrument at one address."""

    def __init__(self, link: Link, address: int) -> None:
        self._link, self._address = link, address

    def frame(self, command: int, *data: int) -> bytes:
        """One frame."""
        return bytes((HEAD + len(data), self._address, command, *data))

    def one_byte(self, command: int) -> re.Pattern[bytes]:
        """A reply with one byte of data."""
        head = bytes((HEAD + 1, self._address, command))
        return re.compile(re.escape(head) + b".", re.DOTALL)

    def exactly(self, command: int, *data: int) -> re.Pattern[bytes]:
        """Just this frame."""
        return re.compile(re.escape(self.frame(command, *data)), re.DOTALL)

    def tag(self, *commands: int) -> Tag:
        """Commands that no sample asks, in turn; each has one byte of data.

        It cannot tell the answer to an earlier tag of the same command.
        """

        def tag(number: int) -> tuple[bytes, re.Pattern[bytes]]:
            command = commands[number % len(commands)]
            return self.frame(command), self.one_byte(command)

        return tag

    async def tell(self, command: int, *data: int) -> None:
        """Send a command with data; it is acknowledged."""
        await self._answer(self.frame(command, *data), command, HEAD)

    async def ask(
        self,
        command: int,
        *,
        instead: Request | None = None,
        lead: bytes = b"",
        urgent: bool = False,
    ) -> int:
        """Give the one byte that answers a command, which `instead` may carry behind others.

        `lead` goes first. A time-out frame (0xFD) is no answer: half a frame was dropped there.
        """
        request = instead or self.frame(command)
        answer = await self._answer(request, command, HEAD + 1, lead=lead, urgent=urgent)
        return answer[HEAD]

    async def _answer(
        self, request: Request, command: int, size: int, *, lead: bytes = b"", urgent: bool = False
    ) -> bytes:
        answer = await self._link.query(request, urgent=urgent, lead=lead)
        if len(answer) == HEAD and answer[2] == UNKNOWN:
            self._link.distrust()
            raise DeviceFault(f"{self._link.resource}: command {command:#04x} is unknown to it")
        if answer[:HEAD] != bytes((size, self._address, command)) or len(answer) != size:
            raise unconfirmed(self._link, answer)
        return answer
