# SPDX-License-Identifier: Apache-2.0
"""The command table of the generic field source: header, what it sets, what it answers.

Each function gets the twin, the arguments and loop time. The table is the manual; the twin only
looks headers up in it.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from sim_hardware.devices.field_stage import FULL_SCALE, TEST_S, State
from sim_hardware.devices.scpi_instrument import Row, table
from sim_hardware.devices.scpi_syntax import (
    Range,
    ScpiError,
    boolean,
    nr3,
    number,
    one,
    whole,
)

if TYPE_CHECKING:
    from sim_hardware.devices.scpi_status import Register
    from sim_hardware.devices.sources.generic_scpi import ScpiSource

Set = Callable[["ScpiSource", list[str], float], None]
Query = Callable[["ScpiSource", list[str], float], str]
MASK_16 = 0x7FFF
A_PER_M_PER_A = 60.0
FREQUENCY_HZ = 1.0e5
FITTED_INTERLOCKS = 0x7FF


# ---- settings: a number with MIN, MAX, DEF --------------------------------------------------

AMPLITUDE = Range(0.0, FULL_SCALE, 0.0, ("A/M", "KA/M"))
LIMIT = Range(0.0, FULL_SCALE, FULL_SCALE, ("A/M", "KA/M"))
PROTECTION = Range(0.0, 1.1 * FULL_SCALE, 1.1 * FULL_SCALE, ("A/M", "KA/M"))
SLEW = Range(1.0, 1e6, 1e4, ("A/M/S", "KA/M/S"))
ON_TIME = Range(1.0, 7200.0, 60.0, ("S", "MS"))
WATCHDOG = Range(0.2, 60.0, 2.0, ("S", "MS"))
WINDOW = Range(1.0, 30.0, 5.0, ("S", "MS"))


def _setting(
    pattern: str,
    limits: Range,
    get: Callable[["ScpiSource"], float],
    put: Callable[["ScpiSource", float, float], None],
) -> Row:
    def query(twin: "ScpiSource", arguments: list[str], t: float) -> str:
        return nr3(number(arguments[0], limits) if arguments else get(twin))

    def store(twin: "ScpiSource", arguments: list[str], t: float) -> None:
        put(twin, number(one(arguments), limits), t)

    return Row(pattern, store, query)


def _put(name: str) -> Callable[["ScpiSource", float, float], None]:
    def put(twin: "ScpiSource", value: float, t: float) -> None:
        setattr(twin.stage.settings, name, value)

    return put


def _put_level(twin: "ScpiSource", value: float, t: float) -> None:
    if value > twin.stage.settings.limit:
        raise ScpiError(-222, "Data out of range;above FIEL:LIM")
    twin.stage.set_level(value, t)


def _put_limit(twin: "ScpiSource", value: float, t: float) -> None:
    settings = twin.stage.settings
    if value > settings.limit and twin.stage.is_energized:
        raise ScpiError(305, "Limit locked;output is on")
    if settings.level > value:
        raise ScpiError(-221, "Settings conflict;FIEL is above that limit")
    settings.limit = value


def _put_slew(twin: "ScpiSource", value: float, t: float) -> None:
    twin.stage.set_level(twin.stage.settings.level, t)  # what has been ramped stays ramped
    twin.stage.settings.rise = twin.stage.settings.fall = value


def _put_watchdog(twin: "ScpiSource", value: float, t: float) -> None:
    twin.stage.watchdog.time_s = value
    twin.stage.watchdog.fed_at = t


# ---- output ---------------------------------------------------------------------------------


def _arm(twin: "ScpiSource", arguments: list[str], t: float) -> None:
    window_s = number(one(arguments), WINDOW)
    if twin.stage.interlocks:
        raise ScpiError(301, "Interlock open")
    if twin.stage.latched:
        raise ScpiError(304, "Latched fault")
    if not twin.stage.watchdog.enabled:
        raise ScpiError(-221, "Settings conflict;watchdog is off")
    twin.stage.arm(window_s, t)


def _output(twin: "ScpiSource", arguments: list[str], t: float) -> None:
    if not boolean(one(arguments)):
        twin.stage.switch_off(t)
    elif twin.stage.state is not State.ON:
        if twin.stage.state is not State.ARMED:
            raise ScpiError(302, "Not armed")
        twin.stage.switch_on(t)


def _abort(twin: "ScpiSource", arguments: list[str], t: float) -> None:
    twin.stage.switch_off(t)


def _clear(twin: "ScpiSource", arguments: list[str], t: float) -> None:
    twin.stage.clear()


# ---- watchdog ---------------------------------------------------------------------------------


def _watch(twin: "ScpiSource", arguments: list[str], t: float) -> None:
    twin.stage.watchdog.enabled = boolean(one(arguments))
    twin.stage.watchdog.fed_at = t
    if not twin.stage.watchdog.enabled and twin.stage.state is not State.OFF:
        twin.stage.switch_off(t)  # no output without a watchdog


def _watch_mode(twin: "ScpiSource", arguments: list[str], t: float) -> None:
    word = one(arguments).upper()
    if word not in {"ANY", "HEAR", "HEARTBEAT"}:
        raise ScpiError(-141, f"Invalid character data;{word}")
    twin.stage.watchdog.heartbeat_only = word != "ANY"


def _watch_test(twin: "ScpiSource", arguments: list[str], t: float) -> None:
    twin.stage.watchdog.test_at = t + TEST_S


def _beat(twin: "ScpiSource", arguments: list[str], t: float) -> None:
    if not twin.stage.beat(whole(one(arguments), 2**53), t):
        raise ScpiError(-222, "Data out of range;heartbeat must increase")


# ---- measurements -------------------------------------------------------------------------------


# A twin that stands alone, without a coil's sensors, answers what is plausible.


def _current_a(twin: "ScpiSource", t: float) -> float:
    sensors = twin.stage.sensors
    if sensors is None:
        return twin.stage.measured(t) * 1e3 / A_PER_M_PER_A
    return sensors.current_a(t) / math.sqrt(2.0)


def _frequency_hz(twin: "ScpiSource") -> float:
    sensors = twin.stage.sensors
    return FREQUENCY_HZ if sensors is None else sensors.frequency_khz * 1e3


def _flow(twin: "ScpiSource") -> float:
    sensors = twin.stage.sensors
    return twin.flow_l_per_min if sensors is None else sensors.flow_l_per_min


def _coil_c(twin: "ScpiSource", t: float) -> float:
    sensors = twin.stage.sensors
    if sensors is None:
        return 25.0 + 12.0 * (twin.stage.measured(t) * 1e3 / FULL_SCALE) ** 2
    return sensors.coil_c


def _temperatures(twin: "ScpiSource", arguments: list[str], t: float) -> str:
    """Answer coil, ferrite, coolant out, coolant in."""
    sensors, coil_c = twin.stage.sensors, _coil_c(twin, t)
    others = (coil_c - 1.0, 25.0, 22.0)
    if sensors is not None:  # coil and ferrite are one lump
        others = (coil_c, sensors.coolant_out_c, sensors.coolant_in_c)
    return ",".join(nr3(value) for value in (coil_c, *others))


def _snapshot(twin: "ScpiSource", arguments: list[str], t: float) -> str:
    """Answer seq,t_ms,boot,oper,ques,int,Hset,Hmeas,Irms,f,Tcoil,flow,wd_ms,hb, all of one t."""
    twin.sequence += 1
    stage = twin.stage
    measured = stage.measured(t) * 1e3
    wd_ms = round(stage.watchdog_remaining_s(t) * 1e3)
    return (
        f"{twin.sequence},{round((t - twin.booted_at) * 1e3)},{twin.boots},{twin.operation(t)},"
        f"{int(stage.latched)},{stage.interlocks},{stage.settings.level:.6E},{measured:.6E},"
        f"{_current_a(twin, t):.6E},{_frequency_hz(twin):.6E},{_coil_c(twin, t):.6E},"
        f"{_flow(twin):.6E},"
        f"{wd_ms},{stage.watchdog.last}"
    )


def _measure(pattern: str, value: Callable[["ScpiSource", float], float]) -> Row:
    return Row(pattern, query=lambda twin, _, t: nr3(value(twin, t)))


def _field(twin: "ScpiSource", t: float) -> float:
    return twin.stage.measured(t) * 1e3


# ---- status -------------------------------------------------------------------------------------


def _register(pattern: str, pick: Callable[["ScpiSource"], "Register"]) -> tuple[Row, ...]:
    def enable(twin: "ScpiSource", arguments: list[str], t: float) -> None:
        pick(twin).enable = whole(one(arguments), MASK_16)

    return (
        Row(f"{pattern}:CONDition", query=lambda twin, *_: str(pick(twin).condition)),
        Row(f"{pattern}[:EVENt]", query=lambda twin, *_: str(pick(twin).read_event())),
        Row(f"{pattern}:ENABle", enable, lambda twin, *_: str(pick(twin).enable)),
    )


def _all_errors(twin: "ScpiSource", arguments: list[str], t: float) -> str:
    count = max(len(twin.status.errors), 1)
    return ",".join(twin.status.next_error() for _ in range(count))


SOURCE = "[SOURce]:FIELd"
DOG = "SYSTem:COMMunicate:WATChdog"
ROWS: tuple[Row, ...] = (
    _setting(
        f"{SOURCE}[:LEVel][:IMMediate][:AMPLitude]",
        AMPLITUDE,
        lambda twin: twin.stage.settings.level,
        _put_level,
    ),
    _setting(f"{SOURCE}:LIMit[:HIGH]", LIMIT, lambda twin: twin.stage.settings.limit, _put_limit),
    _setting(f"{SOURCE}:SLEW", SLEW, lambda twin: twin.stage.settings.rise, _put_slew),
    _setting(f"{SOURCE}:SLEW:RISE", SLEW, lambda twin: twin.stage.settings.rise, _put("rise")),
    _setting(f"{SOURCE}:SLEW:FALL", SLEW, lambda twin: twin.stage.settings.fall, _put("fall")),
    _setting(
        f"{SOURCE}:PROTection[:LEVel]",
        PROTECTION,
        lambda twin: twin.stage.settings.protection,
        _put("protection"),
    ),
    Row(
        f"{SOURCE}:PROTection:TRIPped", query=lambda twin, *_: str(int(twin.stage.latched) >> 1 & 1)
    ),
    Row(f"{SOURCE}:RANGe", query=lambda *_: nr3(FULL_SCALE)),
    Row(f"{SOURCE}:DEFinition", query=lambda *_: "PEAK"),
    Row("[SOURce]:FREQuency[:CW]", query=lambda *_: nr3(FREQUENCY_HZ)),
    Row("OUTPut[:STATe]", _output, lambda twin, *_: str(int(twin.stage.state is State.ON))),
    Row("OUTPut:ARM", _arm, lambda twin, *_: str(int(twin.stage.state is State.ARMED))),
    Row("OUTPut:STATus:ACTual", query=lambda twin, _, t: str(int(twin.stage.measured(t) > 0.01))),
    _setting(
        "OUTPut:TIMe[:LIMit]",
        ON_TIME,
        lambda twin: twin.stage.settings.on_time_s,
        _put("on_time_s"),
    ),
    _measure("OUTPut:TIMe:REMaining", lambda twin, t: twin.stage.on_time_remaining_s(t)),
    Row("OUTPut:PROTection:CLEar", _clear),
    Row(
        "OUTPut:PROTection:CAUSe",
        query=lambda twin, *_: f"{int(twin.stage.first_cause)},{int(twin.stage.latched)}",
    ),
    Row("ABORt", _abort),
    _measure("MEASure[:SCALar]:FIELd", _field),
    _measure("MEASure[:SCALar]:CURRent:AC", _current_a),
    _measure("MEASure[:SCALar]:VOLTage:AC", lambda twin, t: _field(twin, t) / 9.0),
    _measure(
        "MEASure[:SCALar]:POWer:AC", lambda twin, t: 5e3 * (_field(twin, t) / FULL_SCALE) ** 2
    ),
    _measure("MEASure[:SCALar]:FREQuency", lambda twin, _: _frequency_hz(twin)),
    _measure("MEASure[:SCALar]:FLOW", lambda twin, _: _flow(twin)),
    Row("MEASure[:SCALar]:TEMPerature", query=_temperatures),
    Row("FETCh:SNAPshot", query=_snapshot),
    Row(f"{DOG}[:STATe]", _watch, lambda twin, *_: str(int(twin.stage.watchdog.enabled))),
    _setting(f"{DOG}:TIMe", WATCHDOG, lambda twin: twin.stage.watchdog.time_s, _put_watchdog),
    Row(
        f"{DOG}:MODE",
        _watch_mode,
        lambda twin, *_: "HEAR" if twin.stage.watchdog.heartbeat_only else "ANY",
    ),
    _measure(f"{DOG}:REMaining", lambda twin, t: twin.stage.watchdog_remaining_s(t)),
    Row(f"{DOG}:TRIPped", query=lambda twin, *_: str(int(twin.stage.latched) >> 12 & 1)),
    Row(f"{DOG}:TEST", _watch_test),
    Row("SYSTem:COMMunicate:HEARtbeat", _beat, lambda twin, *_: str(twin.stage.watchdog.last)),
    Row("SYSTem:INTerlock[:STATe]", query=lambda twin, *_: str(twin.stage.interlocks)),
    Row("SYSTem:INTerlock:LATChed", query=lambda twin, *_: str(twin.stage.interlocks_latched)),
    Row("SYSTem:INTerlock:MASK", query=lambda *_: str(FITTED_INTERLOCKS)),
    Row("SYSTem:INTerlock:CLEar", _clear),
    Row("SYSTem:ERRor:COUNt", query=lambda twin, *_: str(len(twin.status.errors))),
    Row("SYSTem:ERRor:ALL", query=_all_errors),
    Row("SYSTem:BOOT", query=lambda twin, *_: str(twin.boots)),
    _measure("SYSTem:UPTime", lambda twin, t: t - twin.booted_at),
    *_register("STATus:OPERation", lambda twin: twin.status.operation),
    *_register("STATus:QUEStionable", lambda twin: twin.status.questionable),
    *_register("STATus:QUEStionable:INTerlock", lambda twin: twin.status.interlock),
)
HEADERS = table(ROWS)
