# SPDX-License-Identifier: Apache-2.0
"""`python -m mnht_controller.guard CONFIG.json`: the guard process. Standard library only.

Exit codes: 0 ended as asked, 1 failed, 69 enable line missing or busy, 74 files or sockets, 78 bad
configuration or `python -O`.
"""

import gc
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from mnht_controller.domain.errors import ConfigError
from mnht_controller.guard.config import GuardConfig, load
from mnht_controller.guard.doors import DoorError
from mnht_controller.guard.line import LineError, make_line
from mnht_controller.guard.process import GuardProcess, Parts, latch_path, ledger_path
from mnht_controller.guard.realtime import settle, tell
from mnht_controller.guard.thermometer import OwnThermometer
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.keep import load_latch
from mnht_controller.journal.ledger import Ledger
from mnht_controller.journal.records import Header, boot_id, wall_label
from mnht_controller.journal.sink import FileJournal


def main(arguments: list[str]) -> int:
    """Run the guard to its end and give the exit code."""
    try:
        if sys.flags.optimize:
            raise ConfigError("python", "-O", "checks would be left out", "start it without -O")
        if len(arguments) != 1:
            raise ConfigError("guard", "arguments", "one file name is needed", "give CONFIG.json")
        return run(load(Path(arguments[0])))
    except ConfigError as error:
        return _fail(error, 78)
    except LineError as error:
        return _fail(error, 69)
    except (DoorError, JournalError, OSError) as error:
        return _fail(error, 74)


def run(config: GuardConfig) -> int:
    """Open everything, say that we are ready, serve."""
    realtime = settle()
    os.umask(0o077)
    for folder in (config.journal_dir, config.state_dir):
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    line = make_line(config.line, config.line_baud)
    line.open()
    header = Header(process="guard", boot=boot_id(), started_at=wall_label())
    journal = FileJournal(Path(config.journal_dir) / f"guard-{config.session}.jsonl", header)
    place = (config.thermometer, config.thermometer_baud, config.thermometer_channel)
    own = OwnThermometer(*place) if config.thermometer else None
    kept, ledger = load_latch(latch_path(config)), Ledger(ledger_path(config))
    process = GuardProcess(Parts(config, kept, line, journal, ledger, own=own, realtime=realtime))

    def end(number: int, frame: FrameType | None) -> None:
        process.ending = signal.Signals(number).name

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing in the loop makes cycles; a collection is a pause without a reason
    _say(
        {
            "ready": True,
            "journal": str(journal.path),
            "state": process.guard.state.value,
            "realtime": realtime,
        }
    )
    tell(b"READY=1")
    process.run()
    return 0


def _say(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _fail(error: Exception, code: int) -> int:
    sys.stderr.write(f"guard: {error}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
