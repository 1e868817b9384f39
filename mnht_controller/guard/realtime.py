# SPDX-License-Identifier: Apache-2.0
"""What the host may grant the guard, and what it is told: tried, said, never required.

A guard without real-time scheduling or locked memory is as safe and latches earlier: a turn that
comes late is a trip of its own.
"""

import ctypes
import os
import resource
import socket
from contextlib import suppress

PRIORITY = 20
"""Above the kernel's own threads of ordinary work, below its interrupt threads (50)."""


def settle() -> str:
    """Ask for SCHED_FIFO and for locked memory; say what came of it, and why.

    Threads that start later inherit both: a journal's thread that had to wait for its turn with the
    interpreter's lock in its hands would hold up the tick.
    """
    scheduling = "fifo"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError as error:
        scheduling = f"other ({error.strerror})"
    return f"scheduling: {scheduling}, memory locked: {_lock_memory()}"


def _lock_memory() -> str:
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if limit != resource.RLIM_INFINITY and os.geteuid():
        return f"no (limit {limit} bytes)"  # a lock that fits today makes tomorrow's memory fail
    if ctypes.CDLL(None, use_errno=True).mlockall(3):  # what there is, and what will be
        return f"no ({os.strerror(ctypes.get_errno())})"
    return "yes"


def tell(message: bytes) -> None:
    """Tell the service manager, where one listens (NOTIFY_SOCKET). Never waits, never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.setblocking(False)
        door.sendto(message, address.replace("@", "\0", 1))
