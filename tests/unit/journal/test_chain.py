# SPDX-License-Identifier: Apache-2.0
"""The chain's documented bytes, and what the verifier says about files that are not as made."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from mnht_controller.domain.codec import dumps
from mnht_controller.journal.chain import Chain, trace_sha256, verify
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.records import Header

HEADER = Header(process="controller", boot="boot", started_at="")


def journal(bodies: tuple[str, ...] = ('{"a":1.0}', '{"a":2.0}')) -> list[bytes]:
    chain = Chain()
    lines = [chain.line("header", 0.0, dumps(HEADER))]
    return lines + [chain.line("tick", float(at), body) for at, body in enumerate(bodies)]


def test_a_line_is_documented_bytes() -> None:
    line = Chain().line("event", 1.5, '{"code":"x"}')
    content = b'{"seq":0,"kind":"event","at":1.5,"data":{"code":"x"}'
    digest = sha256(bytes(32) + content).hexdigest().encode()
    assert line == content + b',"hash":"' + digest + b'"}\n'
    assert [*json.loads(line)] == ["seq", "kind", "at", "data", "hash"]


def test_each_line_depends_on_the_one_before() -> None:
    assert journal(('{"a":1.0}', "{}"))[2] != journal(('{"a":9.0}', "{}"))[2]


def test_a_sound_journal_is_ok_and_gives_its_head() -> None:
    lines = journal()
    verdict = verify(lines)
    assert (verdict.records, verdict.ok, verdict.first_bad) == (3, True, None)
    assert verdict.head == json.loads(lines[-1])["hash"]


def test_h57_lines_cut_from_the_end_show_only_against_an_anchored_head() -> None:
    lines = journal()
    head = verify(lines).head
    assert verify(lines[:-1]).ok
    verdict = verify(lines[:-1], expected_head=head)
    assert (verdict.ok, verdict.first_bad) == (False, 2)
    assert verify(lines, expected_head=head).ok


@pytest.mark.shows("hash_chain")
def test_h57_a_re_chained_forgery_shows_only_against_an_anchored_head() -> None:
    forged = journal(('{"a":1.0}', '{"a":7.0}'))
    assert verify(forged).ok
    assert not verify(forged, expected_head=verify(journal()).head).ok


def test_a_torn_tail_is_called_torn() -> None:
    lines = journal()
    verdict = verify([*lines[:-1], lines[-1][:-5]])
    assert (verdict.ok, verdict.first_bad, verdict.records, verdict.torn) == (False, 2, 2, True)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "empty"),
        ([b"\n"], "does not end in its hash"),
        (journal()[1:], "the hash does not fit"),
        ([Chain().line("event", 0.0, "{}")], "not a header"),
        ([Chain(seq=1).line("header", 0.0, dumps(HEADER))], "the number is not 0"),
        ([Chain().line("header", 0.0, '{"format":"mnht.journal","version":2}')], "version 1"),
        ([Chain().line("header", 0.0, '{"format":"mnht.journal","version":1}')], "not read"),
    ],
)
def test_what_is_no_journal_is_refused_at_record_0(lines: list[bytes], why: str) -> None:
    verdict = verify(lines)
    assert (verdict.ok, verdict.first_bad, verdict.records) == (False, 0, 0)
    assert why in verdict.why


def test_a_missing_file_is_a_journal_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be read"):
        verify(tmp_path / "none")


def test_the_trace_covers_tick_bodies_and_nothing_else() -> None:
    chain = Chain()
    header = Header(process="controller", boot="another", started_at="later", seed=3)
    lines = [
        chain.line("header", 9.0, dumps(header)),
        chain.line("event", 9.0, '{"x":",\\"kind\\":\\"tick\\","}'),
        chain.line("tick", 9.0, '{"a":1.0}'),
        chain.line("tick", 9.5, '{"a":2.0}'),
    ]
    assert trace_sha256(lines) == trace_sha256(journal())
    assert trace_sha256(lines) == sha256(b'{"a":1.0}\n{"a":2.0}\n').hexdigest()
    assert trace_sha256(lines[:-1]) != trace_sha256(lines)
