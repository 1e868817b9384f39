# SPDX-License-Identifier: Apache-2.0
"""What can happen to the processes of a simulated site: killed, stopped, late, without a disk."""

from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from types import MappingProxyType

from mnht_controller.runtime.host import SteadyHost
from sim_hardware.bench.guard import VirtualGuard
from sim_hardware.bench.operator import Tapped
from sim_hardware.bench.virtual_time import PROCESS, VirtualTimeLoop
from sim_hardware.faults import Fault

CONTROLLER, GUARD = "controller", "guard"


@dataclass(slots=True)
class SteppedHost(SteadyHost):
    """A host whose wall clock can step."""

    wall_s: float = 0.0

    def wall_offset_s(self) -> float:
        """By how much it has stepped."""
        return self.wall_s


@dataclass(frozen=True, slots=True)
class Processes:
    """Carries out the verbs of layer BENCH. `kill` ends the controller with all its links."""

    loop: VirtualTimeLoop
    guard: VirtualGuard
    journal: Tapped
    host: SteppedHost
    kill: Callable[[], None]

    def __call__(self, fault: Fault) -> None:
        """Do what the fault says; ValueError for an argument that means nothing."""
        VERBS[fault.verb](self, fault.argument)

    def hold(self, process: str, argument: str) -> None:
        """Stop a process, for so many seconds if any are given."""
        for_s = float(argument) if argument else float("inf")
        self.loop.hold(process, for_s)
        if process == GUARD:
            self.guard.halt()
            if argument:
                self.loop.call_later(for_s, self.guard.go_on)

    def hold_both(self, argument: str) -> None:
        """Stop the host: neither process runs, the instruments do."""
        for process in (CONTROLLER, GUARD):
            self.hold(process, argument)

    def kill_guard(self) -> None:
        """End the guard; its last word ages."""
        self.guard.alive = False

    def set_clock(self, argument: str) -> None:
        """Let the guard's clock go wrong from here on."""
        kind, _, text = argument.partition(":")
        began = self.loop.time()
        value = float(text or 0.0)
        clocks: dict[str, Callable[[float], float]] = {
            "offset": lambda now: now + value,
            "rate": lambda now: began + (now - began) * value,
            "freeze": lambda _: began,
        }
        if kind not in clocks:
            raise ValueError(f"guard_clock: {argument!r} is none of {', '.join(clocks)}")
        self.guard.clock = clocks[kind]

    def fill_disk(self, argument: str) -> None:
        """Leave room for so many more records; after an error of the disk there is none either."""
        self.journal.room = int(argument or 0)

    def hang_disk(self, argument: str) -> None:
        """Let nothing reach the disk, for so many seconds if any are given."""
        self.journal.hang(float(argument) if argument else float("inf"))

    def step_wall_clock(self, argument: str) -> None:
        """Set the wall clock by so many seconds."""
        self.host.wall_s += float(argument)

    def delay_leases(self, argument: str) -> None:
        """Let every message to the guard take so long."""
        self.guard.late_s = float(argument)


VERBS: MappingProxyType[str, Callable[[Processes, str], None]] = MappingProxyType(
    {
        "controller_killed": lambda it, _: it.kill(),
        "controller_stopped": lambda it, argument: it.hold(CONTROLLER, argument),
        "guard_killed": lambda it, _: it.kill_guard(),
        "guard_stopped": lambda it, argument: it.hold(GUARD, argument),
        "host_stopped": lambda it, argument: it.hold_both(argument),
        "leases_late": lambda it, argument: it.delay_leases(argument),
        "guard_clock": lambda it, argument: it.set_clock(argument),
        "disk_full": lambda it, argument: it.fill_disk(argument),
        "sync_fails": lambda it, argument: it.fill_disk(argument),
        "disk_hangs": lambda it, argument: it.hang_disk(argument),
        "wall_clock": lambda it, argument: it.step_wall_clock(argument),
    }
)


def belonging_to(process: str) -> Context:
    """The context for a process's first task: all that it starts belongs to the process too."""
    context = copy_context()
    context.run(PROCESS.set, process)
    return context
