# SPDX-License-Identifier: Apache-2.0
"""`mnht campaign`: random patients, faults and operator's acts, judged by the oracles."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from mnht_controller.cli.output import EXIT_FAILED, EXIT_USAGE, emit, errors, say
from sim_hardware.bench.site_check import require_plant

LANES = ("core", "stack")
ADVERSARIES = ("none", "core", "gate")
SAY_S = 2.0


def campaign(
    lane: Annotated[
        str, typer.Option(help="core: readings after parsing; stack: over the wire.")
    ] = "core",
    hours: Annotated[float, typer.Option(min=0.0, help="Simulated hours to run.")] = 10.0,
    seed: Annotated[int, typer.Option(help="The first universe; the next ones follow.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Universes at a time.")] = 1,
    adversary: Annotated[
        str, typer.Option(help="Core lane: who demands instead of the core, or past the gate.")
    ] = "none",
    out: Annotated[Path | None, typer.Option(help="Folder for scenarios that fail.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Run random universes: patient, faults, operator's acts; every failing seed is made small.

    Examples: mnht campaign --hours 100 --jobs 2 --json;
    mnht campaign --lane stack --hours 5 --seed 1000 --out failing
    """
    with errors(as_json=as_json):
        require_plant()
    import structlog

    from sim_hardware.bench import campaign as runs
    from sim_hardware.bench.saved import bench_site

    _one_of("lane", lane, LANES)
    _one_of("adversary", adversary, ADVERSARIES)
    if adversary != "none" and lane != "core":
        say(f"--adversary {adversary}: use --lane core")
        raise typer.Exit(EXIT_USAGE)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    options = runs.Options(lane, hours, None, seed, jobs, adversary, out=out)
    with errors(as_json=as_json):
        began = time.monotonic()
        totals = runs.campaign(bench_site(), options, _progress(began))
        figures = runs.document(totals, options, time.monotonic() - began)
    if as_json:
        emit(figures)
    else:
        for key, value in figures.items():
            typer.echo(f"{key}: {json.dumps(value)}")
    if totals.failures:
        raise typer.Exit(EXIT_FAILED)


def _one_of(option: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        say(f"--{option} {given}: use one of {', '.join(known)}")
        raise typer.Exit(EXIT_USAGE)


def _progress(began: float) -> Callable[[str, float], None]:
    last = began

    def tell(text: str, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < SAY_S and share < 1.0:
            return
        last = now
        left_s = (now - began) * (1.0 - share) / share if share > 0.0 else 0.0
        sys.stderr.write(f"mnht: {100.0 * share:.0f} % {text}  ETA {left_s:.0f} s\n")
        sys.stderr.flush()

    return tell
