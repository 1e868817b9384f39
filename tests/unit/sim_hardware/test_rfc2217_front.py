# SPDX-License-Identifier: Apache-2.0
"""The RFC 2217 front, as two clients see it that are not ours: pyserial and serialx."""

import asyncio
import threading

import pytest
import serial
import serialx

from sim_hardware.devices.core import Chunks, QuietCore
from sim_hardware.wire.rfc2217 import Rfc2217Front
from sim_hardware.wire.telnet import AGREED, COM_PORT, DO, IAC, SB, SE, WILL, WONT, Telnet

ALL_BYTES = bytes(range(256))
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name)")  # pyserial's own


class Echo(QuietCore):
    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        return [(t, data)]


# ---- the codec -----------------------------------------------------------------------------


def telnet():
    sent: list[bytes] = []
    subs: list[tuple[int, bytes]] = []
    return Telnet(sent.append, lambda option, sub: subs.append((option, sub))), sent, subs


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_data_options_and_subs_are_told_apart_in_any_chunks(size):
    codec, sent, subs = telnet()
    stream = b"ab\xff\xffc" + bytes((IAC, DO, COM_PORT)) + b"d"
    stream += bytes((IAC, SB, COM_PORT, 1)) + b"\x00\x00\xff\xff\x80" + bytes((IAC, SE)) + b"e"
    plain = b"".join(codec.feed(stream[i : i + size]) for i in range(0, len(stream), size))
    assert plain == b"ab\xffcde"
    assert sent == [bytes((IAC, WILL, COM_PORT))]
    assert subs == [(COM_PORT, b"\x01\x00\x00\xff\x80")]


def test_unknown_options_are_refused_once():
    codec, sent, _ = telnet()
    unknown = next(n for n in range(256) if n not in AGREED)
    codec.feed(bytes((IAC, DO, unknown)) * 3)
    assert sent == [bytes((IAC, WONT, unknown))]


# ---- with real clients -----------------------------------------------------------------------


@pytest.mark.real
async def test_serialx_opens_sets_and_sees_the_modem_lines():
    """It waits for the acknowledgement of both masks, which lax servers never send."""
    front = Rfc2217Front(Echo(), baud=57600)
    await front.start()
    reader, writer = await serialx.open_serial_connection(
        url=f"rfc2217://127.0.0.1:{front.port}", baudrate=57600
    )
    try:
        writer.write(ALL_BYTES)
        assert await asyncio.wait_for(reader.readexactly(256), 5.0) == ALL_BYTES
        front.set_lines(cts=False)
        await asyncio.sleep(0.05)
        pins = await writer.transport.get_modem_pins()
        assert (pins.cts.to_bool(), pins.dsr.to_bool()) == (False, True)
        await writer.transport.set_modem_pins(rts=True, dtr=True)
        await asyncio.sleep(0.05)
        assert (front.rts, front.dtr) == (True, True)
    finally:
        writer.transport.abort()
        await front.stop()


def in_thread(call):
    """Run a blocking client beside the loop."""
    result = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    def work():
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - handed over
            loop.call_soon_threadsafe(result.set_exception, error)
        else:
            loop.call_soon_threadsafe(result.set_result, value)

    threading.Thread(target=work).start()
    return result


@pytest.mark.real
@pytest.mark.parametrize(("baud", "is_same"), [(57600, True), (9600, False)])
async def test_pyserial_talks_to_it_and_a_wrong_speed_garbles(baud, is_same):
    front = Rfc2217Front(Echo(), baud=57600)
    await front.start()

    def client():
        url = f"rfc2217://127.0.0.1:{front.port}"
        with serial.serial_for_url(url, baud, timeout=2) as port:
            port.write(b"\x00\xff41.2\n")
            return port.read(7), port.cts

    data, cts = await in_thread(client)
    assert (data == b"\x00\xff41.2\n") is is_same
    assert len(data) == 7
    assert cts
    await front.stop()


@pytest.mark.real
async def test_parity_is_seen_here_where_a_pty_hides_it():
    front = Rfc2217Front(Echo(), baud=9600)
    await front.start()

    def client():
        url = f"rfc2217://127.0.0.1:{front.port}"
        with serial.serial_for_url(url, 9600, parity="E", timeout=2) as port:
            port.write(b"41.2\n")
            return port.read(5)

    assert await in_thread(client) != b"41.2\n"
    await front.stop()
