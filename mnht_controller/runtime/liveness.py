# SPDX-License-Identifier: Apache-2.0
"""Who is alive. The lease is renewed only while every periodic task has beaten in time."""

FATAL_S = 2.0
"""A task without a beat for so long is dead or hung: longer than any legal wait on a link."""


class Liveness:
    """The last beat of each periodic task, on the loop's clock."""

    def __init__(self) -> None:
        self._beats: dict[str, float] = {}

    def beat(self, name: str, now: float) -> None:
        """Say that this task is alive; its first beat registers it."""
        self._beats[name] = now

    def silent(self, now: float) -> tuple[str, ...]:
        """Tasks whose last beat is too old. Empty: renew the lease."""
        return tuple(name for name, at in self._beats.items() if not (now - at <= FATAL_S))
