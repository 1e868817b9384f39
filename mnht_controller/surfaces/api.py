# SPDX-License-Identifier: Apache-2.0
"""REST and live stream under /api/v1. Every request is a wish; phases and gate decide."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from mnht_controller.domain.alarm import NO_ALARMS, AlarmAct, AlarmVerb
from mnht_controller.domain.codec import CodecError, digest, from_plain, to_plain
from mnht_controller.domain.errors import IntentRefused
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.snapshot import Snapshot
from mnht_controller.journal.records import Event
from mnht_controller.journal.sink import Journal
from mnht_controller.surfaces import problem
from mnht_controller.surfaces.alarms import document
from mnht_controller.surfaces.auth import COOKIE, SESSION_S, Login, Logins, token_of
from mnht_controller.surfaces.bodies import Alarm, Claim, Close, Confirmation, Lower, Seen
from mnht_controller.surfaces.config import WEB, ConsoleConfig
from mnht_controller.surfaces.controller_client import ControllerClient
from mnht_controller.surfaces.guard_client import Message, NoAnswer, stop_all
from mnht_controller.surfaces.guard_client import request as ask
from mnht_controller.surfaces.hub import Hub, LiveResponse
from mnht_controller.surfaces.ledger import Ledger
from mnht_controller.surfaces.problem import Problem
from mnht_controller.surfaces.shield import Shield, origins
from mnht_controller.surfaces.status import Json, alarms, review, status
from mnht_controller.surfaces.wording import explain

WISHES = (Verb.PREPARE, Verb.START, Verb.PAUSE, Verb.RESUME, Verb.ABANDON, Verb.PRESENT)
GUARD_AGE_S_MAX = 1.0

Handler = Callable[..., Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the handlers share."""

    config: ConsoleConfig
    client: ControllerClient
    hub: Hub
    logins: Logins
    journal: Journal

    # ---- watching --------------------------------------------------------------------------

    async def healthz(self) -> Json:
        """Whether this process serves at all; needs no login."""
        return {"ok": True, "simulated": self.config.simulated}

    async def readyz(self) -> Json:
        """Whether controller and guard answer; 503 with what is missing."""
        missing = []
        if not self.client.is_fresh:
            missing.append("the controller sends no snapshots")
        guard = self.client.snapshot.guard if self.client.snapshot else None
        if guard is None or not (self._snapshot().at - guard.at <= GUARD_AGE_S_MAX):
            missing.append("the guard sends no status to the controller")
        if missing:
            raise Problem(503, "not_ready", "no session can be started", tuple(missing))
        return {"ok": True, "tick": self.client.snapshot.tick if self.client.snapshot else 0}

    async def site(self) -> Json:
        """What the page must know; the STOP token is for those who are logged in."""
        return {
            "site": self.config.site,
            "simulated": self.config.simulated,
            "guard_waiver": self.config.guard_waiver,
            "stop_url": self.config.stop_url,
            "stop_token": self.config.stop_token,
        }

    async def session(self) -> Json:
        """The newest snapshot with texts; `fresh` false: it is not the present any more."""
        age_s = self.client.age_s or 0.0
        if self.client.is_fresh:
            self.hub.looked()
        return {**status(self._snapshot(), age_s), "fresh": self.client.is_fresh}

    async def history(self) -> Json:
        """The chart so far, oldest row first."""
        columns = ["treatment_s", "skin_c", "tumor_c", "healthy_c", "setpoint_c", "field_ka_per_m"]
        return {"columns": columns, "rows": self.hub.history}

    async def devices(self) -> Json:
        """Every device as the controller sees it."""
        return {"items": to_plain(self._snapshot().devices)}

    async def alarms(self) -> Json:
        """What needs attention now, first-out first; and every occurrence, most urgent first."""
        last, is_fresh = self.client.snapshot, self.client.is_fresh
        state, at = (last.alarms, last.at) if last else (NO_ALARMS, 0.0)
        return {"items": alarms(last, is_fresh), **document(state, at), "fresh": is_fresh}

    async def stream(
        self,
        request: Request,
        acknowledged: bool = False,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Server-sent events: snapshot, past, gap, link. `acknowledged`: sends /stream/seen."""
        if self.hub.is_full:
            raise Problem(503, "too_many_streams", "close another view first")
        number = last_event_id or ""
        last_id = int(number) if number.isascii() and number.isdigit() else None
        login = _login(request)
        stream = self.hub.join(acknowledged, last_id, lambda: self.logins.is_live(login))
        return LiveResponse(self.hub, stream)

    async def seen(self, body: Seen) -> Json:
        """The page drew this tick: an operator's view is alive."""
        return {"behind_ticks": self.hub.seen(body.tick)}

    # ---- acting ----------------------------------------------------------------------------

    async def login(self, body: Claim, response: Response) -> Json:
        """Exchange the one-time claim code for a login: cookie for browsers, bearer for scripts."""
        token = self.logins.open(body.claim_code, body.name)
        response.set_cookie(
            COOKIE, token, max_age=int(SESSION_S), httponly=True, samesite="strict", path="/"
        )
        return {"token": token, "token_type": "bearer", "expires_in_s": SESSION_S}

    async def logout(self, request: Request, response: Response) -> Json:
        """End this login and its streams."""
        self.logins.close(token_of(request))
        response.delete_cookie(COOKIE, path="/")
        return {"ok": True}

    def wish(self, verb: Verb) -> Callable[[Request], Awaitable[Json]]:
        """Make the handler of a verb without a value; 409 lists every unmet condition."""

        async def handler(request: Request) -> Json:
            await self._intend(verb, request)
            return {"ok": True}

        return handler

    async def stop(self, request: Request) -> Json:
        """Off now: guard first, controller second, each without waiting for the other's health."""
        door, control = self.config.door_socket, self.config.guard_control_socket
        report = await stop_all(control, door, _login(request).actor)
        if not report["ok"]:
            detail = "STOP was not confirmed by anyone: press the emergency stop"
            reasons = tuple(report["guard"]["reasons"] + report["controller"]["reasons"])
            raise Problem(503, "stop_not_confirmed", detail, reasons)
        return report

    async def reset(self, request: Request) -> Json:
        """Unlatch the guard, then the controller; 409 with all reasons. Can be repeated.

        Who is not latched is not asked, and the controller stays latched while the guard is.
        """
        last = self._snapshot()
        if not self.client.is_fresh:
            detail = "the controller is silent; nothing was reset, and no field is possible"
            raise Problem(503, "controller_unreachable", detail)
        is_guard_latched = last.guard is None or last.guard.state is GuardState.LATCHED
        if is_guard_latched:
            reply = await self._ask_guard({"kind": "reset", "actor": _login(request).actor})
            if (reasons := _refusals(reply)) and reply.get("state") == GuardState.LATCHED:
                raise IntentRefused(tuple(f"guard: {reason}" for reason in reasons))
        if last.decision.phase is Phase.TRIPPED or not is_guard_latched:
            await self._intend(Verb.RESET, request)
        return {"ok": True}

    async def close(self, body: Close, request: Request) -> Json:
        """End an unfinished session for good: at the next start nothing of it counts. On record."""
        actor = _login(request).actor
        if not self.journal.write("event", Event("session.close", "session", actor, body.reason)):
            detail = "the record cannot be written; nothing was closed; free the disk and restart"
            raise Problem(503, "not_recorded", detail)
        await self._intend(Verb.CLOSE, request)
        return {"ok": True}

    async def pending(self) -> Json:
        """What the guard asks a human to confirm: every limit, their hash, a one-time nonce."""
        reply = await self._ask_guard({"kind": "pending"})
        if reasons := _refusals(reply):
            raise IntentRefused(reasons)
        try:
            envelope = from_plain(Envelope, reply.get("envelope"))
        except CodecError as error:
            raise Problem(
                502, "guard_garbled", f"the guard's proposal is no envelope: {error}"
            ) from error
        sha256 = digest(envelope)
        if sha256 != reply.get("envelope_sha256"):
            raise Problem(502, "hash_differs", "the hash is not that of the limits; do not confirm")
        plan = self.client.snapshot.plan if self.client.snapshot else None
        if plan is not None and plan.envelope_sha256 != sha256:
            raise Problem(
                409, "plan_differs", "the guard holds limits of another plan; prepare anew"
            )
        nonce = reply.get("nonce")
        return {
            **review(envelope, plan),
            "envelope": reply["envelope"],
            "envelope_sha256": sha256,
            "nonce": nonce,
        }

    async def confirm(self, body: Confirmation, request: Request) -> Json:
        """Pass a human's confirmation of exactly this hash to the guard."""
        message = {"kind": "confirm", **body.model_dump(), "actor": _login(request).actor}
        reply = await self._ask_guard(message)
        if reasons := _refusals(reply):
            raise IntentRefused(reasons)
        return {"ok": True}

    async def lower(self, body: Lower, request: Request) -> Json:
        """Lower set-point or field ceiling at once. Raising needs a new prescription."""
        plan = self._snapshot().plan
        verb, value, now = (
            (Verb.LOWER_SETPOINT, body.setpoint_c, plan.prescription.setpoint_c)
            if body.setpoint_c is not None
            else (
                Verb.LOWER_CEILING,
                body.ceiling_ka_per_m,
                plan.envelope.limits.field_ka_per_m_cap,
            )
        )
        if value is None or not (value <= now):
            raise IntentRefused((f"{value} is above {now:g}: raising needs a signature",))
        await self._intend(verb, request, value)
        return {"ok": True}

    async def acknowledge(self, body: Alarm, request: Request) -> Json:
        """Say that this one occurrence was seen: it sounds no more. No other one is touched."""
        await self._act(AlarmVerb.ACKNOWLEDGE, request, body.occurrence)
        return {"ok": True}

    async def pause_audio(self, request: Request) -> Json:
        """Silence for two minutes at most, unless something new begins; there is no off."""
        await self._act(AlarmVerb.PAUSE_AUDIO, request)
        return {"ok": True}

    async def reset_signal(self, body: Alarm, request: Request) -> Json:
        """End a latched signal; 409 while its condition is still there. Unlatches no trip."""
        await self._act(AlarmVerb.RESET_SIGNAL, request, body.occurrence)
        return {"ok": True}

    # ---- helpers ---------------------------------------------------------------------------

    def _snapshot(self) -> Snapshot:
        if self.client.snapshot is None:
            raise Problem(503, "controller_unreachable", "the controller has sent nothing yet")
        return self.client.snapshot

    async def _intend(self, verb: Verb, request: Request, value: float | None = None) -> None:
        try:
            await self.client.intend(Intent(verb, _login(request).actor, value))
        except IntentRefused as error:
            raise IntentRefused(tuple(explain(reason) for reason in error.reasons)) from error

    async def _act(self, verb: AlarmVerb, request: Request, occurrence: int = 0) -> None:
        await self.client.act(AlarmAct(verb, _login(request).actor, occurrence))

    async def _ask_guard(self, message: Message) -> Message:
        try:
            return await ask(self.config.guard_control_socket, message)
        except NoAnswer as error:
            detail = f"the guard does not answer ({error}); the field cannot be enabled without it"
            raise Problem(503, "guard_unreachable", detail) from error


def build(desk: Desk, port: int) -> ASGIApp:
    """Put the application together. `port` is the one that was really bound."""
    app = FastAPI(
        title="mnht console",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    problem.install(app)
    app.include_router(open_routes(desk), prefix="/api/v1")
    app.include_router(_routes(desk), prefix="/api/v1")
    app.mount("/web", StaticFiles(directory=WEB))
    app.add_api_route("/", _page, response_class=FileResponse)
    shield = Shield(app, origins(desk.config.host, port, desk.config.stop_origin))
    return Ledger(shield, desk.journal, desk.logins.find)


async def _page() -> FileResponse:
    return FileResponse(WEB / "index.html")


def open_routes(desk: Desk) -> APIRouter:
    """What needs no login; a test holds this list down."""
    router = APIRouter()
    router.add_api_route("/healthz", desk.healthz)
    router.add_api_route("/readyz", desk.readyz)
    router.add_api_route("/login", desk.login, methods=["POST"])
    return router


def _routes(desk: Desk) -> APIRouter:
    def require(request: Request) -> None:
        request.state.login = desk.logins.require(request)

    router = APIRouter(dependencies=[Depends(require)])
    getters: tuple[tuple[str, Handler], ...] = (
        ("/site", desk.site),
        ("/session", desk.session),
        ("/session/history", desk.history),
        ("/session/pending", desk.pending),
        ("/devices", desk.devices),
        ("/alarms", desk.alarms),
        ("/stream", desk.stream),
    )
    posters: tuple[tuple[str, Handler], ...] = (
        ("/logout", desk.logout),
        ("/stream/seen", desk.seen),
        ("/session/stop", desk.stop),
        ("/session/reset", desk.reset),
        ("/session/confirm", desk.confirm),
        ("/session/lower", desk.lower),
        ("/session/close", desk.close),
        ("/alarms/acknowledge", desk.acknowledge),
        ("/alarms/audio-pause", desk.pause_audio),
        ("/alarms/reset-signal", desk.reset_signal),
        *((f"/session/{verb.value}", desk.wish(verb)) for verb in WISHES),
    )
    for rows, method in ((getters, "GET"), (posters, "POST")):
        for path, handler in rows:
            router.add_api_route(path, handler, methods=[method], response_model=None)
    return router


def _login(request: Request) -> Login:
    login = request.state.login
    if not isinstance(login, Login):
        raise Problem(401, "login_required", "log in with the claim code first")
    return login


def _refusals(reply: Message) -> tuple[str, ...]:
    """Why the guard refused, spelled out; empty when it obeyed."""
    if reply.get("ok") is True:
        return ()
    reasons = tuple(explain(str(reason)) for reason in reply.get("reasons", ()))
    return reasons or ("the guard gave no reason",)
