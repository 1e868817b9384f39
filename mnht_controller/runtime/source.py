# SPDX-License-Identifier: Apache-2.0
"""One task owns the field source. The tick leaves a verdict in a one-slot box; off overtakes all.

A command is sent, acknowledged, verified by the snapshot that answers it; until then it is
UNCERTAIN, and nothing but off or a poll follows an uncertain command. A source that is lost has no
snapshot at all, so that the next tick knows; it is used again only after a new one.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import cast

from mnht_controller.devices.contract import FieldSource, Provable
from mnht_controller.devices.errors import DeviceError
from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.domain.compiled import replace
from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.self_test import UNTESTED, Outcome, Proof
from mnht_controller.runtime.device import DeviceRow, reopen_after_s
from mnht_controller.runtime.liveness import Liveness

BEAT_S = 0.2
"""Longest wait without a beat."""
NOT_ACTED = "it did not act in time; have the amplifier examined, then prepare to test it again"
CUT_SHORT = "its test was cut short; prepare to have it tested again"
NOT_BACK = "it acted and did not clear; see what the amplifier reports, then prepare"


class SourceTask:
    """Owns the amplifier: one exchange per period, each feeds its watchdog.

    `proof_s`: how long its watchdog's test is silent; 0: `unproven` says why there is none.
    `watchdog` is what the test has shown since the source was initialized.
    """

    def __init__(
        self,
        row: DeviceRow,
        driver: FieldSource,
        period_s: float,
        proof_s: float = 0.0,
        unproven: str = "",
    ) -> None:
        self.row = row
        self._proof_s = proof_s
        reason = f"not provable here: {unproven}"
        self._untested = UNTESTED if proof_s > 0.0 else Proof(Outcome.NOT_PROVABLE, reason)
        self.watchdog = self._untested
        self._is_proof_due = False
        self._driver = driver
        self._period_s = period_s
        self._verdict: Permit | Inhibit | None = None
        self._limit_ka_per_m: float | None = None
        self._limit_due = self._clear_due = False
        self._wake = asyncio.Event()
        self._uncertain_since: float | None = None
        self._may_be_overtaken = False
        self._overtaking: asyncio.Task[None] | None = None
        self._reopen_at = self._looked_at = 0.0
        self.latest: SourceReading | None = None

    def uncertain_s(self, now: float) -> float:
        """How long the last command has been without verification; 0 when verified."""
        return 0.0 if self._uncertain_since is None else now - self._uncertain_since

    def act(self, verdict: Permit | Inhibit) -> None:
        """Leave this tick's verdict; it replaces one that was not sent yet.

        Off waits for no exchange but the one on the wire: it starts beside one that runs.
        """
        self._verdict = verdict
        self._wake.set()
        if self._may_be_overtaken and isinstance(verdict, Inhibit) and self._may_be_on():
            self._may_be_overtaken = False
            off = self._attempt(self._off)
            self._overtaking = asyncio.get_running_loop().create_task(off, name="off")

    def prepare(self, limit_ka_per_m: float) -> None:
        """A person's PREPARE: clear latched faults, set the instrument's own limit register.

        The register is set again after every re-init; faults are cleared this once only.
        """
        self._limit_ka_per_m = limit_ka_per_m
        self._limit_due = self._clear_due = True
        if self.watchdog.outcome is Outcome.FAILED:
            self.watchdog = self._untested

    def prove(self, *, now: bool) -> None:
        """Whether the self-test may let the watchdog trip now; it does so once."""
        self._is_proof_due = now

    async def run(self, liveness: Liveness) -> None:
        """Exchange once a verdict (at least once a period) for ever; close means off."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                liveness.beat(self.row.id, loop.time())
                await self._attempt(self._exchange)
                if self._may_prove():
                    await self._attempt(lambda: self._prove(liveness))
                if self._overtaking is not None:
                    liveness.beat(self.row.id, loop.time())
                    await self._overtaking
                    self._overtaking = None
                while not self.row.connected and (wait_s := self._reopen_at - loop.time()) > 0.0:
                    liveness.beat(self.row.id, loop.time())
                    await asyncio.sleep(min(wait_s, BEAT_S))
                liveness.beat(self.row.id, loop.time())
                await self._next(loop)
        finally:
            if self._overtaking is not None:
                self._overtaking.cancel()
                await asyncio.gather(self._overtaking, return_exceptions=True)
            await self._driver.close()

    async def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for a verdict, two periods at most, so that polling never depends on the tick."""
        timer = loop.call_later(2 * self._period_s, self._wake.set)
        await self._wake.wait()
        timer.cancel()
        self._wake.clear()

    async def _attempt(self, exchange: Callable[[], Coroutine[object, object, None]]) -> None:
        try:
            await exchange()
        except DeviceError as error:
            self.row.failed(error)
            if not self.row.connected:
                self._lose(error)

    def _lose(self, error: DeviceError) -> None:
        """Without a snapshot the armed rules trip at the next tick, however soon it is found."""
        self.latest = None
        self.watchdog = self._untested
        self._clear_due = False
        self._reopen_at = asyncio.get_running_loop().time() + reopen_after_s(error)

    async def _exchange(self) -> None:
        if not self.row.connected:
            self.row.found(await self._driver.open())
            self._limit_due = True
            self.watchdog = self._untested
        self._looked_at = asyncio.get_running_loop().time()
        verdict, self._verdict = self._verdict, None
        if self._must_go_off(verdict):
            await self._off()
            return
        self._may_be_overtaken = True
        try:
            await self._send(verdict)
        finally:
            self._may_be_overtaken = False

    async def _send(self, verdict: Permit | Inhibit | None) -> None:
        """Apply a permit; nothing heats before a snapshot says what the output does."""
        is_known = self._uncertain_since is None and self.latest is not None
        if isinstance(verdict, Permit) and is_known:
            await self._command(self._driver.apply(verdict))
        elif self._limit_due and self._limit_ka_per_m is not None:
            clear, self._clear_due = self._clear_due, False
            await self._command(self._driver.prepare(self._limit_ka_per_m, clear=clear))
            self._limit_due = self._clear_due
        else:
            self._settle(await self._driver.poll())

    def _may_prove(self) -> bool:
        """Asked for, not done yet, and off by the newest snapshot."""
        is_due = self._is_proof_due and self.watchdog.outcome is Outcome.WAITING
        is_clean = self.latest is not None and not self.latest.faults
        return is_due and is_clean and self.row.connected and not self._may_be_on()

    async def _prove(self, liveness: Liveness) -> None:
        """Let the watchdog trip once, see it, clear it, and see all as it was. Nothing heats."""
        loop = asyncio.get_running_loop()
        self.watchdog, why = Proof(Outcome.RUNNING), CUT_SHORT
        try:
            await cast(Provable, self._driver).trip_watchdog()
            began = loop.time()
            while (wait_s := began + self._proof_s - loop.time()) > 0.0:
                liveness.beat(self.row.id, loop.time())
                await asyncio.sleep(min(wait_s, BEAT_S))
            self._settle(await self._driver.poll())
            seen, seen_s = self.latest, loop.time() - began
            has_acted = seen is not None and "watchdog" in seen.faults and not seen.output_on
            why = NOT_BACK if has_acted else NOT_ACTED
            await self._command(self._driver.prepare(self._limit_ka_per_m or 0.0, clear=True))
            if has_acted and self._is_ready():
                self.watchdog = Proof(Outcome.PROVEN, "", seen_s)
        finally:
            if self.watchdog.outcome is Outcome.RUNNING:
                self.watchdog = Proof(Outcome.FAILED, why)

    def _is_ready(self) -> bool:
        """Watchdog on, output off, nothing latched."""
        now = self.latest
        return now is not None and now.watchdog_on is True and not (now.output_on or now.faults)

    async def _off(self) -> None:
        await self._command(self._driver.off())

    def _must_go_off(self, verdict: Permit | Inhibit | None) -> bool:
        """A permit that expired in the box is not sent: nothing that heats outlives its leave."""
        if isinstance(verdict, Permit):
            return not (asyncio.get_running_loop().time() < verdict.expires_at)
        return verdict is not None and self._may_be_on()

    def _may_be_on(self) -> bool:
        """Unless the last verified snapshot says off, off is sent (again)."""
        return self._uncertain_since is not None or self.latest is None or self.latest.output_on

    async def _command(self, exchange: Coroutine[object, object, SourceReading]) -> None:
        if self._uncertain_since is None:
            self._uncertain_since = asyncio.get_running_loop().time()
        self._settle(await exchange)

    def _settle(self, snapshot: SourceReading) -> None:
        """A snapshot says what the output does, so nothing is UNCERTAIN but an OFF beside it."""
        if not self.row.connected:
            return  # lost meanwhile: only what comes after the re-init counts
        if self.latest is not None and self.latest.boot != snapshot.boot:
            self.watchdog = self._untested
        self.latest = replace(snapshot, line_seen_at=self._looked_at)
        self.row.answered()
        if self._overtaking in (None, asyncio.current_task()):
            self._uncertain_since = None
