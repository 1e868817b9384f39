# SPDX-License-Identifier: Apache-2.0
"""Errors of the REST surface as RFC 9457 problem documents with stable codes."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mnht_controller.domain.errors import IntentRefused, MnhtError

MEDIA_TYPE = "application/problem+json"


class Problem(MnhtError):
    """A request that is not obeyed: HTTP status, stable code, what happened, all reasons."""

    def __init__(self, status: int, code: str, detail: str, reasons: tuple[str, ...] = ()) -> None:
        """`detail` says what happened, what the device does now and what to do."""
        super().__init__(detail)
        self.status, self.code, self.detail, self.reasons = status, code, detail, reasons


def document(problem: Problem, instance: str) -> dict[str, object]:
    """The JSON body."""
    return {
        "type": f"urn:mnht:problem:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "code": problem.code,
        "component": "console",
        "errors": [{"detail": reason} for reason in problem.reasons],
    }


def respond(problem: Problem, instance: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response."""
    body = document(problem, instance)
    return JSONResponse(body, problem.status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the app a problem document."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, error: Problem) -> JSONResponse:
        return respond(error, request.url.path)

    @app.exception_handler(IntentRefused)
    async def on_refused(request: Request, error: IntentRefused) -> JSONResponse:
        detail = "refused; nothing was changed. Every unmet condition is listed"
        return respond(Problem(409, "intent_refused", detail, error.reasons), request.url.path)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).name.lower()
        problem = Problem(error.status_code, code, str(error.detail))
        return respond(problem, request.url.path, dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        reasons = tuple(
            f"{'/'.join(str(part) for part in row['loc'])}: {row['msg']}" for row in error.errors()
        )
        problem = Problem(422, "invalid_request", "the request does not fit; nothing done", reasons)
        return respond(problem, request.url.path)

    @app.exception_handler(Exception)
    async def on_bug(request: Request, error: Exception) -> JSONResponse:
        detail = f"{type(error).__name__} in the console; the controller is not affected"
        return respond(Problem(500, "console_bug", detail), request.url.path)
