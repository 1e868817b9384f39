# SPDX-License-Identifier: Apache-2.0
"""Streams the records of a journal. It does not judge them: `chain.verify` does."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnht_controller.domain.codec import CodecError, from_plain
from mnht_controller.journal.chain import lines_of
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.records import FORMAT, VERSION, Header


@dataclass(frozen=True, slots=True)
class Record:
    """One line, its data still plain JSON: `codec.from_plain(TickRecord, record.data)` types it."""

    seq: int
    kind: str
    at: float
    data: dict[str, Any]


def read_header(path: Path) -> Header:
    """Read the first record. JournalError when it is no header of this format and version."""
    for record in read_records(path):
        data = record.data
        if record.kind != "header" or data.get("format") != FORMAT:
            break
        if data.get("version") != VERSION:
            why = f"format version {data.get('version')}, this release reads {VERSION}"
            raise JournalError(str(path), 1, why)
        try:
            return from_plain(Header, data)
        except CodecError as error:
            raise JournalError(str(path), 1, str(error)) from error
    raise JournalError(str(path), 1, f"not a {FORMAT}: the first record is not its header")


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records one by one, in constant memory; JournalError (file, line) on a bad one."""
    return parse_records(lines_of(path), str(path))


def parse_records(lines: Iterable[bytes], name: str) -> Iterator[Record]:
    """Parse lines; `name` is what an error calls them."""
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            raise JournalError(name, number, "torn: the last line has no end")
        try:
            plain = json.loads(line)
            record = Record(plain["seq"], plain["kind"], plain["at"], plain["data"])
        except (ValueError, KeyError, TypeError) as error:
            raise JournalError(name, number, f"not a journal record: {error!r}") from error
        if not isinstance(record.data, dict):
            raise JournalError(name, number, "not a journal record: data is no object")
        yield record
