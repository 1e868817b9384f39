# SPDX-License-Identifier: Apache-2.0
"""Runs a prepared site under its supervisor and tells a person how to log in."""

import asyncio
import json
import sys

from mnht_controller.app.identify import require_addresses
from mnht_controller.app.serve import Prepared, Site, prepare
from mnht_controller.runtime.supervisor import Ready, Supervisor, watch_parent


def run(site: Site, session: str, *, as_json: bool, led: bool) -> int:
    """Serve until a signal or a death; `led`: also until standard input ends. Exit code."""
    require_addresses(site.settings)
    prepared = prepare(site, session)
    supervisor = Supervisor(prepared.children, prepared.log_dir)

    async def announce(_ready: Ready) -> int:
        document = {
            "ready": True,
            "url": prepared.url,
            "claim_code": prepared.claim_code,
            "session": session,
            "state_dir": str(prepared.places.state),
            "runtime_dir": str(prepared.places.runtime),
            "journal_dir": str(prepared.places.journal),
            "pids": {child.spec.name: child.process.pid for child in supervisor.children},
            "simulated": site.settings.simulated,
        }
        if as_json:
            sys.stdout.write(json.dumps(document) + "\n")
            sys.stdout.flush()
        sys.stderr.write(_welcome(prepared, site))
        sys.stderr.flush()
        ended = asyncio.Event()
        if led:
            watch_parent(ended.set)
        await ended.wait()
        return 0

    return asyncio.run(supervisor.run(announce))


def _waiver(site: Site) -> str:
    waiver = site.settings.guard_waiver
    return f"  GUARD WITHOUT ITS OWN THERMOMETER, waived: {waiver}\n" if waiver else ""


def _welcome(prepared: Prepared, site: Site) -> str:
    kind = "SIMULATED hardware" if site.settings.simulated else "REAL hardware"
    return (
        f"\n  {kind} - research software, not a medical device\n"
        f"{_waiver(site)}"
        f"  console        {prepared.url}\n"
        f"  one-time login {prepared.claim_code}\n"
        f"  record         {prepared.places.journal}\n"
        f"  field off now  Ctrl-C here, or `mnht stop --runtime-dir {prepared.places.runtime}`\n\n"
    )
