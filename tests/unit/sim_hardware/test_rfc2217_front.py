# SPDX-License-Identifier: Apache-2.0
"""The RFC 2217 front, as two clients see it that are not ours: pyserial and serialx."""

import asyncio
import threading

import pytest
import serial
import serialx

from sim_hardware.devices.core import Chunks, QuietCore
from sim_hardware.wire.com_port import (
    BREAK,
    CD,
    CTS,
    DSR,
    FRAMING_ERROR,
    HELD_BYTES_MAX,
    PARITY_ERROR,
    RI,
    RI_FELL,
    ComPort,
    modem_change,
)
from sim_hardware.wire.rfc2217 import Rfc2217Front
from sim_hardware.wire.telnet import (
    AGREED,
    BINARY,
    COM_PORT,
    DO,
    DONT,
    IAC,
    SB,
    SE,
    SUB_BYTES_MAX,
    WILL,
    WONT,
    Telnet,
    sub_negotiation,
)

ALL_BYTES = bytes(range(256))
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name)")  # pyserial's own


class Echo(QuietCore):
    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        return [(t, data)]


# ---- the codec -----------------------------------------------------------------------------


def telnet():
    """Give a codec, what it has sent, and what it has told in its order."""
    sent: list[bytes] = []
    told: list[bytes | tuple[int, bytes]] = []
    return Telnet(sent.append, told.append, lambda *sub: told.append(sub)), sent, told


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_data_options_and_subs_are_told_apart_in_any_chunks(size):
    codec, sent, told = telnet()
    stream = b"ab\xff\xffc" + bytes((IAC, DO, COM_PORT)) + b"d"
    stream += bytes((IAC, SB, COM_PORT, 1)) + b"\x00\x00\xff\xff\x80" + bytes((IAC, SE)) + b"e"
    for start in range(0, len(stream), size):
        codec.feed(stream[start : start + size])
    assert sent == [bytes((IAC, WILL, COM_PORT))]
    sub = (COM_PORT, b"\x01\x00\x00\xff\x80")
    at = told.index(sub)
    assert (b"".join(told[:at]), told[at], told[at + 1 :]) == (b"ab\xffcd", sub, [b"e"])


def test_options_are_agreed_once_until_they_change_and_unknown_ones_refused():
    """RFC 1143: who answers what is already so starts an endless exchange."""
    agreed: list[int] = []
    sent: list[bytes] = []
    codec = Telnet(sent.append, lambda _: None, lambda *_: None, agreed.append)
    codec.feed(bytes((IAC, DO, BINARY)) * 3)
    assert (sent, agreed) == ([bytes((IAC, WILL, BINARY))], [BINARY])
    codec.feed(bytes((IAC, DONT, BINARY)) * 2 + bytes((IAC, WILL, BINARY)))
    assert sent[1:] == [bytes((IAC, WONT, BINARY)), bytes((IAC, DO, BINARY))]
    unknown = next(n for n in range(256) if n not in AGREED)
    codec.feed(bytes((IAC, DO, unknown, IAC, WILL, unknown, IAC, WONT, unknown)))
    assert sent[3:] == [bytes((IAC, WONT, unknown)), bytes((IAC, DONT, unknown))]


def test_an_endless_sub_negotiation_takes_no_memory():
    codec, _, told = telnet()
    codec.feed(bytes((IAC, SB, COM_PORT)) + b"x" * 100_000 + bytes((IAC, SE)))
    assert told == [(COM_PORT, b"x" * (SUB_BYTES_MAX - 1))]


# ---- the COM-PORT option -------------------------------------------------------------------


def com_port(modem=CTS | DSR):
    said: list[bytes] = []
    return ComPort(said.append, lambda: modem), said


@pytest.mark.parametrize(
    ("sub", "answer"),
    [
        (b"\x00", b"\x64SIM port"),
        (b"\x01\x00\x00\xe1\x00", b"\x65\x00\x00\xe1\x00"),
        (b"\x01\x00\x00\x00\x00", b"\x65\x00\x00\x25\x80"),
        (b"\x02\x07", b"\x66\x07"),
        (b"\x02\x00", b"\x66\x08"),
        (b"\x02\x63", b"\x66\x08"),
        (b"\x03\x03", b"\x67\x03"),
        (b"\x04\x02", b"\x68\x02"),
        (b"\x05\x00", b"\x69\x01"),
        (b"\x05\x03", b"\x69\x03"),
        (b"\x05\x07", b"\x69\x09"),
        (b"\x05\x08", b"\x69\x08"),
        (b"\x05\x0b", b"\x69\x0b"),
        (b"\x05\x0d", b"\x69\x0e"),
        (b"\x05\x11", b"\x69\x11"),
        (b"\x06", b"\x6a\x00"),
        (b"\x07", b"\x6b\x30"),
        (b"\x0a\x0c", b"\x6e\x0c"),
        (b"\x0a\x00", b"\x6e\x00"),
        (b"\x0b\xff", b"\x6f\xff"),
        (b"\x0c\x03", b"\x70\x03"),
    ],
)
def test_every_command_is_acknowledged(sub, answer):
    """Codes 100 to 112 of RFC 2217 section 3; 0 asks, and an impossible value changes nothing."""
    port, said = com_port()
    port.hear(sub)
    assert said[0] == answer


@pytest.mark.parametrize("sub", [b"", b"\x63", b"\x08"])
def test_what_has_no_answer_gets_none(sub):
    port, said = com_port()
    port.hear(sub)
    assert said == []


def test_masks_choose_what_is_pushed():
    port, said = com_port()
    port.hear(b"\x0b\x00")
    port.tell_modem(0, CTS)
    port.tell_line(FRAMING_ERROR)
    assert said == [b"\x6f\x00"]
    port.hear(bytes((11, CTS | CTS >> 4)))
    port.hear(bytes((10, FRAMING_ERROR)))
    said.clear()
    port.tell_modem(CTS | DSR, CTS)
    assert said == []
    port.tell_modem(CTS, 0)
    port.tell_line(FRAMING_ERROR | BREAK)
    assert said == [b"\x6b\x01", b"\x6a\x08"]


def test_the_end_of_a_ring_is_a_delta_its_begin_is_not():
    assert modem_change(0, RI) == RI
    assert modem_change(RI, 0) == RI_FELL
    assert modem_change(CTS, CTS | CD) == CTS | CD | CD >> 4


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [("baud", 57600, 0), ("baud", 9600, FRAMING_ERROR), ("size", 7, FRAMING_ERROR),
     ("parity", 3, PARITY_ERROR)],
)  # fmt: skip
def test_what_a_wrong_setting_looks_like(name, value, error):
    port, _ = com_port()
    port.baud = 57600
    setattr(port, name, value)
    assert port.error_for(57600) == error


def test_a_suspended_client_gets_nothing_until_it_resumes_or_purges():
    port, _ = com_port()
    port.hear(b"\x08")
    assert port.outgoing(b"x" * 10_000) == b""
    assert len(port.held) == HELD_BYTES_MAX
    port.hear(b"\x0c\x01")
    assert port.held == b""


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
        writer.transport.abort()
        await asyncio.sleep(0.05)
        assert (front.rts, front.dtr) == (False, False)
    finally:
        writer.transport.abort()
        await front.stop()


@pytest.mark.real
async def test_errors_on_the_line_are_told_and_suspended_bytes_wait():
    """What no client library of these offers, by hand."""
    front = Rfc2217Front(Echo(), baud=57600)
    await front.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port)

    def say(*sub):
        writer.write(sub_negotiation(COM_PORT, bytes(sub)))

    try:
        async with asyncio.timeout(5.0):
            say(10, FRAMING_ERROR)
            writer.write(b"x")  # at 9600, where a port begins
            want = sub_negotiation(COM_PORT, bytes((106, FRAMING_ERROR)))
            await reader.readuntil(want)
            say(1, 0, 0, 0xE1, 0)
            say(8)
            writer.write(b"abc\xff\xff")
            say(12, 2)
            assert b"abc" not in await reader.readuntil(sub_negotiation(COM_PORT, b"\x70\x02"))
            await asyncio.sleep(0.02)  # the echo comes at its line rate
            say(12, 2)
            assert b"abc" not in await reader.readuntil(sub_negotiation(COM_PORT, b"\x70\x02"))
            say(9)
            assert await reader.readexactly(5) == b"abc\xff\xff"
    finally:
        writer.close()
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
            return port.read(7), port.cts, (front.rts, front.dtr)

    data, cts, lines = await in_thread(client)
    assert lines == (True, True)
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
