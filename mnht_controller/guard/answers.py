# SPDX-License-Identifier: Apache-2.0
"""The guard's desk: a request line in, the next Guard and a reply line out. No socket in here.

It adds to machine.py what only a process knows: is the enable line there, is the journal healthy,
can the latch be kept. Any of these missing refuses arming; STOP needs none of them.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass

from mnht_controller.domain.codec import CodecError, Plain, to_plain
from mnht_controller.domain.command import Reason
from mnht_controller.domain.prescription import Envelope
from mnht_controller.guard import machine
from mnht_controller.guard.line import Line, LineError
from mnht_controller.guard.state import LIVE, Guard
from mnht_controller.interlock.lease import Ask, Request, decode_request
from mnht_controller.journal.ledger import Ledger
from mnht_controller.journal.sink import Journal

Clock = Callable[[], float]
_NOBODY = "somebody"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Kind "refused": what somebody asked for and did not get, with all reasons."""

    what: str
    reasons: tuple[str, ...]


class Desk:
    """Answers requests. `fault` is what the process has to say against arming; empty if nothing."""

    def __init__(self, line: Line, journal: Journal, ledger: Ledger) -> None:
        self._line, self._journal, self._ledger = line, journal, ledger
        self.fault = ""
        self._unfit: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """What speaks against arming besides the line; empty if nothing."""
        return next(filter(None, self._unkept()), "")

    def _unkept(self) -> tuple[str, ...]:
        return (self.fault, self._journal.why, self._ledger.why)

    def propose(self, guard: Guard, envelope: Envelope, now: float) -> Guard:
        """Take the controller's limits. It gets no reply: `pending` says what is wrong."""
        self._line_fault(guard)  # (re)connect now, so that it takes no time when a human confirms
        guard, refused = machine.propose(guard, envelope, os.urandom(16).hex(), now)
        self._unfit = self._told("propose", refused)
        return guard

    def answer(self, guard: Guard, line: bytes, clock: Clock) -> tuple[Guard, bytes]:
        """Answer one line of a client on the control socket."""
        try:
            request = decode_request(line)
        except CodecError as error:
            return guard, _reply(guard, (str(error),))
        if request.kind is Ask.STATUS:
            return guard, _reply(guard, status=to_plain(machine.status(guard, clock())))
        if request.kind is Ask.PENDING:
            return guard, self._pending(guard)
        guard, reasons = self._act(guard, request, clock)
        return guard, _reply(guard, reasons)

    def _act(self, guard: Guard, request: Request, clock: Clock) -> tuple[Guard, tuple[str, ...]]:
        if request.kind is Ask.STOP:
            return machine.stop(guard, request.actor or _NOBODY, clock()), ()
        if request.kind is Ask.RESET:
            guard, refused = machine.reset(guard, request.actor, clock())
            return guard, self._told("reset", refused)
        reasons = tuple(filter(None, (*self._unkept(), self._line_fault(guard))))
        if reasons:
            self._journal.write("refused", Refusal("confirm", reasons))
            return guard, reasons
        guard, refused = machine.confirm(
            guard, request.envelope_sha256, request.nonce, request.actor, clock()
        )
        return guard, self._told("confirm", refused)

    def _pending(self, guard: Guard) -> bytes:
        waits = machine.pending(guard)
        if waits is None:
            return _reply(guard, self._unfit or ("nothing waits for confirmation; prepare first",))
        return _reply(guard, **to_plain(waits))

    def _line_fault(self, guard: Guard) -> str:
        try:
            if guard.state not in LIVE:  # opening may wait, and a live line is judged by its feed
                self._line.open()
        except LineError as error:
            return str(error)
        return ""

    def _told(self, what: str, refused: tuple[Reason, ...]) -> tuple[str, ...]:
        reasons = tuple([_text(reason) for reason in refused])
        if reasons:
            self._journal.write("refused", Refusal(what, reasons))
        return reasons


def _text(reason: Reason) -> str:
    """Give a reason as one line: code, where, value, limit."""
    numbers = "" if reason.value is None else f" {reason.value:g}"
    bound = "" if reason.limit is None else f" (limit {reason.limit:g})"
    return f"{reason.code}{f' {reason.where}' if reason.where else ''}{numbers}{bound}"


def _reply(guard: Guard, reasons: tuple[str, ...] = (), **more: Plain) -> bytes:
    reply = {"ok": not reasons, "reasons": reasons, "state": guard.state.value, **more}
    return json.dumps(reply, separators=(",", ":")).encode() + b"\n"
