# SPDX-License-Identifier: Apache-2.0
"""A hung library call is given up with its thread; nothing it does later reaches anybody (H27)."""

import asyncio
import threading

import pytest

from mnht_controller.devices import threaded
from mnht_controller.devices.threaded import ThreadedTransport
from mnht_controller.devices.worker import Worker


def ignore(_):
    pass


class FakePort:
    """A port whose next call waits for `gate` when it is set to wait."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.data = b""
        self.closed = self.unlocked = self.glances = 0
        self.done = threading.Event()

    def write(self, data):
        self.gate.wait(5.0)

    def read(self, timeout_s):
        if timeout_s <= 0.0:
            self.glances += 1
            return b""
        self.gate.wait(5.0)
        data, self.data = self.data, b""
        return data

    def close(self):
        self.closed += 1
        self.done.set()

    def unlock(self):
        self.unlocked += 1


class FakeTransport(ThreadedTransport):
    def __init__(self):
        super().__init__("fake")
        self.ports = []

    def connect(self):
        self.ports.append(FakePort())
        return self.ports[-1]


async def test_calls_run_in_order_off_the_loop():
    worker = Worker("test")
    names = [await worker.run(lambda: threading.current_thread().name, 1.0, ignore) for _ in "ab"]
    assert names == ["test", "test"]
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda: 1 // 0, 1.0, ignore)
    worker.stop()


async def test_a_hung_call_gets_a_new_thread_and_its_result_is_late():
    worker = Worker("test")
    gate, late = threading.Event(), []
    with pytest.raises(TimeoutError):
        await worker.run(lambda: gate.wait(5.0), 0.02, late.append)
    assert worker.abandoned == 1
    assert await worker.run(lambda: "works", 1.0, ignore) == "works"
    gate.set()
    for _ in range(200):
        if late:
            break
        await asyncio.sleep(0.005)
    assert late == [True]
    worker.stop()


async def test_a_hung_port_is_dropped_unlocked_and_closed_when_it_comes_back():
    """OFF has a path again as soon as the deadline has passed (H16)."""
    transport = FakeTransport()
    await transport.open()
    port = transport.ports[0]
    port.gate.clear()
    with pytest.raises(OSError, match="no answer") as caught:
        await transport.write(b"x")
    assert not isinstance(caught.value, TimeoutError)
    assert port.unlocked == 1
    with pytest.raises(OSError, match="not open"):
        await transport.read(0.1)
    await transport.open()
    await transport.write(b"OFF\n")
    port.gate.set()
    assert await asyncio.to_thread(port.done.wait, 2.0)
    await transport.close()
    assert transport.ports[1].closed == 1


async def test_bytes_of_a_cancelled_read_are_kept():
    transport = FakeTransport()
    await transport.open()
    port = transport.ports[0]
    port.gate.clear()
    reading = asyncio.create_task(transport.read(1.0))
    await asyncio.sleep(0.01)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    glances = port.glances
    with pytest.raises(TimeoutError):
        await transport.read(0.0)
    assert port.glances == glances  # the thread still reads: two readers would tear a line apart
    port.data = b"12.3"
    port.gate.set()
    assert await transport.read(1.0) == b"12.3"
    await transport.close()


async def test_a_silent_port_times_out_in_slices(monkeypatch):
    monkeypatch.setattr(threaded, "SLICE_S", 0.005)
    transport = FakeTransport()
    await transport.open()
    with pytest.raises(TimeoutError) as caught:
        await transport.read(0.02)
    assert caught.value.errno is None
    await transport.close()
    await transport.close()


async def test_anything_a_library_raises_becomes_os_error():
    transport = FakeTransport()
    await transport.open()

    def surprise(data):
        raise KeyError("surprise")

    transport.ports[0].write = surprise
    with pytest.raises(OSError, match="KeyError"):
        await transport.write(b"x")
    await transport.close()
