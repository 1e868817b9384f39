# SPDX-License-Identifier: Apache-2.0
"""A driver with something that answers: opened, used as the service uses it, closed, and again.

On any transport: a twin in memory, on a pty or a socket, or the instrument itself on a bench where
a small field may flow.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from mnht_controller.devices.contract import (
    Auxiliary,
    Driver,
    DriverSpec,
    FieldSource,
    Kind,
    RunPermit,
    Setup,
    Thermometer,
)
from mnht_controller.devices.errors import DeviceError
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import is_same_field
from mnht_controller.devices.transport import Transport
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading

LIMIT_KA_PER_M, FIELD_KA_PER_M = 5.0, 2.0
SAMPLES_MAX = 40
RELATIVE = 0.02


@dataclass(frozen=True)
class Rehearsal:
    """What to rehearse. A source needs `permit(field, expires_at)`, an interlock's leave.

    `expects`: what each channel of a thermometer shows, °C; `within_c` how closely.
    """

    spec: DriverSpec
    connect: Callable[[], Transport]
    permit: Callable[[float, float], Permit] | None = None
    setup: Setup = field(default_factory=Setup)
    expects: Mapping[int, float] = field(default_factory=dict)
    within_c: float = 0.06
    simulated: bool | None = True


async def rehearse(given: Rehearsal) -> tuple[str, ...]:
    """What went wrong; empty when nothing did. Opens twice, as after a lost link."""
    found: list[str] = []
    link = Link(given.connect(), expected=Expected(given.simulated))
    driver = given.spec.make(link, given.setup)
    try:
        for _ in range(2):
            await driver.open()
            found += await _used(driver, given)
    except DeviceError as error:
        found.append(f"{type(error).__name__}: {error}")
    finally:
        await driver.close()
    return (*found, *await _refuses_another(given))


async def _used(driver: Driver, given: Rehearsal) -> list[str]:
    if given.spec.kind is Kind.THERMOMETER:
        return await _sampled(cast(Thermometer, driver), given)
    if given.spec.kind is Kind.FIELD_SOURCE:
        return await _driven(cast(FieldSource, driver), given)
    found = []
    beside = cast(Auxiliary, driver)
    for reading in (await beside.prepare(), await beside.poll()):
        found += [f"fault {word} at rest" for word in reading.faults]
    if given.spec.kind is Kind.RUN_PERMIT:
        found += await _permitted(cast(RunPermit, driver))
    return found


async def _sampled(driver: Thermometer, given: Rehearsal) -> list[str]:
    seen: dict[int, float] = {}
    for _ in range(SAMPLES_MAX):
        readings = await driver.sample()
        seen |= {n: reading.value for n, reading in readings.items() if reading.value is not None}
        if seen.keys() >= given.expects.keys():
            break
        await asyncio.sleep(given.spec.period_s)
    return [
        f"channel {channel} shows {seen.get(channel)}, not {celsius} °C"
        for channel, celsius in given.expects.items()
        if channel not in seen or not (abs(seen[channel] - celsius) <= given.within_c)
    ]


async def _driven(driver: FieldSource, given: Rehearsal) -> list[str]:
    loop = asyncio.get_running_loop()
    if given.permit is None:
        return ["a source cannot be rehearsed without a permit"]
    ready = await driver.prepare(LIMIT_KA_PER_M, clear=True)
    found = _judged("prepare", ready, is_on=False)
    if given.spec.has_limit and not _near(ready.limit_ka_per_m, LIMIT_KA_PER_M, given):
        found.append(f"the limit register says {ready.limit_ka_per_m}")
    if given.spec.watchdog_s > 0.0 and not ready.watchdog_on:
        found.append("the watchdog does not run")
    for _ in range(3):
        on = await driver.apply(given.permit(FIELD_KA_PER_M, loop.time() + 1.0))
        await asyncio.sleep(given.spec.settling_s)
    found += _judged("apply", on, is_on=True)
    polled = await driver.poll()
    if not _near(polled.setpoint_ka_per_m, FIELD_KA_PER_M, given):
        found.append(f"set to {FIELD_KA_PER_M} kA/m, it says {polled.setpoint_ka_per_m}")
    return found + _judged("off", await driver.off(), is_on=False)


def _judged(step: str, snapshot: SourceReading, *, is_on: bool) -> list[str]:
    found = [f"fault {word} after {step}" for word in snapshot.faults]
    if snapshot.output_on is not is_on:
        found.append(f"after {step} the output is {'off' if is_on else 'on'}")
    return found


async def _permitted(driver: RunPermit) -> list[str]:
    rows = [(on, (await driver.permit(on=on)).permit) for on in (True, False, True, False)]
    return [f"run-permit set to {on} reads back {read}" for on, read in rows if read is not on]


async def _refuses_another(given: Rehearsal) -> list[str]:
    """The right dialect, but not the kind that the site asked for."""
    if given.spec.is_anonymous or given.simulated is None:
        return []
    link = Link(given.connect(), expected=Expected(not given.simulated))
    driver = given.spec.make(link, given.setup)
    try:
        await driver.open()
    except DeviceError:
        return []
    finally:
        await driver.close()
    return ["a twin passes for a real instrument, or the reverse"]


def _near(read: float | None, wanted: float, given: Rehearsal) -> bool:
    tolerance = max(RELATIVE * wanted, given.spec.resolution)
    return is_same_field(read, wanted) or (read is not None and abs(read - wanted) <= tolerance)
