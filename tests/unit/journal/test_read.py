# SPDX-License-Identifier: Apache-2.0
"""Reading records back, and the errors that say where a file stops making sense."""

from pathlib import Path

import pytest

from mnht_controller.domain.codec import dumps, from_plain
from mnht_controller.journal.chain import Chain
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.read import read_header, read_records
from mnht_controller.journal.records import DriverVersion, Event, Header
from mnht_controller.journal.sink import MemoryJournal

HEADER = Header(
    process="controller",
    boot="boot",
    started_at="2026-01-02T03:04:05.000Z",
    drivers=(DriverVersion("opsens_handysens", "0.1.0"),),
    seed=1,
)


def test_records_come_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = MemoryJournal(HEADER, clock=lambda: 7.5)
    event = Event("enable_line.lost", actor="guard", detail='quote " and , "hash":"')
    assert journal.write("event", event)
    journal.dump(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"".join(journal.lines)
    assert read_header(path) == HEADER
    records = [*read_records(path)]
    assert [(record.seq, record.kind, record.at) for record in records] == [
        (0, "header", 7.5),
        (1, "event", 7.5),
    ]
    assert from_plain(Event, records[1].data) == event


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (b'{"seq":1', "line 2: torn"),
        (b"garbage\n", "line 2: not a journal record"),
        (b'{"seq":1,"kind":"event","at":0.0}\n', "line 2: not a journal record"),
        (b'{"seq":1,"kind":"event","at":0.0,"data":[]}\n', "data is no object"),
        (b"\xff\n", "line 2: not a journal record"),
    ],
)
def test_a_bad_record_names_file_and_line(tmp_path: Path, second: bytes, why: str) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(Chain().line("header", 0.0, dumps(HEADER)) + second)
    with pytest.raises(JournalError, match=why) as caught:
        [*read_records(path)]
    assert (caught.value.file, caught.value.line) == (str(path), 2)


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (b"", "not a mnht.journal"),
        (Chain().line("event", 0.0, "{}"), "not a mnht.journal"),
        (Chain().line("header", 0.0, '{"format":"mnht.journal","version":9}'), "version 9"),
        (Chain().line("header", 0.0, '{"format":"mnht.journal","version":1}'), "not a Header"),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, first: bytes, why: str) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(first)
    with pytest.raises(JournalError, match=why):
        read_header(path)
