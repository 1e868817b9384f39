# SPDX-License-Identifier: Apache-2.0
"""A bare loop with absolute deadlines, as often and in the same scheduling class as the guard.

`python -m tools.perf.bare` prints one line (what the host granted), then turns until its standard
input ends, and prints when it woke, as JSON.
"""

import gc
import json
import selectors
import sys
import time

from mnht_controller.guard.process import TICK_S
from mnht_controller.guard.realtime import settle


def main() -> None:
    """Wake at every deadline; a missed one is skipped."""
    granted = settle()
    gc.disable()
    stamps: list[float] = []
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        print(json.dumps(granted), flush=True)
        deadline = time.monotonic() + TICK_S
        while not selector.select(0):
            time.sleep(max(0.0, deadline - time.monotonic()))
            now = time.monotonic()
            stamps.append(now)
            deadline += TICK_S
            if deadline <= now:
                deadline = now + TICK_S
    print(json.dumps(stamps), flush=True)


if __name__ == "__main__":
    main()
