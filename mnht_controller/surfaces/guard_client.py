# SPDX-License-Identifier: Apache-2.0
"""Talks to the guard's control socket and, for STOP only, to the controller's door.

Standard library only: the STOP listener and `mnht stop` must work when nothing else does.
"""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mnht_controller.domain.errors import MnhtError

LEASE_SOCKET = "guard-lease.sock"
CONTROL_SOCKET = "guard.sock"
DOOR_SOCKET = "controller.sock"
"""Names of the three sockets in a runtime directory."""

TIMEOUT_S = 0.5
HEAD_START_S = 0.15
"""The guard is told first; a guard that hangs delays the controller by no more than this."""

_LINE_BYTES_MAX = 1_048_576
_INTENT_ID = 1

Message = dict[str, Any]


class NoAnswer(MnhtError):
    """Nobody listens, or no answer came in time. Absent: `missing` is True."""

    def __init__(self, path: Path, why: str, *, missing: bool = False) -> None:
        """Say which socket and why."""
        super().__init__(f"{path.name}: {why}")
        self.missing = missing


def stop_intent(actor: str) -> Message:
    """Give the message that asks the controller to stop."""
    intent = {"verb": "stop", "actor": actor, "value": None}
    return {"kind": "intent", "id": _INTENT_ID, "intent": intent}


async def request(path: Path | str, message: Message, timeout_s: float = TIMEOUT_S) -> Message:
    """Send one request on a fresh connection and return its reply. Raises NoAnswer.

    Snapshots that the controller's door sends meanwhile are passed over.
    """
    path = Path(path)
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(path, limit=_LINE_BYTES_MAX)
            try:
                writer.write(_line(message))
                await writer.drain()
                while True:
                    reply = _reply(path, await reader.readline())
                    if reply is not None:
                        return reply
            finally:
                writer.close()
    except TimeoutError as error:
        raise NoAnswer(path, f"no answer within {timeout_s} s") from error
    except (OSError, ValueError) as error:
        raise _no_answer(path, error) from error


def request_now(path: Path | str, message: Message, timeout_s: float = TIMEOUT_S) -> Message:
    """Do the same without an event loop. Raises NoAnswer."""
    path = Path(path)
    deadline = time.monotonic() + timeout_s
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.sendall(_line(message))
            for line in _lines(connection, deadline):
                reply = _reply(path, line)
                if reply is not None:
                    return reply
    except TimeoutError as error:
        raise NoAnswer(path, f"no answer within {timeout_s} s") from error
    except (OSError, ValueError) as error:
        raise _no_answer(path, error) from error
    raise NoAnswer(path, "closed the connection without an answer")


async def stop_all(control: Path | str, door: Path | str, actor: str) -> Message:
    """Tell the guard first, the controller second. Never raises; says who obeyed and who not."""
    guard = asyncio.create_task(_told(control, {"kind": "stop", "actor": actor}))
    await asyncio.wait({guard}, timeout=HEAD_START_S)
    controller = await _told(door, stop_intent(actor))
    return _report(await guard, controller)


def stop_now(runtime_dir: Path | str, actor: str = "mnht stop") -> Message:
    """Stop what runs in this directory, without console or network: guard first.

    Returns {"ok", "running", "guard": {"ok", "reasons"}, "controller": {…}}: `ok` when at least one
    obeyed, either of which takes the field off; `running` False when there was nobody to tell.
    """
    folder = Path(runtime_dir)
    outcomes = []
    for name, message in (
        (CONTROL_SOCKET, {"kind": "stop", "actor": actor}),
        (DOOR_SOCKET, stop_intent(actor)),
    ):
        try:
            outcomes.append(_outcome(request_now(folder / name, message)))
        except NoAnswer as error:
            outcomes.append(_refusal(error))
    return _report(*outcomes)


def is_served(runtime_dir: Path | str) -> bool:
    """Whether a guard or a controller runs in this directory; one that does not answer runs."""
    for name in (CONTROL_SOCKET, DOOR_SOCKET):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(Path(runtime_dir) / name))
            return True
        except OSError as error:
            if not isinstance(error, FileNotFoundError | ConnectionRefusedError):
                return True
    return False


async def _told(path: Path | str, message: Message) -> Message:
    try:
        return _outcome(await request(path, message))
    except NoAnswer as error:
        return _refusal(error)


def _outcome(reply: Message) -> Message:
    reasons = [str(reason) for reason in reply.get("reasons", ())]
    return {"ok": reply.get("ok") is True, "reasons": reasons, "missing": False}


def _refusal(error: NoAnswer) -> Message:
    return {"ok": False, "reasons": [str(error)], "missing": error.missing}


def _report(guard: Message, controller: Message) -> Message:
    return {
        "ok": guard["ok"] or controller["ok"],
        "running": not (guard["missing"] and controller["missing"]),
        "guard": {key: guard[key] for key in ("ok", "reasons")},
        "controller": {key: controller[key] for key in ("ok", "reasons")},
    }


def _line(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def _reply(path: Path, line: bytes) -> Message | None:
    """Decode one line; None for a line that is no reply."""
    if not line.endswith(b"\n"):
        raise NoAnswer(path, "closed the connection without an answer")
    reply = json.loads(line)
    return reply if isinstance(reply, dict) and "ok" in reply else None


def _lines(connection: socket.socket, deadline: float) -> Iterator[bytes]:
    buffer = b""
    while len(buffer) <= _LINE_BYTES_MAX:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        data = connection.recv(65_536)
        *lines, buffer = (buffer + data).split(b"\n")
        yield from (line + b"\n" for line in lines)
        if not data:
            return


def _no_answer(path: Path, error: Exception) -> NoAnswer:
    missing = isinstance(error, FileNotFoundError | ConnectionRefusedError)
    why = "nobody listens there" if missing else str(error)
    return NoAnswer(path, why, missing=missing)
