# SPDX-License-Identifier: Apache-2.0
"""What happens besides the treatment: faults and operator's wishes on a timeline, from a file."""

import json
import math
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from sim_hardware.bench.class_times import class_s
from sim_hardware.faults import Fault, Targets

EXAMPLES = "see config/scenarios for examples"
KEYS = frozenset(
    {
        "schema",
        "title",
        "since",
        "until_s",
        "skin_c",
        "seed",
        "confirm_s",
        "site",
        "patient",
        "fault",
        "wish",
    }
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

    `seed`, `site`, `patient`: those of the run, by shipped name, where the scenario was found by
    one. `confirm_s`: how long the operator reads before confirming.
    """

    faults: tuple[Fault, ...] = ()
    wishes: tuple[Wish, ...] = ()
    since: Phase = Phase.PLATEAU
    skin_c: float | None = None
    until_s: float = 10_000.0
    seed: int | None = None
    confirm_s: float = 0.0
    site: str = ""
    patient: str = ""
    file: str = "scenario"

    @property
    def class_s(self) -> float | None:
        """The longest class time of its faults; None where none has one."""
        times = (class_s(fault) for fault in self.faults)
        return max((time_s for time_s in times if time_s is not None), default=None)


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
        site=_name(data.get("site", "")),
        patient=_name(data.get("patient", "")),
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
    lines += [f'site = "{scenario.site}"'] if scenario.site else []
    lines += [f'patient = "{scenario.patient}"'] if scenario.patient else []
    for fault in scenario.faults:
        lines += ["", "[[fault]]", f"at_s = {fault.at_s!r}", f'device = "{fault.device}"']
        lines += [f'verb = "{fault.verb}"', f"argument = {json.dumps(fault.argument)}"]
        lines += [] if fault.until_s is None else [f"until_s = {fault.until_s!r}"]
    for wish in scenario.wishes:
        lines += ["", "[[wish]]", f"at_s = {wish.at_s!r}", f'verb = "{wish.verb.value}"']
        lines += [] if wish.value is None else [f"value = {wish.value!r}"]
    return "\n".join(lines) + "\n"


def _name(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\w*", value):
        raise ValueError(f"{value!r} is not a shipped name")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return float(value)
