# SPDX-License-Identifier: Apache-2.0
"""An instrument in memory that is late, cut off or hostile, on the running loop's clock."""

import asyncio
import heapq
import itertools
import re

from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link


class Wire:
    """A transport whose `answers(request, now)` says what arrives when: [(delay_s, bytes)]."""

    resource = "wire"

    def __init__(self, answers):
        self.answers = answers
        self.due: list[tuple[float, int, bytes | Exception]] = []
        self.order = itertools.count()
        self.written: list[bytes] = []
        self.opened = self.closed = 0

    def arrive(self, delay_s, data):
        at = asyncio.get_running_loop().time() + delay_s
        heapq.heappush(self.due, (at, next(self.order), data))

    async def open(self):
        self.opened += 1

    async def close(self):
        self.closed += 1

    async def write(self, data):
        self.written.append(data)
        for delay_s, answer in self.answers(data):
            self.arrive(delay_s, answer)

    async def read(self, timeout_s):
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self.due or self.due[0][0] > loop.time():
            if loop.time() >= deadline:
                raise TimeoutError
            wake = min(deadline, self.due[0][0]) if self.due else deadline
            await asyncio.sleep(max(wake - loop.time(), 1e-9))
        data = heapq.heappop(self.due)[2]
        if isinstance(data, bytes):
            return data
        raise data


class Script:
    """Answers by request; each request's list is used up in order, its last entry for ever."""

    def __init__(self, **answers):
        self.answers = {key.encode(): list(value) for key, value in answers.items()}

    def __call__(self, request):
        rows = self.answers.get(request.strip(), [()])
        return rows.pop(0) if len(rows) > 1 else rows[0]


IDN = (b"*IDN?\n", re.compile(rb"TEST,.*"))


def tag(number):
    return f"TAG {number}\n".encode(), re.compile(f"T{number}".encode())


def constant(value):
    """A function of time that always gives this."""
    return lambda _: value


def dialect():
    """One for each link: a framer holds what has come so far."""
    return Dialect(LineFramer(), tag)


def device(request):
    """Echo a number, a tag, an identity; `Q` gives 41.2, `S` nothing."""
    text = request.strip().decode()
    if text.startswith("TAG"):
        return [(0.001, f"T{text[4:]}\n".encode())]
    return {"*IDN?": [(0.001, b"TEST,1\n")], "Q": [(0.001, b"41.2\n")]}.get(text, [])


async def ready(answers=device):
    wire = Wire(answers)
    link = Link(wire, dialect=dialect())
    await link.open()
    await link.identify(*IDN)
    return wire, link


def instead(text, *answers):
    """Like the device, but the first answers to `text` are these."""
    left = list(answers)
    return lambda request: left.pop(0) if request.strip() == text and left else device(request)
