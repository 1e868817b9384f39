# SPDX-License-Identifier: Apache-2.0
"""The golden journal: one recorded session that every version must decide bit for bit the same.

It is never renewed by a test. Who means to change a decision renews it by hand and says why:

    python -m tests.replay.golden "the predicted cut-back now counts the probe's own lag"

That plays the session anew, replaces golden.jsonl.gz and appends trace and reason to golden.log;
both are committed together with the change. A digest that changes without a change of decision (a
new field in a state) is a reason too. Bits are those of glibc's libm.
"""

import gzip
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from mnht_controller.domain.intent import Verb
from mnht_controller.journal.chain import trace_sha256
from mnht_controller.journal.records import Header
from sim_hardware.bench import simulate
from sim_hardware.bench.scenario import Wish
from sim_hardware.faults import Fault
from tests.closed_loop.sessions import Played, play, short_settings

FOLDER = Path(__file__).parent
GOLDEN = FOLDER / "golden.jsonl.gz"
LOG = FOLDER / "golden.log"
SETPOINT_C = 34.55
WISHES = (
    Wish(20.0, Verb.LOWER_CEILING, 7.0),
    Wish(40.0, Verb.PAUSE),
    Wish(43.0, Verb.RESUME),
    Wish(46.0, Verb.LOWER_SETPOINT, SETPOINT_C - 0.1),
)
FAULT = Fault(52.0, "thermometer", "no_probe_token", "1")


@contextmanager
def nameless_header() -> Iterator[None]:
    """Leave out what only says where and when it was made."""
    made: Callable[..., Header] = getattr(simulate, "header")  # noqa: B009 - not exported

    def header(*arguments: Any, **options: Any) -> Header:
        return replace(made(*arguments, **options), boot="golden", started_at="")

    setattr(simulate, "header", header)  # noqa: B010 - mypy refuses a plain assignment
    try:
        yield
    finally:
        setattr(simulate, "header", made)  # noqa: B010 - as above


def record() -> Played:
    """About a minute of a cool set-point: a rise, both lowerings, a pause, a probe lost at the end.

    Cool, because from cold the skin rises and every prediction counts; warm, it would only sink.
    """
    settings = short_settings(300.0, setpoint_c=SETPOINT_C)
    with nameless_header():
        return play(*WISHES, settings=settings, faults=(FAULT,), skin_c=None)


def unpack(folder: Path) -> Path:
    """The golden journal as a file that the commands can read."""
    path = folder / "golden.jsonl"
    path.write_bytes(gzip.decompress(GOLDEN.read_bytes()))
    return path


def noted_trace() -> str:
    """The trace that the last renewal noted."""
    return LOG.read_text(encoding="utf-8").splitlines()[-1].split(" ", 1)[0]


def main(reason: str) -> None:
    """Renew it."""
    session = record()
    GOLDEN.write_bytes(gzip.compress(b"".join(session.journal.lines), 9, mtime=0))
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"{trace_sha256(session.journal.lines)} {reason}\n")


if __name__ == "__main__":
    main(sys.argv[1])
