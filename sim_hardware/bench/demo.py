# SPDX-License-Identifier: Apache-2.0
"""`mnht demo`: bench and site as real processes; headless, a scripted operator and a verdict."""

import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim_hardware.bench.live import Live, LiveOptions, NotReady
from sim_hardware.bench.rest import Operator

if TYPE_CHECKING:
    from mnht_controller.settings.settings import Settings

TREATMENT_S_MAX = 7000.0
"""Longest session: 100 min of field and what is around it."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line says."""

    site: Path
    port: int
    speed: float
    protocol: Path | None
    scenario: Path | None
    seed: int
    headless: bool
    until: str


def run(options: DemoOptions) -> dict[str, object] | None:
    """Run it; headless gives the summary, otherwise None after Ctrl-C."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: ended.set())
    began = time.monotonic()
    live = Live(_live_options(options))
    try:
        _start(live, options)
        _welcome(live)
        if options.headless:
            _treat(live, options, ended)
        while not options.headless and live.is_up() and not ended.wait(0.2):
            pass
    finally:
        ended_at = time.monotonic()
        live.stop()
        if live.served:
            _say("field off, everything down")
    if not options.headless:
        return None
    # Only now: reading profiles takes longer to import than the page to be served.
    from mnht_controller.app.build import plan_for
    from sim_hardware.bench.patients import patient_of
    from sim_hardware.bench.verdict import judge

    settings = _settings(options)
    document = judge(live, plan_for(settings), options.seed, ended_at - began, ended_at)
    return document | {"plant": patient_of(settings).facts()}


def _start(live: Live, options: DemoOptions) -> None:
    """Bring both up. A wrong site is refused with every error, instead of by what died of it."""
    try:
        live.start()
    except NotReady:
        from sim_hardware.bench.commands import simulated

        simulated(_settings(options), options.site)
        raise


def _settings(options: DemoOptions) -> "Settings":
    from mnht_controller.settings.load import load_site

    return load_site(options.site, protocol=options.protocol, speed=options.speed)


def _live_options(options: DemoOptions) -> LiveOptions:
    return LiveOptions(
        site=options.site,
        folder=Path(tempfile.mkdtemp(prefix="mnht-demo-")),
        port=options.port,
        stop_port=options.port + 1 if options.port else 0,
        speed=options.speed,
        seed=options.seed,
        protocol=options.protocol,
        scenario=options.scenario,
    )


def _treat(live: Live, options: DemoOptions, ended: threading.Event) -> None:
    """Do what an operator at the console would do, then watch until the end."""
    operator = Operator(live.url)
    operator.login(str(live.served["claim_code"]))
    operator.watch(ended)
    operator.arm()
    operator.start()
    finals = {"complete", "tripped"} | ({"plateau"} if options.until == "plateau" else set())
    until = time.monotonic() + TREATMENT_S_MAX / options.speed
    said = ""
    while live.is_up() and not ended.wait(0.5) and time.monotonic() < until:
        try:
            status = operator.call("GET", "session")
        except OSError:
            continue  # going down: the loop's condition sees it
        if status["phase"] != said:
            said = str(status["phase"])
            _say(f"{status['treatment_s']:7.0f} s  {said}")
        if said in finals:
            break
    ended.set()


def _welcome(live: Live) -> None:
    _say("SIMULATED hardware - research software, not a medical device")
    _say(f"console         {live.url}")
    _say(f"one-time login  {live.served['claim_code']}")
    _say(f"record          {live.served['journal_dir']}")
    _say(f"stop from afar  mnht stop --runtime-dir {live.served['runtime_dir']}")
    _say("Ctrl-C          takes the field off, then ends everything")


def _say(text: str) -> None:
    sys.stderr.write(f"mnht demo: {text}\n")
    sys.stderr.flush()
