# SPDX-License-Identifier: Apache-2.0
"""One-time login and the sessions it opens. Tokens are opaque; only their SHA-256 is kept."""

import hmac
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import Request

from mnht_controller.surfaces.problem import Problem

COOKIE = "mnht_session"
SESSION_S = 8 * 3600.0
FAILURES_MAX = 5
FAILURES_WINDOW_S = 60.0
CLAIM_BYTES_MAX = 256


@dataclass(slots=True)
class Login:
    """One open login; `number` keeps apart in the journal who did what."""

    number: int
    name: str
    expires_at: float

    @property
    def actor(self) -> str:
        """How this login signs its intents."""
        return f"{self.name}#{self.number}"


class Logins:
    """All open logins. `now` is monotonic time."""

    def __init__(self, claim_code_file: Path, now: Callable[[], float]) -> None:
        self._claim_code_file, self._now = claim_code_file, now
        self._by_hash: dict[str, Login] = {}
        self._failed_at: list[float] = []
        self._count = 0

    def open(self, claim_code: str, name: str) -> str:
        """Exchange the claim code, once, for a session token. Problem 401, 403 or 429 if not."""
        now = self._now()
        self._failed_at = [at for at in self._failed_at if now - at < FAILURES_WINDOW_S]
        if len(self._failed_at) >= FAILURES_MAX:
            detail = "too many wrong claim codes; wait a minute. STOP is not affected"
            raise Problem(429, "login_limited", detail)
        code = _read_claim_code(self._claim_code_file)
        if not code or not hmac.compare_digest(code.encode(), claim_code.strip().encode()):
            self._failed_at.append(now)
            detail = "claim code is wrong or used up; restart `mnht serve` to get a new one"
            raise Problem(401, "claim_code_refused", detail)
        self._claim_code_file.unlink()
        token = secrets.token_urlsafe(32)
        self._count += 1
        self._by_hash[_hash(token)] = Login(self._count, name, now + SESSION_S)
        return token

    def close(self, token: str) -> None:
        """Revoke at once; streams of this login end with it."""
        login = self._by_hash.pop(_hash(token), None)
        if login is not None:
            login.expires_at = self._now()

    def find(self, token: str) -> Login | None:
        """The live login behind a token."""
        login = self._by_hash.get(_hash(token))
        return login if login is not None and self.is_live(login) else None

    def is_live(self, login: Login) -> bool:
        """Whether the login is neither expired nor revoked."""
        return self._now() < login.expires_at

    def require(self, request: Request) -> Login:
        """FastAPI dependency: the login of this request. Problem 401 if there is none."""
        login = self.find(token_of(request))
        if login is None:
            raise Problem(401, "login_required", "log in with the claim code first")
        return login


def token_of(request: Request) -> str:
    """Bearer token, else the cookie, else nothing."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _read_claim_code(path: Path) -> str:
    """Read the code; a file that others could have written or read is refused, not trusted."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(handle, encoding="utf-8") as file:
        status = os.fstat(file.fileno())
        if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
            detail = f"{path.name} is not private (0600); it is not used. Restart `mnht serve`"
            raise Problem(403, "claim_code_exposed", detail)
        return file.read(CLAIM_BYTES_MAX).strip()
