# SPDX-License-Identifier: Apache-2.0
"""What eight devices cost that are polled at 10 Hz: processor time of the polling process alone.

Each is first opened and closed many times; in the end no descriptor may be left.

`python -m tools.perf.wires.load`: serves the twins of eight drivers on ptys and sockets, prints
their addresses, and ends with its standard input.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

from mnht_controller.devices.contract import Auxiliary, Driver, FieldSource, Kind, Thermometer
from mnht_controller.devices.errors import DeviceError
from mnht_controller.devices.link import Link
from mnht_controller.devices.open import transport_for
from sim_hardware.wire.pty import PtyFront
from sim_hardware.wire.tcp import TcpFront
from tests.drivers.cases import Case, cases_of

POLLED = (
    "opsens_handysens", "neoptix_reflex", "generic_ascii", "osensa_ftx", "generic_scpi_source",
    "ambrell_easyheat", "advantech_adam4050", "polyscience_chiller",
)  # fmt: skip
ON_TCP = frozenset({"generic_scpi_source", "osensa_ftx"})
RATE_HZ = 10.0
SHARE_MAX = 0.25
REOPENS = 20


def measure(seconds: float) -> dict[str, object]:
    """Poll all eight; gives the share of one core, the exchanges and the errors."""
    argv = [sys.executable, "-m", "tools.perf.wires.load"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        places = json.loads(process.stdout.readline())  # type: ignore[union-attr]
        return asyncio.run(_poll_all(places, seconds))
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(5.0)
        process.stdout.close()  # type: ignore[union-attr]


async def _poll_all(places: dict[str, str], seconds: float) -> dict[str, object]:
    drivers = []
    held = _descriptors()
    for name, place in places.items():
        case = cases_of(name)[0]
        link = Link(transport_for(place, case.baud or case.spec.baud))
        driver = case.spec.make(link, case.setup)
        for _ in range(REOPENS):
            await driver.open()
            await driver.close()
        await driver.open()
        drivers.append((case, driver))
    counts = {"exchanges": 0, "errors": 0}
    before, began = _cpu_s(), time.monotonic()
    await asyncio.gather(
        *(_poll(case, driver, began + seconds, counts) for case, driver in drivers)
    )
    spent_s, passed_s = _cpu_s() - before, time.monotonic() - began
    for _, driver in drivers:
        await driver.close()
    await asyncio.sleep(0.1)  # transports close their descriptors on the loop
    counts |= {"reopens": REOPENS * len(drivers), "leaked_descriptors": _descriptors() - held}
    figures: dict[str, object] = {"devices": len(drivers), "rate_hz": RATE_HZ, **counts}
    return figures | {"core_share": round(spent_s / passed_s, 4), "seconds": round(passed_s, 1)}


async def _poll(case: Case, driver: Driver, until: float, counts: dict[str, int]) -> None:
    due = time.monotonic()
    while due < until:
        try:
            await _exchange(case.spec.kind, driver)
            counts["exchanges"] += 1
        except DeviceError:
            counts["errors"] += 1
        due = max(due + 1.0 / RATE_HZ, time.monotonic())  # a slow line polls as often as it can
        await asyncio.sleep(due - time.monotonic())


async def _exchange(kind: Kind, driver: Driver) -> None:
    if kind is Kind.THERMOMETER:
        await cast(Thermometer, driver).sample()
    elif kind is Kind.FIELD_SOURCE:
        await cast(FieldSource, driver).poll()
    else:
        await cast(Auxiliary, driver).poll()


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    places, fronts = {}, []
    for name in POLLED:
        case = cases_of(name)[0]
        twin = case.twin(loop.time())
        if name in ON_TCP:
            socket_front = TcpFront(twin)
            await socket_front.start()
            fronts.append(socket_front.stop)
            places[name] = f"tcp://127.0.0.1:{socket_front.port}"
        else:
            front = PtyFront(twin, baud=case.baud or case.spec.baud)
            await front.start()
            fronts.append(front.stop)
            places[name] = front.path
    sys.stdout.write(json.dumps(places) + "\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    loop.add_reader(0, lambda: ended.set() if not os.read(0, 64) else None)
    await ended.wait()
    for stop in fronts:
        await stop()


if __name__ == "__main__":
    asyncio.run(_serve())
