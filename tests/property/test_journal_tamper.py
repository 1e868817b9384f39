# SPDX-License-Identifier: Apache-2.0
"""H57: whatever is done to a journal's bytes, the verifier names the first record that is bad."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnht_controller.domain.codec import dumps
from mnht_controller.journal.chain import Chain, verify
from mnht_controller.journal.records import Event, Header

COUNT = 12
INDEX = st.integers(0, COUNT - 1)


def journal() -> list[bytes]:
    chain = Chain()
    header = Header(process="guard", boot="boot", started_at="")
    lines = [chain.line("header", 0.0, dumps(header))]
    bodies = [dumps(Event("code", f"where {number}")) for number in range(1, COUNT)]
    return lines + [chain.line("event", at / 10, body) for at, body in enumerate(bodies)]


LINES = journal()


def first_bad(lines: list[bytes]) -> int | None:
    """Judge the bytes as a file would give them: split at line feeds anew."""
    verdict = verify(b"".join(lines).splitlines(keepends=True))
    assert verdict.ok is (verdict.first_bad is None)
    return verdict.first_bad


@pytest.mark.shows("hash_chain")
@given(INDEX, st.data())
def test_h57_one_changed_byte_is_found_in_its_record(index: int, data: st.DataObject) -> None:
    line = LINES[index]
    place = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != line[place]))
    edited = line[:place] + bytes([byte]) + line[place + 1 :]
    assert first_bad([*LINES[:index], edited, *LINES[index + 1 :]]) == index


@given(st.integers(0, COUNT - 2))
def test_h57_a_deleted_record_is_found_where_it_stood(index: int) -> None:
    assert first_bad([*LINES[:index], *LINES[index + 1 :]]) == index


@given(INDEX, INDEX)
def test_h57_an_inserted_record_is_found(place: int, copied: int) -> None:
    found = first_bad([*LINES[:place], LINES[copied], *LINES[place:]])
    assert found == (place + 1 if copied == place else place)


@given(INDEX, INDEX)
def test_h57_two_exchanged_records_are_found_at_the_first(one: int, other: int) -> None:
    lines = [*LINES]
    lines[one], lines[other] = lines[other], lines[one]
    assert first_bad(lines) == (None if one == other else min(one, other))


@given(st.integers(1, len(b"".join(LINES))))
def test_h57_a_cut_is_found_unless_it_falls_between_records(length: int) -> None:
    kept = b"".join(LINES)[:length]
    verdict = verify(kept.splitlines(keepends=True))
    whole = kept.count(b"\n")
    assert verdict.records == whole
    assert verdict.torn is (not kept.endswith(b"\n"))
    assert verify(kept.splitlines(keepends=True), expected_head=verify(LINES).head).ok is (
        whole == COUNT
    )


@given(st.text(), st.floats(0.0, 1e9))
def test_any_text_makes_one_sound_line(text: str, at: float) -> None:
    chain = Chain()
    header = chain.line("header", at, dumps(Header(process="guard", boot="", started_at="")))
    line = chain.line("event", at, dumps(Event("code", text)))
    assert line.count(b"\n") == 1
    assert verify([header, line]).ok
