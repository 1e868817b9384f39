# SPDX-License-Identifier: Apache-2.0
"""The root of the error tree.

MnhtError
 ├ ConfigError      a profile is wrong: file, key, why, what would be right
 ├ DeviceError      drawn in devices/errors.py
 ├ JournalError     drawn in journal/errors.py
 ├ IntentRefused    the operator asked for something not permitted now (reasons)
 └ InvariantError   our bug: off, trip
"""


class MnhtError(Exception):
    """Every error this project raises on purpose."""


class ConfigError(MnhtError):
    """A profile is wrong. Says file, key, why and what would be right."""

    def __init__(self, file: str, key: str, why: str, right: str) -> None:
        """Keep the four parts apart, so that `--json` can print them."""
        super().__init__(f"{file}: {key}: {why}; {right}")
        self.file, self.key, self.why, self.right = file, key, why, right


class IntentRefused(MnhtError):
    """An operator's wish that is not permitted now; every unmet reason is listed."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        """Keep all reasons: a refusal that names only the first one is a guessing game."""
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class InvariantError(MnhtError):
    """A broken invariant, so a bug of ours. The shell turns it into off and a trip."""
