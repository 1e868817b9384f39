# SPDX-License-Identifier: Apache-2.0
"""Faults asked for on a Unix socket, outside every protocol: one JSON object a line, one answer.

`{"device": "source", "verb": "delay", "argument": "0.2@0.1", "until_s": 5}` starts one, with
`until_s` for so many seconds; `{"device": …, "clear": "delay"}` ends it; `{"list": true}` names
all.
"""

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from sim_hardware.faults import FAULTS, VERBS, Fault, Targets

MODE = 0o600


class ControlSocket:
    """Serves one bench's targets. Bad requests are answered with what would be right."""

    def __init__(self, path: Path, targets: Targets) -> None:
        self._path, self._targets = path, targets
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen, for this user only. OSError when the path cannot be had."""
        self._path.unlink(missing_ok=True)
        umask = os.umask(0o777 & ~MODE)
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        finally:
            os.umask(umask)

    async def stop(self) -> None:
        """Stop, and take the path away. Idempotent."""
        if self._server is not None:
            self._server.close()
            self._server = None
            for writer in self._writers:
                writer.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError):
            while line := await reader.readline():
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        self._writers.discard(writer)
        writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            return {"ok": True, **self._obey(dict(asked))}
        except (ValueError, TypeError, KeyError) as error:
            wanted = 'write {"device": …, "verb": …, "argument": …} or {"list": true}'
            return {"ok": False, "error": f"{error}; nothing was changed; {wanted}"}

    def _obey(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("list"):
            rows = {row.name: f"{row.text} [{row.argument}]" for row in FAULTS}
            return {"verbs": rows, "devices": sorted({*self._targets.twins, *self._targets.wires})}
        loop = asyncio.get_running_loop()
        if "clear" in asked:
            self._end(Fault(0.0, str(asked["device"]), str(asked["clear"])))
            return {}
        fault = Fault(0.0, str(asked["device"]), str(asked["verb"]), str(asked.get("argument", "")))
        target, argument = self._targets.find(fault)
        if target is None:
            raise ValueError(f"{fault.verb}: this bench cannot do that")
        target.inject(fault.verb, argument, loop.time())
        if "until_s" in asked:
            loop.call_later(float(asked["until_s"]), target.clear, fault.verb)
        return {"at": loop.time()}

    def _end(self, fault: Fault) -> None:
        if fault.verb not in VERBS:
            raise ValueError(f"unknown fault {fault.verb!r}")
        self._targets.owner(fault).clear(fault.verb)
