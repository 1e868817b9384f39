# SPDX-License-Identifier: Apache-2.0
"""What every request passes first: host, origin and size checks in, security headers out."""

from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mnht_controller.surfaces.problem import Problem, respond

BODY_BYTES_MAX = 65_536
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Origins:
    """The one origin of the page, the loopback spellings that lead to it, the STOP listener's."""

    own: str
    aliases: frozenset[str]
    stop: str


def origins(host: str, port: int, stop: str) -> Origins:
    """Only one spelling is the console's: the STOP listener knows exactly that one."""
    own = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return Origins(own, frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost")), stop)


class Shield:
    """ASGI middleware; refuses before the application has seen anything."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app, self._origins = app, origins
        self._headers = {
            "content-security-policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; "
                f"connect-src 'self' {origins.stop}; img-src 'self' data:; "
                "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            ),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "cache-control": "no-cache",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then pass on; add the headers to whatever comes back."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        app = self._instead(scope, Headers(scope=scope)) or self._app
        await app(scope, receive, send_with_headers)

    def _instead(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        """What answers in place of the application; None lets the request pass."""
        own, host, safe = (
            self._origins.own,
            headers.get("host", ""),
            scope["method"] in SAFE_METHODS,
        )
        if f"http://{host}" != own:
            if host in self._origins.aliases and safe:
                return RedirectResponse(own + scope["path"])
            wrong = Problem(421, "wrong_host", f"this console is {own} and has no other name")
            return respond(wrong, scope["path"])
        refusal = None if safe else _too_large(headers) or self._foreign(headers)
        return respond(refusal, scope["path"]) if refusal else None

    def _foreign(self, headers: Headers) -> Problem | None:
        """A browser always sends Origin on an unsafe method; without it no cookie counts."""
        origin = headers.get("origin")
        if origin is None and ("cookie" not in headers or "authorization" in headers):
            return None
        if origin == self._origins.own:
            return None
        return Problem(403, "foreign_origin", f"not from this console's own page: {origin}")


def _too_large(headers: Headers) -> Problem | None:
    if "transfer-encoding" in headers:
        return Problem(411, "length_required", "send a Content-Length; chunked bodies are refused")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and int(length) <= BODY_BYTES_MAX):
        return Problem(413, "body_too_large", f"at most {BODY_BYTES_MAX} bytes; nothing was read")
    return None
