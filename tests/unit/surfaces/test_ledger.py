# SPDX-License-Identifier: Apache-2.0
"""Every attempt to change something stands in the console's own chain, the refused ones too."""

from pathlib import Path

from mnht_controller.journal.chain import verify
from mnht_controller.journal.read import read_records
from tests.unit.surfaces.fakes import CLAIM, bench


async def test_attempts_are_recorded_with_actor_and_outcome(tmp_path: Path) -> None:
    async with bench(tmp_path) as desk:
        await desk.http.post("/api/v1/session/start")
        await desk.http.post("/api/v1/login", json={"claim_code": "wrong"})
        answer = await desk.http.post("/api/v1/login", json={"claim_code": CLAIM, "name": "Ada"})
        bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
        await desk.http.post("/api/v1/session/stop", headers=bearer)
        await desk.http.get("/api/v1/session", headers=bearer)
        await desk.http.post("/api/v1/stream/seen", json={"tick": 1}, headers=bearer)
    path = tmp_path / "console-test.jsonl"
    assert verify(path).ok
    events = [record.data for record in read_records(path) if record.kind == "event"]
    assert [(event["code"], event["where"], event["actor"]) for event in events] == [
        ("http.401", "/api/v1/session/start", "nobody"),
        ("http.401", "/api/v1/login", "nobody"),
        ("http.200", "/api/v1/login", "nobody"),
        ("http.200", "/api/v1/session/stop", "Ada#1"),
    ]
    text = path.read_text()
    assert CLAIM not in text
    assert answer.json()["token"] not in text
