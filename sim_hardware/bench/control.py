# SPDX-License-Identifier: Apache-2.0
"""Faults from outside the instruments' protocol: one JSON object a line on a Unix socket.

`{"device","verb","argument"?,"until_s"?}` starts a fault (`until_s`: ended after so many seconds of
the loop), `{"clear": verb,"device","argument"?}` ends it, `{"list": true}` tells what is on. Each
line is answered by one: `{"ok": true, ...}` or `{"ok": false, "error": ...}`.
"""

import asyncio
import contextlib
import errno
import json
import math
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim_hardware.faults import FAULTS, Fault, Layer, Targets

LINE_BYTES_MAX = 4096
FAULT_KEYS = frozenset({"device", "verb", "argument", "until_s"})
CLEAR_KEYS = frozenset({"clear", "device", "argument"})
FORMS = 'a line is {"device", "verb", "argument", "until_s"}, {"clear", "device"} or {"list": true}'

Key = tuple[str, str, str]
"""Device, verb, and the channel where the verb acts on a probe."""


@dataclass(slots=True)
class _On:
    """A fault that was started here, since when, and what will end it."""

    fault: Fault
    since: float
    ends: asyncio.TimerHandle | None = None


class Control:
    """Takes faults for `targets`, from `answer` and from a socket that only this user may use.

    Use it on the loop that drives the fronts. `told` gets a line of text for every fault that was
    started or ended.
    """

    def __init__(self, targets: Targets, told: Callable[[str], None] = lambda text: None) -> None:
        self._targets, self._told = targets, told
        self._path: Path | None = None
        self._on: dict[Key, _On] = {}
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    async def start(self, path: Path) -> None:
        """Listen. OSError when somebody listens there, or the path is no socket of ours."""
        _remove_stale(path)
        door = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)  # born without rights for others, not given a mode afterwards
        try:
            door.bind(str(path))
        except OSError:
            door.close()
            raise
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=door, limit=LINE_BYTES_MAX)
        self._path = path

    async def stop(self) -> None:
        """Hang up and stop listening; faults stay as they are. Idempotent."""
        for on in self._on.values():
            if on.ends is not None:
                on.ends.cancel()
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None
        for client in tuple(self._clients):
            client.close()
        for client in tuple(self._clients):
            with contextlib.suppress(OSError):
                await client.wait_closed()
        await asyncio.sleep(0)

    def answer(self, line: bytes) -> dict[str, object]:
        """Do what one line asks. Never raises: what is wrong is in the answer."""
        try:
            asked = json.loads(line.decode())
            if not isinstance(asked, dict):
                raise ValueError(FORMS)
            return {"ok": True, **self._obey(asked)}
        except (ValueError, LookupError, RecursionError) as error:
            return {"ok": False, "error": str(error) or type(error).__name__}

    # ---- what is asked -------------------------------------------------------------------------

    def _obey(self, asked: dict[str, Any]) -> dict[str, object]:
        if asked == {"list": True}:
            return self._list()
        if "clear" in asked:
            _keys(asked, CLEAR_KEYS)
            self._clear(_text(asked, "device"), _text(asked, "clear"), _text(asked, "argument", ""))
            return {}
        _keys(asked, FAULT_KEYS)
        until_s = _seconds(asked["until_s"]) if "until_s" in asked else None
        names = (_text(asked, "device"), _text(asked, "verb"), _text(asked, "argument", ""))
        self._start(Fault(0.0, *names), until_s)
        return {}

    def _start(self, fault: Fault, until_s: float | None) -> None:
        target, argument = self._targets.find(fault)
        loop = asyncio.get_running_loop()
        if target is not None:
            target.inject(fault.verb, argument, loop.time())
        elif self._targets.bench is not None:
            self._targets.bench(fault)
        key = _key(fault.device, fault.verb, fault.argument)
        self._forget(key)
        self._on[key] = on = _On(fault, loop.time())
        if until_s is not None:
            on.ends = loop.call_later(until_s, self._end, key)
        self._told(f"fault on {fault.verb} {fault.device} {fault.argument}")

    def _clear(self, device: str, verb: str, argument: str) -> None:
        """End a fault, whoever started it."""
        key = _key(device, verb, argument)
        target, _ = self._targets.who(device, verb, argument)
        if target is None:
            raise ValueError(f"{verb}: this cannot be ended")
        target.clear(verb)
        self._forget(key)
        self._told(f"fault off {verb} {device} {argument}")

    def _end(self, key: Key) -> None:
        self._clear(*key)

    def _forget(self, key: Key) -> None:
        on = self._on.pop(key, None)
        if on is not None and on.ends is not None:
            on.ends.cancel()

    def _list(self) -> dict[str, object]:
        targets, now = self._targets, asyncio.get_running_loop().time()
        rows = [
            {
                "device": on.fault.device,
                "verb": on.fault.verb,
                "argument": on.fault.argument,
                "since_s": round(now - on.since, 3),
            }
            for on in self._on.values()
        ]
        devices = {
            Layer.TWIN: sorted(targets.twins),
            Layer.WIRE: sorted(targets.wires),
            Layer.LINK: sorted(targets.links),
            Layer.PROBE: sorted(f"{device}:{channel}" for device, channel in targets.probes),
        }
        verbs = {verb.name: [verb.layer.value, verb.argument] for verb in FAULTS}
        return {"active": rows, "devices": devices, "verbs": verbs}

    # ---- the socket ----------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while line := await _line(reader):
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        except ValueError:  # longer than any request
            reply = {"ok": False, "error": f"a line is at most {LINE_BYTES_MAX} bytes"}
            writer.write(json.dumps(reply).encode() + b"\n")
        except OSError:  # the client has gone
            pass
        finally:
            self._clients.discard(writer)
            writer.close()


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line with its end, empty at the end; ValueError when it is too long."""
    line = await reader.readline()
    return line if line.endswith(b"\n") else b""


def _key(device: str, verb: str, argument: str) -> Key:
    is_probe = verb in PROBE_VERBS
    return device, verb, argument.partition(":")[0] if is_probe else ""


PROBE_VERBS = frozenset(verb.name for verb in FAULTS if verb.layer is Layer.PROBE)


def _keys(asked: dict[str, Any], known: frozenset[str]) -> None:
    if unknown := sorted(set(asked) - known):
        raise ValueError(f"unknown key {unknown[0]!r}: {FORMS}")


def _text(asked: dict[str, Any], key: str, default: str | None = None) -> str:
    value = asked.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text: {FORMS}")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"until_s must be a number of seconds, not {value!r}")
    if not (0.0 < value < math.inf):
        raise ValueError(f"until_s must be above 0, not {value!r}")
    return float(value)


def _remove_stale(path: Path) -> None:
    """Remove a socket nobody listens on; anything else in the way is left, and is an OSError."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise OSError(errno.EADDRINUSE, f"{path}: another bench listens there")
