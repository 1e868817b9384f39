# SPDX-License-Identifier: Apache-2.0
"""What goes over the guard's two sockets: one JSON document a line, and how old it may be.

Encoding and arithmetic only: no socket, no clock. Garbage is a CodecError and nothing else.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mnht_controller.domain.codec import CodecError, dumps, loads
from mnht_controller.domain.lease import GuardStatus, Lease
from mnht_controller.domain.prescription import Envelope

LINE_BYTES_MAX = 65_536
LEASE_AGE_S_MAX = 0.4
"""Age at which a lease ends (guard's side)."""
STATUS_AGE_S_MAX = 0.2
"""Age at which the guard counts as silent (controller's side)."""
FUTURE_S_MAX = 0.05
"""A stamp may lie this far ahead: the reader's clock was read before the message."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Propose:
    kind: str
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class _Renew:
    kind: str
    lease: Lease


@dataclass(frozen=True, slots=True)
class _Report:
    kind: str
    status: GuardStatus


class Ask(StrEnum):
    """What a client of the guard's control socket can ask."""

    STOP = "stop"
    PENDING = "pending"
    CONFIRM = "confirm"
    RESET = "reset"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Request:
    """One line on the control socket; hash and nonce are used by CONFIRM."""

    kind: Ask
    actor: str = ""
    envelope_sha256: str = ""
    nonce: str = ""


def encode_propose(envelope: Envelope) -> bytes:
    """Controller to guard: the limits that a human is to confirm."""
    return _line(_Propose("propose", envelope))


def encode_lease(lease: Lease) -> bytes:
    """Controller to guard, at 10 Hz."""
    return _line(_Renew("lease", lease))


def encode_status(status: GuardStatus) -> bytes:
    """Guard to controller, at 20 Hz."""
    return _line(_Report("status", status))


def encode_request(request: Request) -> bytes:
    """Console, STOP listener or `mnht stop` to guard."""
    return _line(request)


def decode_status(line: bytes) -> GuardStatus:
    """Read what the guard sends. Raises CodecError."""
    report = _load(_Report, line)
    return _of_kind("status", report.kind, report.status)


def decode_from_controller(line: bytes) -> Lease | Envelope:
    """Read what the controller sends: a lease, or a proposed envelope. Raises CodecError."""
    if b'"lease"' in line[:32]:
        renew = _load(_Renew, line)
        return _of_kind("lease", renew.kind, renew.lease)
    propose = _load(_Propose, line)
    return _of_kind("propose", propose.kind, propose.envelope)


def decode_request(line: bytes) -> Request:
    """Read what a client asks on the control socket. Raises CodecError."""
    return _load(Request, line)


def age_s(at: float, now: float) -> float | None:
    """Age of a stamp; None when it lies in the future or is no time at all."""
    age = now - at
    return max(0.0, age) if age >= -FUTURE_S_MAX else None


def is_fresh(at: float, now: float, age_s_max: float) -> bool:
    """Whether the stamp is neither too old nor from the future."""
    age = age_s(at, now)
    return age is not None and age <= age_s_max


def status_age_s(status: GuardStatus | None, now: float) -> float | None:
    """How long the guard has been silent; None: never heard, or a stamp that cannot be."""
    return None if status is None else age_s(status.at, now)


def _line(message: object) -> bytes:
    return dumps(message).encode() + b"\n"


def _load(kind: type[T], line: bytes) -> T:
    if len(line) > LINE_BYTES_MAX:
        raise CodecError(f"a line of {len(line)} bytes; at most {LINE_BYTES_MAX}")
    try:
        return loads(kind, line)
    except (RecursionError, OverflowError) as error:
        # Nesting without end and integers beyond a float: the codec's own errors miss them.
        raise CodecError(f"not a message: {error}") from error


def _of_kind(expected: str, kind: str, value: T) -> T:
    if kind != expected:
        raise CodecError(f"a message of kind {kind!r} where {expected!r} is spoken")
    return value
