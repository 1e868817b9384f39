# SPDX-License-Identifier: Apache-2.0
"""Numbers as profiles may give them: a unit, and the window outside of which the unit is wrong.

A window is physics and typing errors, not safety: limits are judged in check.py.
"""

from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo


def _number(unit: str, low: float, high: float) -> FieldInfo:
    window = Field(ge=low, le=high, allow_inf_nan=False, description=unit)
    return cast(FieldInfo, window)


Celsius = Annotated[float, _number("°C", 20.0, 90.0)]
NoiseCelsius = Annotated[float, _number("°C", 0.0, 2.0)]
CelsiusPerMinute = Annotated[float, _number("°C/min", 0.01, 30.0)]
KiloAmperePerMetre = Annotated[float, _number("kA/m", 0.1, 200.0)]
Hertz = Annotated[float, _number("Hz", 10_000.0, 1_000_000.0)]
CemMinutes = Annotated[float, _number("min", 0.1, 1000.0)]
SessionSeconds = Annotated[float, _number("s", 60.0, 100_000.0)]
Seconds = Annotated[float, _number("s", 0.0, 100_000.0)]
ShortSeconds = Annotated[float, _number("s", 0.0, 60.0)]
DepthMillimetre = Annotated[float, _number("mm", 0.5, 300.0)]
SizeMillimetre = Annotated[float, _number("mm", 10.0, 2000.0)]
GainPerCelsius = Annotated[float, _number("1/°C", 1e-6, 1.0)]
SlewPerSecond = Annotated[float, _number("1/s", 1e-6, 1.0)]
LoopSeconds = Annotated[float, _number("s", 0.0, 10_000.0)]
PulsePower = Annotated[float, _number("u, share of full-scale power", 0.0, 0.7)]
PulseSeconds = Annotated[float, _number("s", 20.0, 60.0)]
PositiveLoopSeconds = Annotated[float, _number("s", 0.1, 10_000.0)]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="lower_snake_case")]
Text = Annotated[str, Field(min_length=1, max_length=300)]
Reference = Annotated[str, Field(min_length=1, description="path relative to this file")]
Baud = Annotated[int, Field(ge=300, le=4_000_000, description="Bd")]
DriverOptions = Annotated[
    dict[str, Any], Field(description="what this driver is told; `mnht devices --describe`")
]
NO_OPTIONS: dict[str, Any] = cast(dict[str, Any], Field(default_factory=dict))
Port = Annotated[int, Field(ge=0, le=65_535, description="TCP port; 0: any free one")]


class Part(BaseModel):
    """A table of a profile: immutable, no unknown key, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Profile(Part):
    """A whole file. `source` cites where its numbers come from."""

    schema_version: Annotated[int, Field(alias="schema", ge=1, le=1, description="always 1")]
    name: Name
    title: Text = ""
    source: tuple[Text, ...] = ()
