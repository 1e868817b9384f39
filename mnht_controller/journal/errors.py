# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a record: it cannot be made, or it does not read."""

from mnht_controller.domain.errors import MnhtError


class JournalError(MnhtError):
    """A journal or kept value that cannot be made or read. Says file, line (0: the file), why."""

    def __init__(self, file: str, line: int, why: str) -> None:
        """Keep the parts apart, so that `--json` can print them."""
        super().__init__(f"{file}: line {line}: {why}" if line else f"{file}: {why}")
        self.file, self.line, self.why = file, line, why
