# SPDX-License-Identifier: Apache-2.0
"""What a query through each link costs, beside the bare descriptor, on the same echo and run."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.open import transport_for

QUESTION = b"CH1:DATA? 1\n"
ANY = re.compile(rb".*")
BAUD = 115_200
ADDS_MS_P50, ADDS_MS_P99 = 0.3, 1.0
BLOCK = 50
"""Exchanges in a row of one kind, before the next kind has its turn."""

Exchange = Callable[[], None]


@contextmanager
def echoing() -> Iterator[dict[str, Any]]:
    """The echo process and its addresses."""
    argv = [sys.executable, "-m", "tools.perf.wires.echo"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield dict(json.loads(process.stdout.readline()))  # type: ignore[union-attr]
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(5.0)
        process.stdout.close()  # type: ignore[union-attr]


def measure(count: int) -> dict[str, dict[str, float]]:
    """Per link: p50 and p99 of bare and of link, ms, and what the link adds."""
    with echoing() as places:
        bare = {"tcp": _bare_socket(places["tcp"]), "pty": _bare_pty(places["pty"])}
        rows = {
            "tcp": (f"tcp://127.0.0.1:{places['tcp']}", "tcp"),
            "visa_socket": (f"TCPIP::127.0.0.1::{places['tcp']}::SOCKET", "tcp"),
            "rfc2217": (f"rfc2217://127.0.0.1:{places['rfc2217']}", "tcp"),
            "serial": (places["pty"], "pty"),
            "visa_serial": (f"ASRL{places['pty']}::INSTR", "pty"),
        }
        return {
            name: asyncio.run(_beside(resource, bare[beside], count))
            for name, (resource, beside) in rows.items()
        }


async def _beside(resource: str, bare: Exchange, count: int) -> dict[str, float]:
    link = Link(transport_for(resource, BAUD), dialect=Dialect(LineFramer(b"\n")))
    await link.open()
    await link.identify(QUESTION, ANY, anonymous=True)
    bare_ms: list[float] = []
    link_ms: list[float] = []
    try:
        for _ in range(count // BLOCK):
            for _ in range(BLOCK):
                began = time.perf_counter()
                await link.query(QUESTION)
                link_ms.append(1e3 * (time.perf_counter() - began))
            for _ in range(BLOCK):
                began = time.perf_counter()
                bare()
                bare_ms.append(1e3 * (time.perf_counter() - began))
    finally:
        await link.close()
    row = {"bare_ms_p50": _at(bare_ms, 0.50), "bare_ms_p99": _at(bare_ms, 0.99)}
    row |= {"link_ms_p50": _at(link_ms, 0.50), "link_ms_p99": _at(link_ms, 0.99)}
    row["adds_ms_p50"] = round(row["link_ms_p50"] - row["bare_ms_p50"], 4)
    row["adds_ms_p99"] = round(row["link_ms_p99"] - row["bare_ms_p99"], 4)
    return row


def _bare_socket(port: int) -> Exchange:
    """A blocking socket: the least that a query over TCP can take."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange() -> None:
        connection.sendall(QUESTION)
        data = b""
        while not data.endswith(b"\n"):
            data += connection.recv(256)

    return exchange


def _bare_pty(path: str) -> Exchange:
    """A raw descriptor: the least that a query over a pty can take."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(descriptor)

    def exchange() -> None:
        os.write(descriptor, QUESTION)
        data = b""
        while not data.endswith(b"\n"):
            data += os.read(descriptor, 256)

    return exchange


def _at(samples: list[float], share: float) -> float:
    ordered = sorted(samples)
    return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 4)


def shortcomings(rows: dict[str, dict[str, float]]) -> list[str]:
    """Every link that adds too much."""
    found = []
    for name, row in rows.items():
        for key, limit in (("adds_ms_p50", ADDS_MS_P50), ("adds_ms_p99", ADDS_MS_P99)):
            if not (row[key] <= limit):
                found.append(f"{name}: {key} {row[key]} above {limit}")
    return found
