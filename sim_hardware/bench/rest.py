# SPDX-License-Identifier: Apache-2.0
"""A scripted operator: the same REST calls that a person's console makes, and nothing else."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

POLL_S = 0.2
PRESENT_S = 120.0


class Refused(Exception):
    """The console answered with a problem; its text and all reasons."""


class Operator:
    """One logged-in operator at one console."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._timeout_s = timeout_s
        self._token = ""
        self._present_at = time.monotonic()

    def login(self, claim_code: str) -> None:
        """Use the one-time code."""
        self._token = self.call("POST", "login", {"claim_code": claim_code})["token"]

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One request; Refused for anything but success, OSError when nobody answers."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1/{path}", payload, headers)
            answer = connection.getresponse()
            data = json.loads(answer.read() or b"{}")
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise Refused(json.dumps(data))
        return dict(data)

    def watch(self, ended: threading.Event) -> None:
        """Keep a live view open in the background, as an open page does."""
        threading.Thread(target=self._watch, args=(ended,), name="view", daemon=True).start()

    def _watch(self, ended: threading.Event) -> None:
        while not ended.is_set():
            connection = http.client.HTTPConnection(self._host, self._port, timeout=2.0)
            try:
                headers = {"Authorization": f"Bearer {self._token}"}
                connection.request("GET", "/api/v1/stream", headers=headers)
                answer = connection.getresponse()
                while not ended.is_set() and answer.readline():
                    pass
            except OSError:
                ended.wait(0.5)
            finally:
                connection.close()

    def phase(self) -> str:
        """Where the session is."""
        return str(self.call("GET", "session")["phase"])

    def arm(self, deadline_s: float = 20.0) -> None:
        """Prepare, read what the guard shows, confirm exactly that, and wait for ARMED."""
        self._until(lambda: self.call("POST", "session/prepare"), deadline_s)
        shown = self._until(lambda: self.call("GET", "session/pending"), deadline_s)
        confirmation = {key: shown[key] for key in ("envelope_sha256", "nonce")}
        self._until(lambda: self.call("POST", "session/confirm", confirmation), deadline_s)
        self.wait_for({"armed"}, deadline_s)

    def start(self) -> None:
        """Start the ramp."""
        self.call("POST", "session/start")

    def wait_for(self, phases: set[str], deadline_s: float) -> str:
        """Wait until the session is in one of the phases; TimeoutError with the last one seen."""
        until = time.monotonic() + deadline_s
        phase = self.phase()
        while phase not in phases:
            if time.monotonic() > until:
                raise TimeoutError(f"still {phase} after {deadline_s:.0f} s, not in {phases}")
            time.sleep(POLL_S)
            self._present()
            phase = self.phase()
        return phase

    def _present(self) -> None:
        """Confirm to be present, well before anybody has to ask."""
        if time.monotonic() - self._present_at >= PRESENT_S:
            self._present_at = time.monotonic()
            self.call("POST", "session/present")

    @staticmethod
    def _until(attempt: Callable[[], dict[str, Any]], deadline_s: float) -> dict[str, Any]:
        """Try again while refused: devices need a moment after start."""
        until = time.monotonic() + deadline_s
        while True:
            try:
                return dict(attempt())
            except Refused:
                if time.monotonic() > until:
                    raise
                time.sleep(POLL_S)
