# SPDX-License-Identifier: Apache-2.0
"""The console's own record: every request that wants to change something, by whom, how it ended."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mnht_controller.journal.records import Event
from mnht_controller.journal.sink import Journal
from mnht_controller.surfaces.auth import Login, token_of

UNRECORDED = frozenset({"/api/v1/stream/seen"})
"""Says that a view is alive, once a second; it changes nothing."""


class Ledger:
    """ASGI middleware; failed attempts are recorded like the others. Never waits for the disk."""

    def __init__(self, app: ASGIApp, journal: Journal, find: Callable[[str], Login | None]) -> None:
        self._app, self._journal, self._find = app, journal, find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; write one event when the answer begins."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] in UNRECORDED:
            await self._app(scope, receive, send)
            return
        login = self._find(token_of(Request(scope)))  # before a logout forgets it
        actor = login.actor if login else "nobody"

        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                outcome = f"http.{message['status']}"
                self._journal.write("event", Event(outcome, scope["path"], actor))
            await send(message)

        await self._app(scope, receive, recorded)
