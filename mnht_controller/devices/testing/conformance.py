# SPDX-License-Identifier: Apache-2.0
"""What every driver must survive, played on its own opening conversation."""

import errno
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from mnht_controller.devices import registry
from mnht_controller.devices.contract import Driver, DriverSpec, Setup
from mnht_controller.devices.errors import DeviceError, IdentityError
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link
from mnht_controller.devices.testing.transcript import Pair, TranscriptError, WireTranscript


class _Foreign(Exception):
    """What a library might raise: neither OSError nor ours."""


FAILURES: tuple[bytes | BaseException, ...] = (
    b"",
    b"\xff\x00\xfe\n\x04\n",
    b"12.3",
    OSError(errno.EIO, "hang-up"),
    ConnectionResetError(errno.ECONNRESET, "reset"),
    UnicodeDecodeError("ascii", b"\xff", 0, 1, "noise"),
    _Foreign("surprise"),
)
"""Ways an answer can fail; each is played at each step of the opening."""

STRANGER = b"ACME,NOTHING,0,0\r\n\x04\n*"
"""Another instrument's answer, whole in every framing: CR, LF, EOT LF, prompt, binary."""


async def conformance(
    spec: DriverSpec, opening: Iterable[Pair], setup: Setup | None = None, identity_steps: int = 1
) -> tuple[str, ...]:
    """What a driver does that no driver may; empty when it conforms.

    `opening` is the conversation of a good `open`, with a twin; its first `identity_steps` pairs
    must be the identification.
    """
    pairs, given = tuple(opening), setup or Setup((1,))
    found = [*registry.complaints(spec.name, spec)]
    found += await _opens(spec, pairs, given)
    found += await _refuses(spec, pairs[0][0], given)
    if not spec.is_anonymous:
        found += await _tells_twins(spec, pairs, given, identity_steps)
    for failure in FAILURES:
        for step, (sent, _) in enumerate(pairs):
            wire = _Lenient((*pairs[:step], (sent, failure)))
            found += await _lets_through(spec.make(Link(wire), given))
    return tuple(dict.fromkeys(found))


class _Lenient(WireTranscript):
    """After the conversation's end there is silence, whatever is sent."""

    async def write(self, data: bytes) -> None:
        with suppress(TranscriptError):
            await super().write(data)


async def _opens(spec: DriverSpec, pairs: tuple[Pair, ...], setup: Setup) -> list[str]:
    wire = WireTranscript(pairs)
    try:
        await spec.make(Link(wire), setup).open()
    except Exception as error:  # noqa: BLE001 - any failure is a finding
        return [f"open fails on its own conversation: {type(error).__name__}: {error}"]
    left = wire.leftovers()
    return [f"open leaves its conversation unfinished: {left}"] if left else []


async def _refuses(spec: DriverSpec, question: bytes, setup: Setup) -> list[str]:
    wire = _Lenient(((question, STRANGER), (question, STRANGER)))
    found = []
    try:
        await spec.make(Link(wire), setup).open()
        found.append("open accepts another instrument")
    except IdentityError:
        pass
    except Exception as error:  # noqa: BLE001 - any other failure is a finding
        found.append(f"another instrument gives {type(error).__name__}, not IdentityError")
    if set(wire.written) != {question}:
        found.append("open writes more than the identification to another instrument")
    return found


async def _tells_twins(
    spec: DriverSpec, pairs: tuple[Pair, ...], setup: Setup, identity_steps: int
) -> list[str]:
    opened, found = 0, []
    questions = {sent for sent, _ in pairs[:identity_steps]}
    for simulated in (False, True):
        wire = WireTranscript(pairs)
        try:
            await spec.make(Link(wire, expected=Expected(simulated)), setup).open()
            opened += 1
        except Exception:  # noqa: BLE001 - what it must be is judged by `_opens` and `_refuses`
            if not questions.issuperset(wire.written):
                found.append("open writes more than the identification to the wrong kind")
    if opened != 1:
        found.append("open cannot tell a twin: its identity pattern needs a group `serial`")
    return found


async def _lets_through(driver: Driver) -> list[str]:
    found = []
    for name, call in _calls(driver):
        try:
            with suppress(DeviceError):
                await call()
        except Exception as error:  # noqa: BLE001 - finding these is the point
            found.append(f"{name} lets {type(error).__name__} through")
    return found


def _calls(driver: Driver) -> Iterator[tuple[str, Callable[[], Awaitable[Any]]]]:
    yield "open", driver.open
    for name in ("sample", "poll", "off"):
        if hasattr(driver, name):
            yield name, getattr(driver, name)
    yield "close", driver.close
