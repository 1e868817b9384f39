# SPDX-License-Identifier: Apache-2.0
"""`mnht replay` and `mnht audit verify` on a session's journal: whole, changed, cut and foreign."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnht_controller.core import phases, pid
from mnht_controller.interlock import gate, start_findings
from mnht_controller.journal.chain import Chain
from mnht_controller.thermometry import track
from tests.closed_loop.sessions import Played, play
from tests.unit.cli.command import mnht


@pytest.fixture(scope="module")
def session() -> Played:
    return play()


@pytest.fixture
def journal(session: Played, tmp_path: Path) -> Path:
    return session.save(tmp_path / "out")


def test_a_journal_replays_identically(session: Played, journal: Path) -> None:
    answer = mnht("replay", journal, "--json")
    assert answer.code == 0
    assert answer.document == {
        "ticks": len(session.ticks),
        "identical": True,
        "first_difference": None,
    }
    assert "identical" in mnht("replay", journal).stderr


def slower_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    share = pid._share
    monkeypatch.setattr(pid, "_share", lambda dt_s, tau_s: share(dt_s, 1.0001 * tau_s))


CHANGES: tuple[tuple[str, Callable[[pytest.MonkeyPatch], None], str], ...] = (
    ("a filter constant", slower_filter, "ramp"),
    ("where the plateau begins", lambda m: m.setattr(phases, "REACHED_C", 0.05), "ramp"),
    ("how long a permit lasts", lambda m: m.setattr(gate, "PERIODS_PER_PERMIT", 4.0), "ramp"),
    ("how readings are smoothed", lambda m: m.setattr(track, "SMOOTH_S", 1.01), "standby"),
    ("how long an operator may look away",
     lambda m: m.setattr(start_findings, "OPERATOR_SEEN_S_MAX", 9.0), "standby"),
)  # fmt: skip


@pytest.mark.parametrize(("what", "change", "phase"), CHANGES, ids=[row[0] for row in CHANGES])
def test_one_changed_constant_is_named_by_the_first_tick_that_differs(
    session: Played,
    journal: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    change: Callable[[pytest.MonkeyPatch], None],
    phase: str,
) -> None:
    change(monkeypatch)
    answer = mnht("replay", journal, "--json")
    assert answer.code == 1
    assert answer.document["identical"] is False
    found = answer.document["first_difference"]
    assert set(found) == {"tick", "line", "what", "recorded", "now"}
    assert found["recorded"] != found["now"]
    ticks = {record.input.tick: record for record in session.ticks}
    entered = [record.input.tick for record in session.ticks if record.decision.phase == phase]
    assert found["tick"] >= entered[0]
    line = json.loads(journal.read_bytes().splitlines()[found["line"] - 1])
    assert line["data"]["input"]["tick"] == found["tick"] == ticks[found["tick"]].input.tick
    assert answer.document["ticks"] == session.ticks.index(ticks[found["tick"]]) + 1


def test_a_changed_input_is_found_where_it_was_changed(session: Played, tmp_path: Path) -> None:
    """The chain can be made anew by who can write the file; the decisions then do not fit."""
    chain, at = Chain(), 60
    lines = [json.loads(line) for line in session.journal.lines]
    row = next(
        line for line in lines if line["kind"] == "tick" and line["data"]["input"]["tick"] == at
    )
    row["data"]["input"]["probes"][0]["value"] += 0.5
    path = tmp_path / "forged.jsonl"
    bodies = ((x["kind"], x["at"], json.dumps(x["data"], separators=(",", ":"))) for x in lines)
    path.write_bytes(b"".join(chain.line(*body) for body in bodies))
    assert mnht("audit", "verify", path, "--json").document["ok"] is True
    assert mnht("replay", path, "--json").document["first_difference"]["tick"] == at


def test_a_whole_journal_verifies_up_to_a_noted_head(session: Played, journal: Path) -> None:
    answer = mnht("audit", "verify", journal, "--json")
    assert answer.code == 0
    document = answer.document
    assert {"records", "ok", "first_bad", "head"} <= set(document)
    assert (document["records"], document["first_bad"]) == (len(session.journal.lines), None)
    head = document["head"]
    assert mnht("audit", "verify", journal, "--head", head).code == 0
    cut = journal.with_name("cut.jsonl")
    cut.write_bytes(b"".join(session.journal.lines[:-3]))
    assert mnht("audit", "verify", cut, "--json").code == 0
    assert mnht("audit", "verify", cut, "--head", head, "--json").code == 1


def test_any_flipped_byte_names_its_record(session: Played, journal: Path) -> None:
    data = journal.read_bytes()
    ends = [0]
    for line in session.journal.lines:
        ends.append(ends[-1] + len(line))
    spoiled = journal.with_name("spoiled.jsonl")
    step = len(data) // 40
    for place in (*range(0, len(data), step), len(data) - 2, len(data) - 1):
        spoiled.write_bytes(data[:place] + bytes([data[place] ^ 0x01]) + data[place + 1 :])
        answer = mnht("audit", "verify", spoiled, "--json")
        assert answer.code == 1
        assert answer.document["ok"] is False
        bad = answer.document["first_bad"]
        assert ends[bad] <= place < ends[bad + 1], f"byte {place} is not in record {bad}"
        assert answer.document["records"] == bad
    assert f"record {bad} is bad" in mnht("audit", "verify", spoiled).stderr


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a mnht.journal"),
        (b"hello\n", "not a journal record"),
        (b'{"seq":0,"kind":"tick","at":0.0,"data":{},"hash":"00"}\n', "not a mnht.journal"),
        (b'{"seq":0', "torn"),
    ],
)
def test_what_is_no_journal_fails_the_check(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    answer = mnht("replay", path, "--json")
    assert answer.code == 1
    assert why in answer.document["errors"][0]["why"]
    assert mnht("audit", "verify", path, "--json").code == 1


def test_a_guards_journal_is_not_replayed(session: Played, tmp_path: Path) -> None:
    session.save(tmp_path)
    answer = mnht("replay", tmp_path / "guard.jsonl", "--json")
    assert answer.code == 1
    assert "errors" in answer.document


@pytest.mark.parametrize("command", [("replay",), ("audit", "verify")])
def test_a_journal_that_cannot_be_read_is_an_input_error(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: Any = mnht(*command, tmp_path / "none.jsonl", "--json")
    assert gone.code == 74
    assert "cannot be read" in gone.document["errors"][0]["why"]
    assert mnht(*command, tmp_path, "--json").code == 74

    def denied(*_: object, **__: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert mnht(*command, tmp_path / "none.jsonl", "--json").code == 77
