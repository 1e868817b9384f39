# SPDX-License-Identifier: Apache-2.0
"""All that is wrong with a site at once: fixing errors one by one is a guessing game."""

from mnht_controller.domain.errors import ConfigError, MnhtError


class ConfigErrors(MnhtError):
    """One or more errors, each with file (and line, where known), dotted key, why and what fits."""

    def __init__(self, errors: tuple[ConfigError, ...]) -> None:
        """Keep the errors apart, so that `--json` can print them."""
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors
