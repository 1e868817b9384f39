# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/ as made from the tables in the code; docs.py puts them in place."""

import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

import typer
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel

from drivers import generic_scpi_source as dialect
from mnht_controller.alarms import engine as alarm_engine
from mnht_controller.alarms import table as alarm_table
from mnht_controller.cli import output
from mnht_controller.cli.main import build
from mnht_controller.core.phases import TRANSITIONS
from mnht_controller.devices import errors
from mnht_controller.domain import limits
from mnht_controller.domain.alarm import AlarmEvent, AlarmState, Occurrence
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.lease import Lease
from mnht_controller.domain.spent import Spent
from mnht_controller.domain.tick import Decision, Health, TickInput
from mnht_controller.domain.trip import Latch
from mnht_controller.guard.answers import Refusal
from mnht_controller.guard.process import Fed
from mnht_controller.guard.state import GuardEvent
from mnht_controller.interlock.guard_trips import GUARD_TRIPS, OWN_TRIPS, GuardTrip
from mnht_controller.interlock.permissives import PERMISSIVES
from mnht_controller.interlock.rules import RULES
from mnht_controller.journal import records
from mnht_controller.runtime import alarms as desk
from mnht_controller.surfaces import api, bodies, wording
from sim_hardware.bench.class_times import CLASS_TIMES
from sim_hardware.bench.oracles import ORACLES
from sim_hardware.devices.sources.generic_scpi_commands import ROWS
from sim_hardware.faults import FAULTS
from tools.file_tables import configuration, simulated
from tools.hazard_tables import controls, hazards
from tools.instrument_tables import common_words, instruments, stop_paths, wire_facts
from tools.markdown import code, first_line, table

Json = Mapping[str, Any]


# ---- commands ------------------------------------------------------------------------------


def walk(group: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - click is vendored
    """Yield every command with its full name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from walk(command, f"{path} {name}")
        elif not command.hidden:
            yield f"{path} {name}", command


def all_commands() -> list[tuple[str, Any]]:
    """List every command of `mnht`, those of the simulated bench included."""
    return list(walk(typer.main.get_command(build()), "mnht"))


def commands() -> str:
    """One section a command: what it does, arguments, options, examples."""
    parts = []
    for name, command in all_commands():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
        usage = " ".join([name, *(p.metavar or p.name.upper() for p in arguments)])
        about, _, example = re.sub(r"\s*\n\s*", " ", command.help).partition(" Example")
        example = example.lstrip("s").removeprefix(":").strip()
        parts.append(f"## `{usage}`\n\n{about}\n")
        rows = [(code(p.metavar or p.name.upper()), "", p.help) for p in arguments]
        rows += [(code(", ".join(p.opts)), code(_default(p)), p.help) for p in options]
        if rows:
            parts.append(table(("argument or option", "default", "meaning"), rows))
        parts.append("```\n" + "\n".join(example.split("; ")) + "\n```\n")
    return "\n".join(parts)


def _default(parameter: Any) -> object:  # noqa: ANN401 - as above
    return None if parameter.is_flag or parameter.default == "" else parameter.default


def exit_codes() -> str:
    """Which error leaves with which code."""
    names = {value: key for key, value in vars(output).items() if key.startswith("EXIT_")
             and isinstance(value, int)}  # fmt: skip
    by_code = [
        (number, names[number].removeprefix("EXIT_").lower(),
         ", ".join(code(kind.__name__) for kind, value in output.EXIT_CODES if value == number))
        for number in sorted(names)
    ]  # fmt: skip
    return table(("code", "name", "errors"), [(0, "ok", ""), *by_code])


# ---- interlock -----------------------------------------------------------------------------


def rules() -> str:
    """Give the rule table, in its order."""
    rows = [
        (code(row.code), ", ".join(row.hazards), row.effect.value, row.scope.value,
         f"{row.debounce_s:g} s", row.title, row.what_to_do)
        for row in RULES
    ]  # fmt: skip
    head = ("code", "hazards", "effect", "scope", "debounce", "what happened", "what to do")
    return table(head, rows)


def guard_trips() -> str:
    """Give what latches the guard beyond the rules."""
    return _trips(GUARD_TRIPS)


def own_trips() -> str:
    """Give what latches the controller beyond the rules."""
    return _trips(OWN_TRIPS)


def _trips(trips: Iterable[GuardTrip]) -> str:
    rows = [(code(r.code), ", ".join(r.hazards), r.title, r.what_to_do) for r in trips]
    return table(("code", "hazards", "what happened", "what to do"), rows)


def permissives() -> str:
    """Give what must hold before arming."""
    return table(
        ("code", "arming is refused because"), [(code(r.code), r.title) for r in PERMISSIVES]
    )


def transitions() -> str:
    """Give the phase table."""
    rows = [(row.phase.value, code(row.condition.value), row.to.value) for row in TRANSITIONS]
    return table(("in", "when", "go to"), rows)


def alarms() -> str:
    """Give the alarm table, in the order in which the banner ranks it."""
    rows = []
    for row in alarm_table.ALARMS:
        goes_up = f", {row.highest.value} unacknowledged" if row.highest != row.priority else ""
        delay = f"{row.delay_s:g} s" if row.delay_s else ""
        rows.append((code(row.id), f"{row.priority.value}{goes_up}",
                     "latching" if row.latching else "", delay, row.text, row.what_to_do,
                     ", ".join(map(code, row.codes))))  # fmt: skip
    head = ("alarm", "priority", "signal", "delay", "what happened", "what to do", "raised by")
    return table(head, rows)


def alarm_numbers() -> str:
    """Give the times of alarms."""
    rows = [
        ("the sound is silenced for", alarm_engine.AUDIO_PAUSE_S),
        ("unacknowledged for so long, an alarm goes up or is repeated", alarm_engine.REPEAT_S),
        ("nobody watches an armed session: `view_lost`", alarm_table.VIEW_S_MAX),
        ("a disk that keeps alarms later than this is passed by", desk.SHOW_S_MAX),
    ]
    return table(("what", "value"), [(text, f"{seconds:g} s") for text, seconds in rows])


# ---- limits --------------------------------------------------------------------------------


def hard_limits() -> str:
    """Give the compiled limits with their labels."""
    rows = [
        (code(name), label, f"{getattr(limits.HARD_LIMITS, name) / divisor:g} {unit}")
        for name, label, divisor, unit in wording.LIMIT_LABELS
    ]
    return table(("key", "what", "compiled bound"), rows)


def region_caps() -> str:
    """Give the cap on the field for each region."""
    rows = [(region.value, f"{cap:g} kA/m") for region, cap in limits.FIELD_KA_PER_M_CAPS]
    return table(("region", "cap at 100 kHz, peak"), rows)


NUMBERS: tuple[tuple[str, str, str, str], ...] = (
    ("interlock.lease", "LEASE_AGE_S_MAX", "s", "an older lease latches the guard"),
    ("interlock.lease", "STATUS_AGE_S_MAX", "s", "the guard is silent: the gate inhibits"),
    ("guard.machine", "TICK_GAP_S_MAX", "s", "a longer gap in the guard's own ticks latches it"),
    ("guard.machine", "ARMED_S_MAX", "s", "ARMED without a permit goes back to DISABLED"),
    ("guard.machine", "SILENCE_S_MIN", "s", "silence before the re-close sequence"),
    ("interlock.gate", "PERMIT_S_MAX", "s", "longest life of a permit"),
    ("interlock.source_findings", "SOURCE_AGE_S_MAX", "s", "no new snapshot: `source_lost`"),
    ("interlock.source_findings", "UNVERIFIED_S_MAX", "s", "no answer yet: `unverified`"),
    ("interlock.source_findings", "UNCERTAIN_S_MAX", "s", "state not known: `uncertain`"),
    ("interlock.probe_findings", "RELEASE_C", "°C", "hysteresis of the cut-back"),
    ("interlock.probe_findings", "RATE_C_PER_S_MAX", "°C/s", "steeper rise: `rate_of_rise`"),
    ("interlock.start_findings", "OPERATOR_SEEN_S_MAX", "s", "no operator's view: no arming"),
    ("core.phases", "PRESENCE_S", "s", "presence must be confirmed: event, no arming"),
    ("core.phases", "PRESENCE_LOST_S", "s", "presence not confirmed: pause"),
    ("interlock.start_findings", "DISK_MB_MIN", "MB", "less room on the disk: no arming"),
    ("interlock.start_findings", "SKIN_SPREAD_C_MAX", "°C", "skin probes before field: no arming"),
    ("thermometry.plausibility", "JUMP_C", "°C", "largest step from the last accepted sample"),
    ("thermometry.plausibility", "FALL_C_PER_S_MAX", "°C/s", "steeper fall: the probe is off"),
    ("thermometry.plausibility", "STALE_S_MIN", "s", "youngest stale reading"),
    ("thermometry.plausibility", "STALE_PERIODS", "periods", "a reading this old is stale"),
    ("thermometry.plausibility", "STALE_S_MAX", "s", "stale at this age in any case"),
    ("thermometry.prediction", "PREDICTION_S_MAX", "s", "longest prediction of the skin"),
    ("core.phases", "REACHED_C", "°C", "the plateau begins this far below the set-point"),
    ("core.phases", "HOLD_C", "°C", "the plateau clock stops further below than this"),
    ("core.phases", "CONFIRM_S_MAX", "s", "ARMED without START goes back to STANDBY"),
    ("core.phases", "PAUSE_S_MAX", "s", "a longer pause needs a new arm"),
    ("core.phases", "VIEW_LOST_S", "s", "no operator's view: PAUSED"),
)


def numbers() -> str:
    """Give the fixed numbers that are no limits of treatment."""
    rows = []
    for module, name, unit, text in NUMBERS:
        value = getattr(importlib.import_module(f"mnht_controller.{module}"), name)
        rows.append((text, f"{value:g} {unit}", code(f"{module}.{name}")))
    return table(("what", "value", "where"), rows)


# ---- records, wire, bench, console, errors ----------------------------------------------------

RECORDS: tuple[tuple[str, str, type], ...] = (
    ("header", "every journal, first record", records.Header),
    ("tick", "controller, every tick", records.TickRecord),
    ("spent", "controller, second record", Spent),
    ("latch", "controller, third record", Latch),
    ("alarms", "controller, at its first tick", AlarmState),
    ("alarm", "controller, on a change", records.AlarmRecord),
    ("guard", "guard, on a change of state", GuardEvent),
    ("lease", "guard, while armed", Lease),
    ("fed", "guard, for every byte", Fed),
    ("refused", "guard", Refusal),
    ("event", "console, every request to change something", records.Event),
    ("lost", "any, after a full queue", records.Lost),
)
PARTS: tuple[tuple[str, type], ...] = (
    ("alarm.event", AlarmEvent),
    ("alarm.event.occurrence", Occurrence),
    ("tick.input", TickInput),
    ("tick.input.health", Health),
    ("tick.decision", Decision),
)


def record_kinds() -> str:
    """Give the kinds of records and their keys."""
    rows = [
        (code(kind), by, first_line(cls), ", ".join(code(f.name) for f in dataclasses.fields(cls)))
        for kind, by, cls in RECORDS
    ]
    rows += [
        (code(place), "", first_line(cls), ", ".join(code(f.name) for f in dataclasses.fields(cls)))
        for place, cls in PARTS
    ]
    return table(("kind or part", "written by", "what", "keys of `data`"), rows)


def dialect_commands() -> str:
    """Give the headers the source's twin knows: the lower-case part of a word may be left out."""
    rows = [(code(r.pattern), "yes" if r.set else "", "yes" if r.query else "") for r in ROWS]
    return table(("header", "set", "query"), rows)


def dialect_bits() -> str:
    """Give the bits of the two condition words in the snapshot that the driver names."""
    rows = [
        (register, bit.value.bit_length() - 1, code(str(bit.name).lower()))
        for register, flags in (("`ques`", dialect.Fault), ("`int`", dialect.Interlock))
        for bit in flags
    ]
    return table(("word", "bit", "name in rules and journal"), rows)


def faults() -> str:
    """Give the fault verbs with the time in which the field must be zero."""
    rows = []
    for verb in FAULTS:
        times = [
            f"{row.time_s:g} s{f' ({row.device})' if row.device else ''}"
            for row in CLASS_TIMES
            if row.verb == verb.name and row.time_s is not None
        ]
        rows.append((code(verb.name), verb.layer.value, ", ".join(verb.hazards), verb.text,
                     verb.argument, ", ".join(times)))  # fmt: skip
    return table(("verb", "acts on", "hazards", "what happens", "argument", "class time"), rows)


def oracles() -> str:
    """Give the judges of a simulated run."""
    rows = [(name, first_line(judge).partition(": ")[2]) for name, judge in ORACLES]
    return table(("oracle", "says"), rows)


WISH_TEXTS: Mapping[Verb, str] = MappingProxyType(
    {
        Verb.PREPARE: "Set the source's limit register and propose the limits to the guard.",
        Verb.START: "Begin the ramp.",
        Verb.PAUSE: "Field to zero, not latched.",
        Verb.RESUME: "Go on after a pause.",
        Verb.PRESENT: "Confirm that a person is present: every 5 min, else the field is paused.",
        Verb.ABANDON: "Back to STANDBY before the field was on, or out of a pause.",
    }
)


def routes() -> str:
    """Give the console's routes; everything but the first three needs a login."""
    desk = api.Desk(*cast("tuple[Any, Any, Any, Any, Any]", (None,) * 5))
    rows = []
    for open_, router in ((True, api.open_routes(desk)), (False, api._routes(desk))):  # noqa: SLF001
        rows += [_route(route, open_) for route in _api_routes(router)]
    return table(("method", "path under `/api/v1`", "login", "body", "what"), rows)


def _api_routes(router: APIRouter) -> list[APIRoute]:
    return [route for route in router.routes if isinstance(route, APIRoute)]


def _route(route: APIRoute, is_open: bool) -> tuple[object, ...]:
    wish = next((v for v in WISH_TEXTS if route.path == f"/session/{v.value}"), None)
    about = WISH_TEXTS[wish] if wish else first_line(route.endpoint)
    hints = inspect.get_annotations(route.endpoint).values()
    models = [hint for hint in hints if inspect.isclass(hint) and issubclass(hint, BaseModel)]
    body = ", ".join(code(model.__name__) for model in models)
    return (
        ", ".join(sorted(route.methods or ())),
        code(route.path),
        "" if is_open else "yes",
        body,
        about,
    )


def request_bodies() -> str:
    """Give the keys of each request body."""
    models: list[type[BaseModel]] = [
        bodies.Claim, bodies.Confirmation, bodies.Lower, bodies.Alarm, bodies.Seen,
    ]  # fmt: skip
    rows = [(code(m.__name__), ", ".join(map(code, m.model_fields)), first_line(m)) for m in models]
    return table(("body", "keys", "what"), rows)


def device_errors() -> str:
    """Give the device error tree."""
    found = [
        cls
        for cls in vars(errors).values()
        if inspect.isclass(cls) and issubclass(cls, errors.DeviceError)
    ]
    rows = [(code(c.__name__), code(c.__bases__[0].__name__), first_line(c)) for c in found]
    return table(("error", "is a", "what"), rows)


GENERATORS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            commands, exit_codes, rules, guard_trips, own_trips, permissives, transitions, alarms,
            alarm_numbers, hazards, controls, hard_limits,
            region_caps, numbers, configuration, simulated, record_kinds, dialect_commands,
            dialect_bits, faults, oracles, routes, request_bodies, device_errors, instruments,
            stop_paths, wire_facts, common_words,
        )
    }
)  # fmt: skip
