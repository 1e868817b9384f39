# SPDX-License-Identifier: Apache-2.0
"""The console's end of the controller's door: snapshots in, intents and signs of life out."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import structlog

from mnht_controller.domain.alarm import AlarmAct
from mnht_controller.domain.codec import CodecError, from_plain, to_plain
from mnht_controller.domain.errors import IntentRefused
from mnht_controller.domain.intent import Intent
from mnht_controller.domain.snapshot import Snapshot
from mnht_controller.surfaces.problem import Problem

log = structlog.get_logger(component="console")

LINE_BYTES_MAX = 1_048_576
RETRY_S_MIN, RETRY_S_MAX = 0.1, 2.0
ACK_S = 3.0
VIEW_S = 1.0
FRESH_S = 1.0
"""Older than this, a snapshot is no longer what the controller does now."""


class ControllerClient:
    """Keeps a connection to the door; the last snapshot stays, its age says what it is worth."""

    def __init__(
        self,
        path: Path,
        on_snapshot: Callable[[Snapshot], None],
        is_viewed: Callable[[], bool],
    ) -> None:
        self._path, self._on_snapshot, self._is_viewed = path, on_snapshot, is_viewed
        self._writer: asyncio.StreamWriter | None = None
        self._acks: dict[int, asyncio.Future[tuple[str, ...]]] = {}
        self._last_id = 0
        self.snapshot: Snapshot | None = None
        self._arrived_at = 0.0

    @property
    def age_s(self) -> float | None:
        """Age of the last snapshot (all processes share the monotonic clock); None: none yet."""
        if self.snapshot is None:
            return None
        return asyncio.get_running_loop().time() - min(self._arrived_at, self.snapshot.at)

    @property
    def is_fresh(self) -> bool:
        """Whether the last snapshot still says what happens now."""
        return self.age_s is not None and self.age_s <= FRESH_S

    async def run(self) -> None:
        """Stay connected for ever, with growing pauses between attempts."""
        wait_s = RETRY_S_MIN
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(
                    str(self._path), limit=LINE_BYTES_MAX
                )
                log.info("door.connected")
                wait_s = RETRY_S_MIN
                await self._serve(reader)
            except (OSError, ValueError, CodecError) as error:
                log.warning("door.lost", error=str(error))
            finally:
                self._drop()
            await asyncio.sleep(wait_s)
            wait_s = min(RETRY_S_MAX, 2.0 * wait_s)

    async def intend(self, intent: Intent) -> None:
        """Send one intent and wait for its ack. IntentRefused, or Problem 503 without answer.

        An ack says that the wish waits for the next tick; the snapshots after it say what came
        of it.
        """
        await self._ask({"kind": "intent", "intent": to_plain(intent)})

    async def act(self, act: AlarmAct) -> None:
        """Send one act on an alarm and wait until it is done and kept; raises like `intend`."""
        await self._ask({"kind": "alarm", "act": to_plain(act)})

    async def _ask(self, message: dict[str, object]) -> None:
        self._last_id += 1
        number = self._last_id
        self._send({**message, "id": number})
        ack = self._acks[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ACK_S):
                reasons = await ack
        except TimeoutError:
            detail = f"the controller did not answer within {ACK_S:.0f} s; look before you repeat"
            raise Problem(503, "controller_silent", detail) from None
        finally:
            self._acks.pop(number, None)
        if reasons:
            raise IntentRefused(reasons)

    def _send(self, message: dict[str, object]) -> None:
        if self._writer is None or self._writer.is_closing():
            detail = "the controller cannot be reached; the guard turns the field off without it"
            raise Problem(503, "controller_unreachable", detail)
        self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    async def _serve(self, reader: asyncio.StreamReader) -> None:
        view = asyncio.create_task(self._say_viewed())
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        finally:
            view.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await view

    async def _say_viewed(self) -> None:
        while True:
            if self._is_viewed():
                self._send({"kind": "view"})
            await asyncio.sleep(VIEW_S)

    def _take(self, message: dict[str, object]) -> None:
        """Use one message; one of another version ends the connection and is not guessed at."""
        kind = message.get("kind")
        if kind == "snapshot":
            self.snapshot = from_plain(Snapshot, message.get("snapshot"))
            self._arrived_at = asyncio.get_running_loop().time()
            self._on_snapshot(self.snapshot)
        elif kind == "ack":
            self._take_ack(message)
        else:
            raise CodecError(f"unknown kind {kind!r} from the controller")

    def _take_ack(self, message: dict[str, object]) -> None:
        number, given = message.get("id"), message.get("reasons")
        ack = self._acks.get(number) if isinstance(number, int) else None
        if ack is None or ack.done():
            return
        reasons = tuple(str(reason) for reason in given) if isinstance(given, list) else ()
        refused = message.get("ok") is not True
        ack.set_result(reasons or ("the controller gave no reason",) if refused else ())

    def _drop(self) -> None:
        """Forget the connection; whoever waits for an ack learns at once that none will come."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for ack in self._acks.values():
            if not ack.done():
                ack.set_exception(
                    Problem(503, "controller_lost", "the controller was lost before it answered")
                )
