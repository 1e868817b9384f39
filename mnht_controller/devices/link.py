# SPDX-License-Identifier: Apache-2.0
"""One owner, one conversation: requests out, whole replies in, nothing but DeviceError up.

CLOSED → `open` → UNKNOWN → `identify` → CLEAN → a reply missed → DIRTY → a tag query → CLEAN. A
DIRTY link first drains to quiet and then proves with a tagged query that replies belong to requests
again. Where it cannot, it closes and raises LinkLostError: the caller runs the driver's `open`.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from mnht_controller.devices.errors import (
    ConnectError,
    IdentityError,
    LinkLostError,
    ProtocolError,
    RangeRefusedError,
    ReplyTimeoutError,
)
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.identity import wrong_kind
from mnht_controller.devices.sentences import why_not_open
from mnht_controller.devices.transport import Transport
from mnht_controller.devices.turn import Turn

REPLY_S = 0.15
QUIET_S = 0.05
"""Silence that ends a drain. What comes later still cannot pass: the tag is answered after it."""

DRAIN_S_MAX = 2.0
"""A line that is never quiet is streaming or broken; two seconds are enough to know."""

DRAIN_READS_MAX = 4096
ATTEMPTS = 2
"""A tag or identity query is sent again once: a broken line before it spoils only the first."""

FRAMES_PER_REPLY_MAX = 64

Tag = Callable[[int], tuple[bytes, re.Pattern[bytes]]]
"""From a fresh number: a harmless request, and the pattern only its own answer matches."""

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
    `discarded`, `unsolicited`, `timeouts` count what went wrong since the link was made.
    `simulated` is the kind of instrument the site says; `identify` refuses the other (None: takes
    both).
    """

    def __init__(
        self,
        transport: Transport,
        *,
        framer: LineFramer | None = None,
        timeout_s: float = REPLY_S,
        resync: Tag | None = None,
        simulated: bool | None = None,
    ) -> None:
        self._simulated = simulated
        self._transport = transport
        self._framer = framer or LineFramer()
        self._timeout_s = timeout_s
        self._quiet_s = min(QUIET_S, timeout_s)
        self._resync = resync
        self._is_event: re.Pattern[bytes] | None = None
        self._turn = Turn()
        self._state = LinkState.CLOSED
        self._is_torn = False  # a write was cancelled: half a line may be out
        self._tag = 0
        self._backlog: list[bytes] = []
        self.answered_at = 0.0
        self.discarded = self.unsolicited = self.timeouts = 0
        self.is_streaming = False
        """Whether the last drain never came to quiet."""

    @property
    def resource(self) -> str:
        """The address, for messages."""
        return self._transport.resource

    @property
    def state(self) -> LinkState:
        """CLOSED, UNKNOWN, CLEAN or DIRTY."""
        return self._state

    def speak(
        self, framer: LineFramer, resync: Tag, unsolicited: re.Pattern[bytes] | None = None
    ) -> None:
        """Set the dialect; drivers call it when they are made. `unsolicited` lines are skipped."""
        self._framer, self._resync, self._is_event = framer, resync, unsolicited

    async def open(self) -> None:
        """Connect anew and listen until quiet. Then only `identify` may write."""
        await self._turn.take()
        try:
            await self._shut()
            try:
                await self._transport.open()
            except Exception as error:
                raise ConnectError(why_not_open(self.resource, error)) from error
            self._framer.clear()
            self._backlog.clear()
            self._state, self._is_torn = LinkState.UNKNOWN, False
            await self._drain()
        finally:
            self._turn.release()

    async def identify(self, request: bytes, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """Ask who is there, before anything else is written; IdentityError for any other answer.

        The pattern must match a whole reply, which makes this query a tag as well, and name the
        group `serial`, by which a twin is told from a real instrument.
        """
        await self._turn.take()
        try:
            last = b""
            for attempt in range(ATTEMPTS):
                try:
                    found, last = await self._seek(request, pattern)
                except ReplyTimeoutError:
                    if attempt + 1 == ATTEMPTS and not last:
                        raise
                    continue
                if found and (why := wrong_kind(found, self._simulated)):
                    raise await self._refused(why, "`simulated` or the address")
                if found:
                    self._state = LinkState.CLEAN
                    return found
            why = f"{last!r} answered {request!r}, which is another instrument"
            raise await self._refused(why, "the address or the driver")
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
            if self._state is not LinkState.CLEAN or await self._has_input():
                await self._resynchronize()
            if not urgent:
                self._give_way()
            if not_after is not None:
                self._refuse_late(not_after)
            data = request if isinstance(request, bytes) else request()
            return await self._ask(data, timeout_s or self._timeout_s)
        finally:
            self._turn.release()

    async def send(self, data: bytes, *, urgent: bool = False) -> None:
        """Write without waiting for a reply, on a DIRTY link too: OFF needs no resynchronizing."""
        await self._turn.take(urgent=urgent)
        try:
            self._require_known()
            await self._write(data)
        finally:
            self._turn.release()

    def distrust(self) -> None:
        """Make the link DIRTY: the driver saw a reply that cannot be this request's answer."""
        if self._state is LinkState.CLEAN:
            self._state = LinkState.DIRTY

    async def close(self, last: bytes = b"") -> None:
        """Write `last` (an OFF) where that is still possible, then close. Never raises."""
        await self._turn.take(urgent=True)
        try:
            if last and self._state in (LinkState.CLEAN, LinkState.DIRTY):
                with suppress(Exception):
                    await self._transport.write(last)
            await self._shut()
        finally:
            self._turn.release()

    # ---- one exchange, with the turn held --------------------------------------------------

    async def _ask(self, request: bytes, timeout_s: float) -> bytes:
        self._state = LinkState.DIRTY  # until its answer is here, also when this task is cancelled
        await self._write(request)
        overruns = self._framer.overruns
        deadline = asyncio.get_running_loop().time() + timeout_s
        for _ in range(FRAMES_PER_REPLY_MAX):
            frame = await self._frame(deadline, request)
            if self._framer.overruns != overruns:
                break
            if self._is_event and self._is_event.fullmatch(frame):
                self.unsolicited += 1
                continue
            if self._backlog or self._framer.has_partial:
                break
            self._state = LinkState.CLEAN
            return frame
        self._backlog.clear()
        raise ProtocolError(
            f"{self.resource}: more came back than one reply to {request!r}, so nothing of it is"
            " used; the link resynchronizes at its next use"
        )

    async def _seek(
        self, request: bytes, pattern: re.Pattern[bytes]
    ) -> tuple[re.Match[bytes] | None, bytes]:
        """Send, then discard replies until one matches. Gives that, or None and the last one."""
        await self._write(request)
        deadline = asyncio.get_running_loop().time() + self._timeout_s
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
            self.discarded += 1
        return None, last

    async def _frame(self, deadline: float, request: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        while not self._backlog:
            remaining_s = deadline - loop.time()
            if remaining_s <= 0.0 or not await self._receive(remaining_s):
                self.timeouts += 1
                raise ReplyTimeoutError(
                    f"{self.resource}: no complete reply to {request!r} in time; the link"
                    " resynchronizes at its next use; check power, cable and line speed"
                )
        self.answered_at = loop.time()
        return self._backlog.pop(0)

    # ---- getting back in step --------------------------------------------------------------

    async def _resynchronize(self) -> None:
        self._require_known()
        await self._drain()
        for _ in range(ATTEMPTS if self._resync else 0):
            self._give_way()
            self._tag += 1
            request, answer = self._tagged()
            try:
                found, _ = await self._seek(request, answer)
            except ReplyTimeoutError:
                continue
            if found and not self._backlog:
                self._state = LinkState.CLEAN
                return
        raise await self._lost("replies no longer match requests")

    def _tagged(self) -> tuple[bytes, re.Pattern[bytes]]:
        if self._resync is None:
            raise LinkLostError(f"{self.resource}: the dialect has no tag query")
        return self._resync(self._tag)

    async def _drain(self) -> None:
        """Discard whole replies until nothing has come for the quiet time.

        A started line stays in the framer, so that its tail cannot pass for a line of its own.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DRAIN_S_MAX
        self.is_streaming = False
        for _ in range(DRAIN_READS_MAX):
            self.discarded += len(self._backlog)
            self._backlog.clear()
            self._give_way()
            if loop.time() >= deadline:
                break
            if not await self._receive(self._quiet_s):
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

    def _require_known(self) -> None:
        if self._state in (LinkState.CLOSED, LinkState.UNKNOWN):
            raise LinkLostError(
                f"{self.resource}: the link is {self._state}, so nothing was sent; open the driver"
                " again"
            )

    async def _has_input(self) -> bool:
        """Whether something arrived unasked; event lines are taken off and counted."""
        await self._receive(0.0)
        if not self._backlog and not self._framer.has_partial:
            return False
        frames, self._backlog = self._backlog, []
        events = [f for f in frames if self._is_event and self._is_event.fullmatch(f)]
        self.unsolicited += len(events)
        self.discarded += len(frames) - len(events)
        return len(events) < len(frames) or self._framer.has_partial

    # ---- the transport, and the only places where its exceptions are seen --------------------

    async def _receive(self, timeout_s: float) -> bool:
        """Read once into the backlog of frames; False when nothing came in time."""
        try:
            data = await self._transport.read(timeout_s)
            frames = self._framer.feed(data)
        except TimeoutError as error:
            if error.errno is None:
                return False
            raise await self._lost(str(error)) from error
        except Exception as error:
            raise await self._lost(f"{type(error).__name__}: {error}") from error
        if not data:
            raise await self._lost("end of file")
        self._backlog += frames
        return True

    async def _write(self, data: bytes) -> None:
        if self._state is LinkState.CLOSED:
            self._require_known()
        if self._is_torn and data[:1] not in (b"\n", b"\r"):
            raise await self._lost("a write was cut off: the next would join the half line")
        try:
            await self._transport.write(data)
        except Exception as error:
            raise await self._lost(f"{type(error).__name__}: {error}") from error
        except BaseException:
            # Cancelled within a write: only an OFF, which ends the half line first, may follow.
            self._is_torn = True
            self.distrust()
            raise
        self._is_torn = False

    async def _lost(self, why: str) -> LinkLostError:
        await self._shut()
        return LinkLostError(
            f"{self.resource}: link lost ({why}); the link is closed; open the driver again"
        )

    async def _refused(self, why: str, what: str) -> IdentityError:
        await self._shut()
        return IdentityError(
            f"{self.resource}: {why}; nothing but the identity query was written and the link is"
            f" closed; correct {what}"
        )

    async def _shut(self) -> None:
        self._state = LinkState.CLOSED
        with suppress(Exception):  # closing never fails: the link is gone either way
            await self._transport.close()
