# SPDX-License-Identifier: Apache-2.0
"""A log that cannot be written ends nothing (H34)."""

import errno
import io

from mnht_controller.settings.logs import Lossy


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "no space left")


def test_a_full_disk_loses_the_text_and_nothing_else():
    stream = Lossy(FullDisk())
    assert stream.write("x") == 0
    stream.flush()


def test_what_can_be_written_is():
    target = io.StringIO()
    assert Lossy(target).write("abc") == 3
    assert target.getvalue() == "abc"
