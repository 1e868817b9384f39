# SPDX-License-Identifier: Apache-2.0
"""Alarms over REST and on the stream: what is shown, who may act, what an act says. H48, H55."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnht_controller.alarms.table import ALARMS
from mnht_controller.domain.alarm import NO_ALARMS, AlarmState, AlarmVerb, Priority
from mnht_controller.surfaces.alarms import document
from tests.unit.surfaces.fakes import HOT, LOST, Bench, bench, decision, occurrence, tripped

V1 = "/api/v1"
STATE = AlarmState((LOST, HOT), (), 4)
SEEN = replace(HOT, acknowledged_by="nurse#1", acknowledged_at=11.0)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as made:
        yield made


def shown(state: AlarmState, now: float = 15.0) -> Any:
    return document(state, now)


def test_the_most_urgent_comes_first_with_what_to_do() -> None:
    said = shown(STATE)
    assert (said["highest"], said["first_cause"], said["audible"]) == (3, 3, "high")
    assert (said["beacon"], said["audio_paused_s"]) == (True, None)
    first, second = said["occurrences"]
    assert (first["id"], first["alarm"], first["priority"], first["age_s"]) == (
        3, "tissue_hot", "high", 5.0,
    )  # fmt: skip
    assert first["detail"] == "skin too hot (skin1 44.1 °C, limit 44 °C)"
    assert "Look at the patient" in first["what_to_do"]
    assert "H13" in first["hazards"]
    assert (second["where"], second["value"]) == ("chiller", None)


def test_what_is_acknowledged_is_shown_and_not_heard() -> None:
    """H48: with the name of who has seen it; the other one is heard now."""
    said = shown(replace(STATE, occurrences=(LOST, SEEN)))
    assert (said["highest"], said["audible"]) == (3, "low")
    assert said["occurrences"][0]["acknowledged_by"] == "nurse#1"
    assert said["occurrences"][0]["sounds"] is False


def test_a_pause_counts_down_and_information_is_no_alarm() -> None:
    said = shown(replace(STATE, paused_until=45.25))
    assert (said["audible"], said["audio_paused_s"], said["beacon"]) == (None, 30.2, False)
    notice = occurrence(1, "notice", "skin.42_5_rising", Priority.INFO)
    said = shown(AlarmState((notice,)))
    assert (said["highest"], said["first_cause"], said["audible"]) == (None, None, None)
    assert len(said["occurrences"]) == 1


def test_after_a_restart_no_age_is_invented_and_unknown_rows_have_words() -> None:
    """H37, H49: the clock may be another one."""
    strange = occurrence(9, "unheard_of", "unheard_of", Priority.LOW, kept=True)
    (row,) = shown(AlarmState((strange,)))["occurrences"]
    assert (row["age_s"], row["text"], row["latching"]) == (None, "unheard of", True)


@pytest.mark.parametrize("row", ALARMS, ids=lambda row: row.id)
def test_every_code_of_every_row_has_words(row) -> None:
    for code in row.codes:
        (said,) = shown(AlarmState((occurrence(1, row.id, code, row.priority),)))["occurrences"]
        assert said["text"] == row.text
        spelled = code.replace("_", " ").replace(".", ": ")
        assert not said["detail"].startswith(f"{spelled} ("), "a code is no words"


async def test_alarms_keep_their_keys_and_tell_of_occurrences(desk: Bench) -> None:
    headers = await desk.login()
    none = (await desk.http.get(f"{V1}/alarms", headers=headers)).json()
    assert (none["fresh"], none["occurrences"], none["highest"]) == (False, [], None)
    assert [row["code"] for row in none["items"]] == ["controller_link"]
    await desk.publish(tripped(0.0), alarms=STATE)
    said = (await desk.http.get(f"{V1}/alarms", headers=headers)).json()
    assert [row["code"] for row in said["items"][:2]] == ["skin_trip", "off_not_obeyed"]
    assert {*said} == {"items", "fresh", *document(NO_ALARMS, 0.0)}
    assert [row["id"] for row in said["occurrences"]] == [3, 2]
    session = (await desk.http.get(f"{V1}/session", headers=headers)).json()
    assert session["alarms"]["highest"] == 3


ACTS = (
    ("acknowledge", {"occurrence": 3}, AlarmVerb.ACKNOWLEDGE, 3),
    ("audio-pause", None, AlarmVerb.PAUSE_AUDIO, 0),
    ("reset-signal", {"occurrence": 2}, AlarmVerb.RESET_SIGNAL, 2),
)


@pytest.mark.parametrize(("path", "body", "verb", "number"), ACTS)
async def test_an_act_reaches_the_controller_signed(
    desk: Bench, path: str, body: object, verb: AlarmVerb, number: int
) -> None:
    """H55: and only from somebody who is logged in; asked again it is sent again."""
    url = f"{V1}/alarms/{path}"
    assert (await desk.http.post(url, json=body)).status_code == 401
    headers = await desk.login()
    await desk.publish(decision(), alarms=STATE)
    for _ in range(2):
        answer = await desk.http.post(url, json=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
    sent = {"verb": verb.value, "actor": "operator#1", "occurrence": number}
    assert [message["act"] for message in desk.fakes.kinds("alarm")] == [sent, sent]
    desk.fakes.refusals[verb.value] = ["alarm 3 is still there: skin_trip skin1"]
    answer = await desk.http.post(url, json=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"]) == (
        409, [{"detail": "alarm 3 is still there: skin_trip skin1"}],
    )  # fmt: skip


@pytest.mark.parametrize(
    "body", [None, {}, {"occurrence": 0}, {"occurrence": "3"}, {"occurrence": 3, "all": True}]
)
@pytest.mark.parametrize("path", ["acknowledge", "reset-signal"])
async def test_an_act_that_names_no_occurrence_is_refused(
    desk: Bench, path: str, body: object
) -> None:
    """H48: nothing acknowledges all."""
    headers = await desk.login()
    await desk.publish(decision(), alarms=STATE)
    answer = await desk.http.post(f"{V1}/alarms/{path}", json=body, headers=headers)
    assert answer.status_code == 422
    assert desk.fakes.kinds("alarm") == []
