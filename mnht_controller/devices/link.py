# SPDX-License-Identifier: Apache-2.0
"""One owner, one conversation: requests out, whole replies in, nothing but DeviceError up.

CLOSED → `open` → UNKNOWN → `identify` → CLEAN → a reply missed → DIRTY → a tag query → CLEAN. A
DIRTY link first drains to quiet and then proves with a tagged query that replies belong to requests
again. Where it cannot, it closes and raises LinkLostError: the caller runs the driver's `open`.
"""

import asyncio
import re
from collections.abc import Callable
from enum import StrEnum

from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.errors import (
    IdentityError,
    LinkLostError,
    ProtocolError,
    RangeRefusedError,
    ReplyTimeoutError,
)
from mnht_controller.devices.frames import Frames, Tally
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.identity import Expected, wrong_one
from mnht_controller.devices.transport import Transport
from mnht_controller.devices.turn import Turn

QUIET_S = 0.05
"""Silence that ends a drain. What comes later still cannot pass: the tag is answered after it."""

TAIL_S = 0.02
"""Silence after a tag's answer. Longer, and a command that went wrong could not be verified in
time."""

DRAIN_S_MAX = 2.0
"""A line that is never quiet is streaming or broken; two seconds are enough to know."""

DRAIN_READS_MAX = 4096
ATTEMPTS = 2
"""A tag or identity query is sent again once: a broken line before it spoils only the first."""

FRAMES_PER_REPLY_MAX = 64
FRAMES_KEPT_MAX = 256

Request = bytes | Callable[[], bytes]


class LinkState(StrEnum):
    """How far replies can be trusted to answer requests."""

    CLOSED = "closed"
    UNKNOWN = "unknown"
    """Connected, not identified: nothing but the identity query is written, not even an OFF."""
    CLEAN = "clean"
    DIRTY = "dirty"


class Link:
    """One connection to one instrument. All times are seconds of the running loop's clock.

    Every method raises DeviceError only. `answered_at` is when the last reply was complete.
    `tally` counts what went wrong. `expected` is who the site says is there; `identify` refuses
    another kind (real, simulated) and another serial number.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        dialect: Dialect | None = None,
        expected: Expected | None = None,
    ) -> None:
        self._expected = expected or Expected()
        self._dialect = dialect or Dialect(LineFramer())
        self._frames = Frames(transport, self._dialect.framer)
        self._turn = Turn()
        self._trust = LinkState.UNKNOWN
        self._tag = 0
        self.answered_at = 0.0
        self.tally = Tally()
        self.is_streaming = False
        """Whether the last drain never came to quiet."""

    @property
    def resource(self) -> str:
        """The address, for messages."""
        return self._frames.resource

    @property
    def state(self) -> LinkState:
        """CLOSED, UNKNOWN, CLEAN or DIRTY."""
        return self._trust if self._frames.is_open else LinkState.CLOSED

    def speak(self, dialect: Dialect) -> None:
        """Set the dialect; drivers call it when they are made."""
        self._dialect = dialect
        self._frames.framer, self._frames.gap_s = dialect.framer, dialect.gap_s

    async def open(self) -> None:
        """Connect anew and listen until quiet. Then only `identify` may write."""
        await self._turn.take()
        try:
            await self._frames.open()
            self._trust = LinkState.UNKNOWN
            await self._drain()
        finally:
            self._turn.release()

    async def identify(
        self,
        request: bytes,
        pattern: re.Pattern[bytes],
        *,
        anonymous: bool = False,
        partial: bool = False,
    ) -> re.Match[bytes]:
        """Ask who is there, before anything else is written; IdentityError for any other answer.

        The pattern must match a whole reply, which makes this query a tag as well, and name the
        group `serial`, by which a twin is told from a real instrument; an `anonymous` dialect
        carries no such thing. A `partial` answer is one of several, and the last one is judged.
        """
        await self._turn.take()
        try:
            self._require_open()
            self.distrust()
            found, last = await self._ask_who(request, pattern)
            if found is None:
                why = f"{last!r} answered {request!r}, which is another instrument"
                raise await self._refused(why, "the address or the driver")
            if not partial and (why := wrong_one(found, self._expected, anonymous=anonymous)):
                raise await self._refused(why, "the site or the address")
            self._trust = LinkState.CLEAN
            return found
        finally:
            self._turn.release()

    async def query(
        self,
        request: Request,
        *,
        timeout_s: float | None = None,
        urgent: bool = False,
        lead: bytes = b"",
        not_after: float | None = None,
    ) -> bytes:
        """Send one request; give the one whole reply that answers it, without its end.

        A request that carries a running number is a function, called when its turn has come.
        `lead` (an OFF) is written first, on a DIRTY link too: it needs no resynchronizing.
        Past `not_after` (loop time) nothing more is written: RangeRefusedError.
        """
        await self._turn.take(urgent=urgent)
        try:
            if lead:
                self._require_known()
                await self._write(lead)
            if self.state is not LinkState.CLEAN or await self._has_input():
                await self._resynchronize()
            if not urgent:
                self._give_way()
            if not_after is not None:
                self._refuse_late(not_after)
            data = request if isinstance(request, bytes) else request()
            return await self._ask(data, timeout_s or self._dialect.reply_s)
        finally:
            self._turn.release()

    async def send(
        self, data: Request, *, urgent: bool = False, not_after: float | None = None
    ) -> None:
        """Write without waiting for a reply, on a DIRTY link too: OFF needs no resynchronizing.

        Past `not_after` (loop time) nothing is written: RangeRefusedError.
        """
        await self._turn.take(urgent=urgent)
        try:
            self._require_known()
            if not_after is not None:
                self._refuse_late(not_after)
            await self._write(data if isinstance(data, bytes) else data())
        finally:
            self._turn.release()

    async def listen(self, timeout_s: float) -> list[bytes]:
        """Give the frames that an instrument sent unasked, at least one; ReplyTimeoutError.

        For instruments that push: `answered_at` is when the last of them was complete.
        """
        await self._turn.take()
        try:
            self._require_known()
            await self._frames.receive(0.0)
            first = await self._frame(asyncio.get_running_loop().time() + timeout_s, b"nothing")
            for _ in range(FRAMES_KEPT_MAX):
                if not await self._frames.receive(0.0):
                    break
            frames, self._frames.backlog = [first, *self._frames.backlog], []
            return frames[-FRAMES_KEPT_MAX:]
        finally:
            self._turn.release()

    def distrust(self) -> None:
        """Make the link DIRTY: the driver saw a reply that cannot be this request's answer."""
        if self._trust is LinkState.CLEAN:
            self._trust = LinkState.DIRTY

    async def close(self, last: bytes = b"") -> None:
        """Write `last` (an OFF) where that is still possible, then close. Never raises."""
        await self._turn.take(urgent=True)
        try:
            if last and self.state in (LinkState.CLEAN, LinkState.DIRTY):
                await self._frames.farewell(last)
            await self._frames.shut()
        finally:
            self._turn.release()

    # ---- one exchange, with the turn held --------------------------------------------------

    async def _ask(self, request: bytes, timeout_s: float) -> bytes:
        self._trust = LinkState.DIRTY  # until its answer is here, also when this task is cancelled
        await self._write(request)
        overruns = self._frames.framer.overruns
        deadline = asyncio.get_running_loop().time() + timeout_s
        may_echo = self._dialect.may_echo
        for _ in range(FRAMES_PER_REPLY_MAX):
            frame = await self._frame(deadline, request)
            if self._frames.framer.overruns != overruns:
                break
            if may_echo and frame == request.strip(b"\r\n"):
                may_echo = False
                self.tally.echoes += 1
                continue
            if self._dialect.is_event(frame):
                self.tally.unsolicited += 1
                continue
            if self._unexpected():
                break
            self._trust = LinkState.CLEAN
            return frame
        self._frames.backlog.clear()
        raise ProtocolError(
            f"{self.resource}: more came back than one reply to {request!r}, so nothing of it is"
            " used; the link resynchronizes at its next use"
        )

    async def _ask_who(
        self, request: bytes, pattern: re.Pattern[bytes]
    ) -> tuple[re.Match[bytes] | None, bytes]:
        last = b""
        for attempt in range(ATTEMPTS):
            try:
                found, last = await self._seek(request, pattern, self._dialect.identity_s)
            except ReplyTimeoutError:
                if attempt + 1 == ATTEMPTS and not last:
                    raise
                continue
            if found:
                return found, last
        return None, last

    async def _seek(
        self, request: bytes, pattern: re.Pattern[bytes], within_s: float
    ) -> tuple[re.Match[bytes] | None, bytes]:
        """Send, then discard replies until one matches. Gives that, or None and the last one."""
        self._frames.framer.quiet()  # what broke off before the last attempt's silence is over
        await self._write(request)
        deadline = asyncio.get_running_loop().time() + within_s
        last = b""
        for _ in range(FRAMES_PER_REPLY_MAX):
            try:
                last = await self._frame(deadline, request)
            except ReplyTimeoutError:
                if last:
                    break
                raise
            if found := pattern.fullmatch(last):
                return found, last
            self.tally.discarded += 1
        return None, last

    async def _frame(self, deadline: float, request: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        frames = self._frames
        while not frames.backlog:
            remaining_s = deadline - loop.time()
            if remaining_s <= 0.0 or not await frames.receive(remaining_s):
                self.tally.timeouts += 1
                raise ReplyTimeoutError(
                    f"{self.resource}: no complete reply to {request!r} in time; the link"
                    " resynchronizes at its next use; check power, cable and line speed"
                )
        self.answered_at = loop.time()
        return frames.backlog.pop(0)

    # ---- getting back in step --------------------------------------------------------------

    async def _resynchronize(self) -> None:
        self._require_known()
        await self._drain()
        dialect = self._dialect
        for _ in range(ATTEMPTS if dialect.resync else 0):
            self._give_way()
            self._tag += 1
            request, answer = self._tagged()
            try:
                found, _ = await self._seek(request, answer, dialect.identity_s)
            except ReplyTimeoutError:
                continue
            await self._frames.receive(TAIL_S)  # a copy, or an older answer, would come now
            if found and not self._unexpected():
                self._trust = LinkState.CLEAN
                return
        raise await self._frames.lost("replies no longer match requests")

    def _tagged(self) -> tuple[bytes, re.Pattern[bytes]]:
        if self._dialect.resync is None:
            raise LinkLostError(f"{self.resource}: the dialect has no tag query")
        return self._dialect.resync(self._tag)

    async def _drain(self) -> None:
        """Discard whole replies until nothing has come for the quiet time.

        A started line stays in the framer, so that its tail cannot pass for a line of its own.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DRAIN_S_MAX
        self.is_streaming = False
        for _ in range(DRAIN_READS_MAX):
            self.tally.discarded += len(self._frames.backlog)
            self._frames.backlog.clear()
            self._give_way()
            if loop.time() >= deadline:
                break
            if not await self._frames.receive(QUIET_S):
                self._frames.framer.quiet()
                return
        self.is_streaming = True

    def _give_way(self) -> None:
        if self._turn.is_wanted_urgently:
            raise ReplyTimeoutError(
                f"{self.resource}: a request gave way, unsent, to an urgent OFF"
            )

    def _refuse_late(self, not_after: float) -> None:
        late_s = asyncio.get_running_loop().time() - not_after
        if not (late_s < 0.0):
            raise RangeRefusedError(
                f"{self.resource}: what was to be sent expired {late_s:.3f} s before it could be"
                " written; nothing was sent"
            )

    def _require_open(self) -> None:
        if not self._frames.is_open:
            raise self._unusable()

    def _require_known(self) -> None:
        if self.state in (LinkState.CLOSED, LinkState.UNKNOWN):
            raise self._unusable()

    def _unusable(self) -> LinkLostError:
        return LinkLostError(
            f"{self.resource}: the link is {self.state}, so nothing was sent; open the driver again"
        )

    async def _has_input(self) -> bool:
        """Whether something arrived unasked; event frames are taken off and counted."""
        await self._frames.receive(0.0)
        return self._unexpected()

    def _unexpected(self) -> bool:
        """Take off and count what came besides; whether any of it is no event."""
        if not self._frames.has_more:
            return False
        frames, self._frames.backlog = self._frames.backlog, []
        events = sum(self._dialect.is_event(frame) for frame in frames)
        self.tally.unsolicited += events
        self.tally.discarded += len(frames) - events
        return events < len(frames) or self._frames.framer.has_partial

    # ---- the lower half ------------------------------------------------------------------------

    async def _write(self, data: bytes) -> None:
        self._require_open()
        try:
            await self._frames.write(data)
        except asyncio.CancelledError:
            self.distrust()
            raise

    async def _refused(self, why: str, what: str) -> IdentityError:
        await self._frames.shut()
        return IdentityError(
            f"{self.resource}: {why}; nothing but the identity query was written and the link is"
            f" closed; correct {what}"
        )
