# SPDX-License-Identifier: Apache-2.0
"""What happens besides the treatment: faults and operator's wishes on a timeline, from a file."""

import json
import math
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from sim_hardware.faults import VERBS, Fault, Layer, Targets
from sim_hardware.wire.verbs import parsed

CLASS_S = MappingProxyType(
    {
        ("probe_off", ""): 3.0,
        ("probe_stuck", ""): 5.0,
        ("probe_contact", ""): 10.0,
        ("probe_lag", ""): 61.0,
        ("probe_swapped", ""): 61.0,
        ("probe_dropped", ""): 1.3,
        ("no_probe_token", ""): 1.0,
        ("stream_stall", ""): 1.3,
        ("amp_ignores_off", ""): 0.75,
        ("amp_lies_off", ""): 10.0,
        ("amp_stuck_full", ""): 0.75,
        ("coolant_stop", ""): 1.0,
        ("coolant_warm", ""): 30.0,
        ("link_drop", "thermometer"): 1.3,
        ("link_drop", "source"): 0.75,
        ("blackhole", "thermometer"): 1.3,
        ("blackhole", "source"): 0.75,
        ("freeze", "thermometer"): 5.0,
        ("token", "thermometer"): 1.0,
        ("other_device", "source"): 0.75,
        ("other_device", "thermometer"): 1.3,
        ("reboot", "source"): 0.75,
        ("ignore_cmd", "source"): 0.75,
        ("eat_reply", "source"): 0.75,
        ("controller_killed", ""): 0.4,
        ("controller_stopped", ""): 0.75,
        ("guard_killed", ""): 0.35,
        ("guard_stopped", ""): 0.35,
        ("host_stopped", ""): 0.35,
    }
)
"""Class times of design.md sections 7 and 9: from onset to field zero, s. That of
`amp_lies_off` is the proposal for H18.

Warm water is answered when the outlet has become too warm, which takes up to 22 s. A fault without
one need not end the field: the other oracles judge what it does. By verb and device; "": any.
"""
LINK_S = 1.3
STOPS = frozenset({"controller_stopped", "guard_stopped", "host_stopped"})
"""They may go on before anything has to be noticed."""

SKIN_CHANNEL = "1"
CONTACT_PER_S = 1.0 / 60.0
"""Skin stands about 15 °C above the air, and falls by 0.25 °C/s then: twice what a rule asks."""

EXAMPLES = "see config/scenarios for examples"
KEYS = frozenset(
    {"schema", "title", "since", "until_s", "skin_c", "seed", "confirm_s", "fault", "wish"}
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asks for, at a time of the scenario's clock; `value` when lowering."""

    at_s: float
    verb: Verb
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """`since` starts the scenario's clock (treatment s). `skin_c`: begin warm, at this skin.

    `seed`: that of the run, where the scenario was found by one. `confirm_s`: how long the operator
    reads before confirming.
    """

    faults: tuple[Fault, ...] = ()
    wishes: tuple[Wish, ...] = ()
    since: Phase = Phase.PLATEAU
    skin_c: float | None = None
    until_s: float = 10_000.0
    seed: int | None = None
    confirm_s: float = 0.0
    file: str = "scenario"

    @property
    def class_s(self) -> float | None:
        """The longest class time of its faults; None where none has one."""
        times = (class_s(fault) for fault in self.faults)
        return max((time_s for time_s in times if time_s is not None), default=None)


def class_s(fault: Fault) -> float | None:
    """Class time of one fault, s; None: it need not end the field, or acts only now and then."""
    if VERBS[fault.verb].layer is Layer.WIRE and parsed(fault.verb, fault.argument)[1] < 1.0:
        return None
    if fault.verb == "probe_contact" and not _falls_clearly(fault.argument):
        return None
    default = LINK_S if fault.verb == "link_drop" else None
    time_s = CLASS_S.get((fault.verb, ""), CLASS_S.get((fault.verb, fault.device), default))
    is_short = fault.verb in STOPS and fault.argument and time_s is not None
    return None if is_short and float(fault.argument) < float(time_s or 0.0) else time_s


def _falls_clearly(argument: str) -> bool:
    """Whether a contact is lost fast enough to be told from tissue: a slower loss shows nothing."""
    channel, contact, over_s = (*argument.split(":"), "0", "0")[:3]
    return channel == SKIN_CHANNEL and 1.0 - float(contact) >= CONTACT_PER_S * float(over_s)


def targets_checked(scenario: Scenario, targets: Targets) -> Scenario:
    """The scenario, if everything its faults act on is there; ConfigError otherwise."""
    for fault in scenario.faults:
        try:
            targets.find(fault)
        except ValueError as error:
            raise ConfigError(scenario.file, "fault", str(error), EXAMPLES) from error
    return scenario


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; ConfigError with file, key, why and what would be right."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(str(path), "", "no such file", "give a scenario file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), "", f"not TOML: {error}", "correct this line") from error
    unknown = sorted(set(data) - KEYS)
    if unknown:
        raise ConfigError(str(path), unknown[0], "unknown key", f"one of {sorted(KEYS)}")
    try:
        return replace(_scenario(data), file=str(path))
    except (TypeError, ValueError, KeyError) as error:
        raise ConfigError(str(path), "scenario", str(error), EXAMPLES) from error


def _scenario(data: dict[str, Any]) -> Scenario:
    return Scenario(
        faults=tuple(
            Fault(**{**row, "at_s": _number(row["at_s"])}) for row in data.get("fault", ())
        ),
        wishes=tuple(_wish(**row) for row in data.get("wish", ())),
        since=Phase(data.get("since", "plateau")),
        skin_c=_number(data["skin_c"]) if "skin_c" in data else None,
        until_s=_number(data.get("until_s", 10_000.0)),
        seed=int(_number(data["seed"])) if "seed" in data else None,
        confirm_s=_number(data.get("confirm_s", 0.0)),
    )


def _wish(at_s: object, verb: str, value: object = None) -> Wish:
    return Wish(_number(at_s), Verb(verb), None if value is None else _number(value))


def written(scenario: Scenario, title: str = "") -> str:
    """The text of a file that `load_scenario` reads as this scenario."""
    lines = [f"title = {json.dumps(title)}"] if title else []
    lines += [f'since = "{scenario.since.value}"', f"until_s = {scenario.until_s!r}"]
    lines += [] if scenario.skin_c is None else [f"skin_c = {scenario.skin_c!r}"]
    lines += [] if scenario.seed is None else [f"seed = {scenario.seed}"]
    lines += [f"confirm_s = {scenario.confirm_s!r}"] if scenario.confirm_s else []
    for fault in scenario.faults:
        lines += ["", "[[fault]]", f"at_s = {fault.at_s!r}", f'device = "{fault.device}"']
        lines += [f'verb = "{fault.verb}"', f"argument = {json.dumps(fault.argument)}"]
        lines += [] if fault.until_s is None else [f"until_s = {fault.until_s!r}"]
    for wish in scenario.wishes:
        lines += ["", "[[wish]]", f"at_s = {wish.at_s!r}", f'verb = "{wish.verb.value}"']
        lines += [] if wish.value is None else [f"value = {wish.value!r}"]
    return "\n".join(lines) + "\n"


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return float(value)
