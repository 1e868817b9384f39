# SPDX-License-Identifier: Apache-2.0
"""One peer as a process that stays: one JSON object a line in, one out.

out {"ready": VERSION, "threads": 2, ...} or {"absent": WHY}, then it ends
{"n": 128, "steps": 40} -> {"set_up": 128, "probes": [...]}     {"go": true} -> {"mvox_per_s": 1.0}
"""

import argparse
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any, TextIO

from tools.perf.peers.body import (
    CHECK_N,
    CHECK_STEPS,
    SWEEP_EVERY,
    THREADS,
    Facts,
    Stepper,
    body,
    probes,
)
from tools.perf.peers.reference import TOLERANCE_C, off_by_c

NAMES = ("devito", "jax", "numpy", "babel")


def claim_stdout() -> TextIO:
    """Keep stdout for the protocol: what libraries print goes to stderr."""
    sys.stdout.flush()
    protocol = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return protocol


def die_with_parent() -> None:
    """A parent that is killed cannot end a stopped child; Linux can (PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def keep_to_processors() -> int:
    """Use THREADS processors only: some peers take as many threads as they see processors."""
    allowed = sorted(os.sched_getaffinity(0))[:THREADS]
    os.sched_setaffinity(0, allowed)
    return len(allowed)


def load(name: str) -> tuple[ModuleType, Facts | str]:
    """Import the peer; the reason in place of facts when it is not to be had."""
    module = import_module(f"tools.perf.peers.{name}_bhte")
    try:
        facts: Facts = module.facts()
    except Exception as error:  # noqa: BLE001 - a library that breaks on import is absent as well
        return module, f"{type(error).__name__}: {error}"
    return module, facts


def checked(module: ModuleType) -> list[float]:
    """Show what the peer makes of the fixed state."""
    stepper: Stepper = module.make(body(CHECK_N))
    for _ in range(CHECK_STEPS // SWEEP_EVERY):
        stepper.run(SWEEP_EVERY)
    return probes(stepper.inside())


class Session:
    """Answers the lines of one parent."""

    def __init__(self, module: ModuleType, facts: Facts) -> None:
        self._module, self._facts = module, facts
        self._stepper: Stepper | None = None
        self._n, self._steps = 0, 0

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Set up, or do one round."""
        if "n" in request:
            return self._set_up(int(request["n"]), int(request["steps"]))
        if self._stepper is None:
            return {"error": "go before n"}
        began = time.perf_counter()
        self._stepper.run(self._steps)
        spent_s = time.perf_counter() - began
        return {"mvox_per_s": round(self._n**3 * self._steps / spent_s / 1e6, 3)}

    def _set_up(self, n: int, steps: int) -> dict[str, Any]:
        if steps < SWEEP_EVERY or steps % SWEEP_EVERY:
            return {"error": f"steps: {steps} is no multiple of {SWEEP_EVERY}"}
        shown = checked(self._module)
        self._stepper = None  # frees the memory of the former grid first
        self._n, self._steps = n, min(steps, self._facts.steps_max)
        self._stepper = stepper = self._module.make(body(n))
        stepper.run(self._steps)
        return {"set_up": n, "steps": self._steps, "probes": shown}


def serve(name: str, lines: Iterable[str], out: TextIO) -> None:
    """Answer until the parent closes its end."""

    def say(document: dict[str, Any]) -> None:
        out.write(json.dumps(document) + "\n")
        out.flush()

    threads = keep_to_processors()
    module, facts = load(name)
    if isinstance(facts, str):
        say({"absent": facts})
        return
    note = {"formulation": facts.formulation, "note": facts.note}
    say({"ready": facts.version, "threads": threads, **note})
    session = Session(module, facts)
    for line in lines:
        say(session.answer(json.loads(line)))


def check(out: TextIO) -> int:
    """Hold every peer that is here against the reference."""
    wrong = 0
    for name in NAMES:
        module, facts = load(name)
        if isinstance(facts, str):
            out.write(f"{name}: absent, {facts}\n")
            continue
        off_c = off_by_c(checked(module), facts.formulation)
        wrong += not off_c <= TOLERANCE_C
        out.write(f"{name} {facts.version}: {facts.formulation}, off by {off_c:.2e} °C\n")
        out.flush()
    return 1 if wrong else 0


def main() -> int:
    """Serve one peer, or check all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES)
    parser.add_argument("--check", action="store_true", help="hold all against the reference")
    options = parser.parse_args()
    out = claim_stdout()
    if options.check:
        return check(out)
    if options.name is None:
        parser.error("which peer?")
    die_with_parent()
    serve(options.name, sys.stdin, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
