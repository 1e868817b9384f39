# SPDX-License-Identifier: Apache-2.0
"""Request bodies. Unknown keys and wrong types are refused, never guessed at."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1, max_length=256)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class Body(BaseModel):
    """Common rules."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Claim(Body):
    """One-time login; `name` signs what is done with it."""

    claim_code: Text
    name: Annotated[str, Field(pattern="^[A-Za-z0-9._ -]{1,40}$")] = "operator"


class Confirmation(Body):
    """What a human read and confirms."""

    envelope_sha256: Sha256
    nonce: Text


class Lower(Body):
    """Exactly one new value: set-point in °C or field ceiling in kA/m peak."""

    setpoint_c: Positive | None = None
    ceiling_ka_per_m: Positive | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.setpoint_c is None) == (self.ceiling_ka_per_m is None):
            raise ValueError("give either setpoint_c or ceiling_ka_per_m")
        return self


class Close(Body):
    """Why an unfinished session is over."""

    reason: Annotated[str, Field(min_length=3, max_length=256)]


class Alarm(Body):
    """The id of the one occurrence that is meant."""

    occurrence: Annotated[int, Field(ge=1)]


class Seen(Body):
    """The tick that a page has drawn."""

    tick: Annotated[int, Field(ge=0)]
