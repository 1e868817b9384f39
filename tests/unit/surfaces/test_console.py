# SPDX-License-Identifier: Apache-2.0
"""REST of the console over real sockets: who may, what is refused and why, STOP's order."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.domain.command import Reason
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.interlock.permissives import PERMISSIVES
from mnht_controller.surfaces import auth
from tests.unit.surfaces.fakes import CLAIM, Bench, bench, decision, plan, tripped, until

V1 = "/api/v1"
OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("POST", "/login")}
ROUTES = {
    ("GET", "/alarms"), ("GET", "/devices"), ("GET", "/session"), ("GET", "/session/history"),
    ("GET", "/session/pending"), ("GET", "/site"), ("GET", "/stream"), ("POST", "/logout"),
    ("POST", "/session/abandon"), ("POST", "/session/close"), ("POST", "/session/confirm"),
    ("POST", "/session/lower"),
    ("POST", "/session/pause"), ("POST", "/session/prepare"), ("POST", "/session/present"),
    ("POST", "/session/reset"),
    ("POST", "/session/resume"), ("POST", "/session/start"), ("POST", "/session/stop"),
    ("POST", "/stream/seen"), ("POST", "/alarms/acknowledge"), ("POST", "/alarms/audio-pause"),
    ("POST", "/alarms/reset-signal"),
}  # fmt: skip
"""The golden list: a new route appears here or the test below fails."""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as made:
        yield made


@pytest.mark.shows("login_first")
async def test_every_route_but_three_needs_a_login(desk: Bench) -> None:
    """H55: without a login nothing is shown, nothing reaches guard or controller."""
    for method, path in sorted(ROUTES):
        answer = await desk.http.request(method, V1 + path)
        assert (answer.status_code, answer.json()["code"]) == (401, "login_required"), path
        forged = {"authorization": "Bearer forged"}
        answer = await desk.http.request(method, V1 + path, headers=forged)
        assert answer.status_code == 401, path
    assert desk.fakes.told == []


def test_the_list_of_routes_is_the_real_one() -> None:
    """H55: a route cannot be added beside the one router that asks for a login."""
    from mnht_controller.surfaces.api import Desk, _routes, open_routes

    desk = Desk.__new__(Desk)
    for name in ("config", "client", "hub", "logins"):
        object.__setattr__(desk, name, type("Stub", (), {"require": None}))

    def listed(router: object) -> set[tuple[str, str]]:
        return {(m, r.path) for r in router.routes for m in r.methods - {"HEAD"}}  # type: ignore[attr-defined]

    assert listed(_routes(desk)) == ROUTES
    assert listed(open_routes(desk)) == OPEN


async def test_claim_code_opens_one_login_and_is_gone(desk: Bench) -> None:
    headers = await desk.login()
    assert not os.access(desk.config.claim_code_file, os.F_OK)
    assert (await desk.http.get(f"{V1}/site", headers=headers)).json()["simulated"] is True
    again = await desk.http.post(f"{V1}/login", json={"claim_code": CLAIM})
    assert (again.status_code, again.json()["code"]) == (401, "claim_code_refused")


async def test_wrong_codes_are_limited(desk: Bench) -> None:
    """H55: guessing ends after a few tries; the right code waits too."""
    for _ in range(auth.FAILURES_MAX):
        answer = await desk.http.post(f"{V1}/login", json={"claim_code": "guess"})
        assert answer.status_code == 401
    answer = await desk.http.post(f"{V1}/login", json={"claim_code": CLAIM})
    assert (answer.status_code, answer.json()["code"]) == (429, "login_limited")


async def test_claim_file_that_others_can_read_is_not_used(desk: Bench) -> None:
    os.chmod(desk.config.claim_code_file, 0o644)  # noqa: PTH101 - no pathlib in a coroutine
    answer = await desk.http.post(f"{V1}/login", json={"claim_code": CLAIM})
    assert (answer.status_code, answer.json()["code"]) == (403, "claim_code_exposed")


@pytest.mark.shows("origin_checked")
async def test_cookie_is_strict_and_needs_the_own_origin(desk: Bench) -> None:
    """H55: another site's page cannot act with the browser's cookie."""
    answer = await desk.http.post(f"{V1}/login", json={"claim_code": CLAIM})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    own = f"http://127.0.0.1:{desk.config.port}"
    for origin, status in ((None, 403), ("http://evil.example", 403), ("null", 403), (own, 200)):
        headers = {"origin": origin} if origin else {}
        answer = await desk.http.post(f"{V1}/session/stop", headers=headers)
        assert answer.status_code == status, origin
    assert desk.fakes.told == ["guard stop", "controller stop"]


async def test_logout_revokes_at_once(desk: Bench) -> None:
    headers = await desk.login()
    await desk.http.post(f"{V1}/logout", headers=headers)
    assert (await desk.http.get(f"{V1}/site", headers=headers)).status_code == 401


async def test_wrong_host_huge_and_chunked_bodies_are_refused(desk: Bench) -> None:
    """H53, H55: rebound names and floods end before the application."""
    answer = await desk.http.get("/", headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")
    alias = await desk.http.get("/", headers={"host": f"localhost:{desk.config.port}"})
    assert alias.headers["location"] == f"http://127.0.0.1:{desk.config.port}/"
    answer = await desk.http.post(f"{V1}/login", content=b"x" * 70_000)
    assert answer.status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{}"

    assert (await desk.http.post(f"{V1}/login", content=chunks())).status_code == 411


async def test_security_headers_are_on_page_and_errors(desk: Bench) -> None:
    for path in ("/", f"{V1}/site", "/nothing"):
        headers = (await desk.http.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "connect-src 'self' http://127.0.0.1:9;" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert (await desk.http.get("/docs")).status_code == 404


async def test_stop_tells_the_guard_first(desk: Bench) -> None:
    """H60: the order holds, and an observer's cookie is all it needs."""
    headers = await desk.login()
    answer = await desk.http.post(f"{V1}/session/stop", headers=headers)
    assert answer.json()["ok"] is True
    assert desk.fakes.told == ["guard stop", "controller stop"]
    assert desk.fakes.kinds("stop")[0]["actor"] == "operator#1"


async def test_stop_that_nobody_took_says_press_the_emergency_stop(desk: Bench) -> None:
    headers = await desk.login()
    desk.fakes.refusals |= {"guard stop": ["broken"], "stop": ["broken too"]}
    answer = await desk.http.post(f"{V1}/session/stop", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "stop_not_confirmed")
    assert "emergency stop" in answer.json()["detail"]


async def test_refusal_lists_every_reason_in_words(desk: Bench) -> None:
    headers = await desk.login()
    await desk.publish()
    desk.fakes.refusals["start"] = ["not now", "probe_stale skin1", "journal"]
    answer = await desk.http.post(f"{V1}/session/start", headers=headers)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert [row["detail"] for row in answer.json()["errors"]] == [
        "not now", "probe is silent (skin1)", "the journal or the latch cannot be written",
    ]  # fmt: skip


@pytest.mark.parametrize("verb", ["prepare", "start", "pause", "resume", "abandon", "present"])
async def test_wishes_reach_the_controller_signed(desk: Bench, verb: str) -> None:
    headers = await desk.login()
    await desk.publish()
    answer = await desk.http.post(f"{V1}/session/{verb}", headers=headers)
    assert answer.status_code == 200
    assert desk.fakes.kinds("intent")[0]["intent"] == {
        "verb": verb, "actor": "operator#1", "value": None,
    }  # fmt: skip


async def test_confirmation_goes_to_the_guard_with_what_was_read(desk: Bench) -> None:
    headers = await desk.login()
    await desk.publish(decision(Phase.CHECK))
    shown = (await desk.http.get(f"{V1}/session/pending", headers=headers)).json()
    labels = {row["label"]: row["value"] for row in shown["rows"]}
    assert labels["Skin trip (field off, latched)"] == "44 °C"
    assert labels["Field cap"] == "7.5 kA/m peak"
    body = {key: shown[key] for key in ("envelope_sha256", "nonce")}
    answer = await desk.http.post(f"{V1}/session/confirm", json=body, headers=headers)
    assert answer.status_code == 200
    sent = desk.fakes.kinds("confirm")[0]
    assert sent == {
        "kind": "confirm", "envelope_sha256": plan().envelope_sha256, "nonce": "n-1",
        "actor": "operator#1",
    }  # fmt: skip


async def test_limits_that_do_not_match_their_hash_are_not_shown(desk: Bench) -> None:
    """H38: what a human reads is what the hash stands for, or nothing."""
    headers = await desk.login()
    desk.fakes.shown_sha256 = "0" * 64
    answer = await desk.http.get(f"{V1}/session/pending", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (502, "hash_differs")


async def test_limits_of_another_plan_are_not_shown(desk: Bench) -> None:
    """H38: the guard may still hold the proposal of an earlier plan."""
    headers = await desk.login()
    await desk.publish(session_plan=replace(plan(), envelope_sha256="2" * 64))
    answer = await desk.http.get(f"{V1}/session/pending", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_differs")


def test_a_login_ends_after_eight_hours(tmp_path: Path) -> None:
    """H56."""
    claim = tmp_path / "claim"
    claim.touch(0o600)
    claim.write_text(CLAIM)
    now = [0.0]
    logins = auth.Logins(claim, lambda: now[0])
    token = logins.open(CLAIM, "operator")
    assert logins.find(token) is not None
    assert logins.find(token + "x") is None
    now[0] = 8 * 3600.0
    assert logins.find(token) is None


async def test_guard_refusals_are_passed_on(desk: Bench) -> None:
    headers = await desk.login()
    desk.fakes.refusals |= {"guard pending": ["nothing is proposed"]}
    answer = await desk.http.get(f"{V1}/session/pending", headers=headers)
    assert (answer.status_code, answer.json()["errors"]) == (
        409, [{"detail": "nothing is proposed"}],
    )  # fmt: skip


LATCHED, DISABLED = GuardState.LATCHED, GuardState.DISABLED
GUARD_FIRST = ["guard reset", "controller reset"]


@pytest.mark.parametrize(
    ("phase", "state", "refused", "told", "reasons"),
    [
        (Phase.TRIPPED, LATCHED, {}, GUARD_FIRST, []),
        (Phase.TRIPPED, LATCHED, {"guard reset": ["skin_trip skin1"]}, ["guard reset"],
         ["guard: skin too hot (skin1)"]),
        (Phase.TRIPPED, LATCHED, {"reset": ["skin_trip skin1"]}, GUARD_FIRST,
         ["skin too hot (skin1)"]),
        (Phase.TRIPPED, DISABLED, {}, ["controller reset"], []),
        (Phase.STANDBY, LATCHED, {}, ["guard reset"], []),
        (Phase.STANDBY, DISABLED, {"reset": ["not now"]}, ["controller reset"], ["not now"]),
    ],
)  # fmt: skip
async def test_reset_is_guard_first_and_asks_nobody_who_is_not_latched(
    desk: Bench,
    phase: Phase,
    state: GuardState,
    refused: dict[str, list[str]],
    told: list[str],
    reasons: list[str],
) -> None:
    """H62: the controller is never free beside a latched guard, and what is done is not refused."""
    headers = await desk.login()
    decided = tripped(0.0) if phase is Phase.TRIPPED else decision(phase)
    await desk.publish(decided, state=state)
    desk.fakes.refusals |= refused
    answer = await desk.http.post(f"{V1}/session/reset", headers=headers)
    assert answer.status_code == (409 if reasons else 200)
    assert [row["detail"] for row in answer.json().get("errors", [])] == reasons
    assert desk.fakes.told == told


async def test_a_guard_that_was_reset_meanwhile_is_no_refusal(desk: Bench) -> None:
    """H46: two people, one reset; the snapshot is a tick old."""
    headers = await desk.login()
    await desk.publish(tripped(0.0), state=LATCHED)
    desk.fakes.guard_state = DISABLED
    desk.fakes.refusals |= {"guard reset": ["guard_state disabled"]}
    answer = await desk.http.post(f"{V1}/session/reset", headers=headers)
    assert answer.status_code == 200
    assert desk.fakes.told == GUARD_FIRST


async def test_closing_a_session_is_on_record_with_its_reason(desk: Bench) -> None:
    """H43: by whom and why, before anybody is asked."""
    headers = await desk.login()
    await desk.publish(decision(Phase.STANDBY))
    for body in ({}, {"reason": ""}, {"reason": "x" * 300}, {"reason": "next", "all": True}):
        answer = await desk.http.post(f"{V1}/session/close", headers=headers, json=body)
        assert answer.status_code == 422
    assert desk.fakes.told == []
    body = {"reason": "another patient"}
    answer = await desk.http.post(f"{V1}/session/close", headers=headers, json=body)
    assert answer.status_code == 200
    assert desk.fakes.told == ["controller close"]
    desk.fakes.refusals["close"] = ["close is not possible in phase ramp"]
    answer = await desk.http.post(f"{V1}/session/close", headers=headers, json=body)
    assert answer.status_code == 409
    path = Path(desk.config.journal_dir) / f"console-{desk.config.session}.jsonl"
    await until(lambda: path.read_bytes().count(b"another patient") == 2)
    assert b'"actor":"operator#1"' in path.read_bytes()


@pytest.mark.shows("no_override")
@pytest.mark.parametrize(
    ("body", "status", "verb"),
    [
        ({"setpoint_c": 42.5}, 200, "lower_setpoint"),
        ({"ceiling_ka_per_m": 5.0}, 200, "lower_ceiling"),
        ({"setpoint_c": 43.1}, 409, None),
        ({"ceiling_ka_per_m": 7.6}, 409, None),
        ({}, 422, None),
        ({"setpoint_c": 42.0, "ceiling_ka_per_m": 5.0}, 422, None),
        ({"setpoint_c": -1.0}, 422, None),
        ({"setpoint_c": "42"}, 422, None),
        ({"setpoint_c": 42.0, "hard_cap": 99.0}, 422, None),
    ],
)
async def test_lowering_only_lowers(desk: Bench, body: object, status: int, verb: str) -> None:
    headers = await desk.login()
    await desk.publish()
    answer = await desk.http.post(f"{V1}/session/lower", json=body, headers=headers)
    assert answer.status_code == status
    assert [row["intent"]["verb"] for row in desk.fakes.kinds("intent")] == ([verb] if verb else [])


async def test_status_has_texts_units_and_no_invented_numbers(desk: Bench) -> None:
    """H49: a lost required probe has no number, whatever the other probes say."""
    headers = await desk.login()
    await desk.publish(temperatures=(None, 47.3, 39.1))
    shown = (await desk.http.get(f"{V1}/session", headers=headers)).json()
    assert shown["phase"] == "plateau"
    assert shown["phase_title"] == "Plateau"
    assert shown["plateau_left_s"] == 1200.0
    assert shown["temperatures"]["skin"] == {"value": None, "quality": "bad", "age_s": None}
    assert shown["temperatures"]["tumor"]["value"] == 47.3
    assert shown["limits"]["skin_c_trip"] == 44.0
    assert shown["simulated"] is True
    assert shown["fresh"] is True
    assert "NaN" not in json.dumps(shown)


async def test_alarms_name_hazard_and_what_to_do_first_out_first(desk: Bench) -> None:
    headers = await desk.login()
    await desk.publish(tripped(0.0))
    items = (await desk.http.get(f"{V1}/alarms", headers=headers)).json()["items"]
    assert [row["code"] for row in items[:2]] == ["skin_trip", "off_not_obeyed"]
    assert [row["first_out"] for row in items[:2]] == [True, False]
    assert items[0]["text"] == "skin too hot (skin1 44.02 °C, limit 44 °C)"
    assert "H13" in items[0]["hazards"]
    assert "E-stop" in items[1]["what_to_do"]


async def test_unmet_conditions_are_all_there(desk: Bench) -> None:
    headers = await desk.login()
    unmet = tuple(Reason(row.code, "here") for row in PERMISSIVES)
    await desk.publish(decision(Phase.CHECK, unmet=unmet))
    shown = (await desk.http.get(f"{V1}/session", headers=headers)).json()
    assert [row["text"] for row in shown["unmet"]] == [f"{row.title} (here)" for row in PERMISSIVES]


async def test_without_controller_everything_says_so(desk: Bench) -> None:
    headers = await desk.login()
    assert (await desk.http.get(f"{V1}/healthz")).json() == {"ok": True, "simulated": True}
    assert (await desk.http.get(f"{V1}/readyz")).status_code == 503
    answer = await desk.http.get(f"{V1}/session", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "controller_unreachable")
    items = (await desk.http.get(f"{V1}/alarms", headers=headers)).json()["items"]
    assert [row["code"] for row in items] == ["controller_link"]


async def test_controller_lost_while_an_ack_is_awaited(desk: Bench) -> None:
    """H56: an unanswered wish is an error now, not a wish that comes true later."""
    headers = await desk.login()
    await desk.publish()
    desk.fakes.is_mute = True
    waiting = asyncio.create_task(desk.http.post(f"{V1}/session/start", headers=headers))
    await until(lambda: "controller start" in desk.fakes.told)
    for writer in [*desk.fakes.clients]:
        writer.close()
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (503, "controller_lost")


async def test_a_snapshot_of_another_version_is_not_guessed_at(desk: Bench) -> None:
    await desk.publish()
    before = desk.fakes.clients[0]
    desk.fakes.send(b'{"kind":"snapshot","snapshot":{"tick":1}}\n')
    await until(lambda: desk.fakes.clients and desk.fakes.clients[0] is not before)


async def test_problem_documents_for_unknown_paths_and_methods(desk: Bench) -> None:
    answer = await desk.http.get(f"{V1}/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = await desk.http.get(f"{V1}/login")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"] == "POST"
