# SPDX-License-Identifier: Apache-2.0
"""Whatever a transport does, only DeviceError leaves a link or a driver, in bounded time (H12)."""

import asyncio
import errno
import inspect
import re
from contextlib import suppress

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st
from pyvisa import VisaIOError
from pyvisa.constants import StatusCode

from drivers.generic_scpi_source import SPEC as SOURCE
from drivers.generic_scpi_source import GenericScpiSource
from drivers.opsens_handysens import SPEC as THERMOMETER
from mnht_controller.devices import errors
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.devices.scpi import tag
from mnht_controller.domain.command import Permit
from tests.support import run_virtual
from tests.unit.devices.wires import Script, Wire

FOREIGN = st.sampled_from(
    [
        TimeoutError(),
        OSError(errno.EIO, "hang-up"),
        OSError(errno.ETIMEDOUT, "kernel time-out"),
        BrokenPipeError(errno.EPIPE, "gone"),
        EOFError("end"),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "noise"),
        serial.SerialException("no data"),
        serial.SerialTimeoutException("write"),
        VisaIOError(StatusCode.error_timeout),
        VisaIOError(StatusCode.error_connection_lost),
        RuntimeError("surprise"),
        MemoryError(),
        NotImplementedError(),
        StopIteration(),
        KeyError("x"),
    ]
)
PIECES = st.binary(max_size=12) | st.sampled_from(
    [
        b"\n",
        b"\x04\n",
        b"OPSENS,HS,SIM1,1\n\x04\n",
        b"OPENMFH,FS100K,SIM1,1\n",
        b'0,"No error"\n',
        b"37.2\n\x04\n",
        b"12.3",
        b"1,2,1,4096,0,0,0E0,0E0,0E0,1E5,25,2,500,1;7.5E3\n",
        b"0;7.2E3;5E-1;HEAR\n",
    ]
)


class Hostile:
    """Does what it is told: bytes, exceptions, or bytes of the wrong type; then silence."""

    resource = "hostile"

    def __init__(self, acts):
        self.acts = list(acts)

    def act(self):
        act = self.acts.pop(0) if self.acts else b""
        if isinstance(act, BaseException):
            raise act
        return act

    async def open(self):
        self.act()

    async def write(self, data):
        self.act()

    async def close(self):
        self.act()

    async def read(self, timeout_s):
        act = self.act()
        if act == b"":
            await asyncio.sleep(timeout_s)
            raise TimeoutError
        return act


ACTS = st.lists(FOREIGN | PIECES | st.sampled_from([None, "text", 7]), max_size=40)


@settings(deadline=None, max_examples=150)
@given(ACTS)
def test_nothing_foreign_leaves_a_link(acts):
    async def main():
        link = Link(Hostile(acts), dialect=Dialect(LineFramer(), tag))
        start = asyncio.get_running_loop().time()
        for call in (
            link.open,
            lambda: link.identify(b"*IDN?\n", re.compile(rb"OP.*")),
            lambda: link.query(b"Q\n"),
            lambda: link.send(b"OFF\n", urgent=True),
            lambda: link.query(b"Q\n", urgent=True),
        ):
            with suppress(errors.DeviceError):
                await call()
        await link.close(last=b"OFF\n")
        assert link.state is LinkState.CLOSED
        assert asyncio.get_running_loop().time() - start < 10.0

    run_virtual(main())


@settings(deadline=None, max_examples=150)
@given(ACTS, st.sampled_from([SOURCE, THERMOMETER]))
def test_nothing_foreign_leaves_a_driver(acts, spec):
    async def main():
        driver = spec.make(Link(Hostile(acts)), Setup((1, 2)))
        names = ("open", "sample", "poll", "off", "prepare", "apply")
        arguments = {"prepare": (7.5,), "apply": (Permit(5.0, 1, 1.0),)}
        for name in names:
            if hasattr(driver, name):
                with suppress(errors.DeviceError):
                    await getattr(driver, name)(*arguments.get(name, ()))
        await driver.close()

    run_virtual(main())


def raised_classes():
    return [
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, errors.DeviceError) and not cls.__subclasses__()
    ]


IDN = {"*IDN?": [[(0.0, b"OPENMFH,FS100K,SIM1,1\n")]]}


async def refused():
    await Link(Hostile([b"", ConnectionRefusedError(errno.ECONNREFUSED, "refused")])).open()


async def silent():
    link = Link(Wire(Script()))
    await link.open()
    await link.identify(b"*IDN?\n", re.compile(b"x"))


async def stranger():
    await SOURCE.make(Link(Wire(Script(**{"*IDN?": [[(0.0, b"ACME,1,2,3\n")]]}))), Setup()).open()


async def lost():
    await Link(Wire(Script())).query(b"Q\n")


async def confused():
    link = Link(Wire(Script(**IDN, Q=[[(0.0, b"1\n2\n")]])), dialect=Dialect(LineFramer(), tag))
    await link.open()
    await link.identify(b"*IDN?\n", re.compile(rb"OPENMFH.*"))
    await link.query(b"Q\n")


async def too_much():
    await GenericScpiSource(Link(Wire(Script()))).apply(Permit(18.1, 1, 1.0))


async def fault():
    from mnht_controller.devices.scpi import refuse_errors

    link = Link(Wire(Script(**IDN, **{"SYST:ERR?": [[(0.0, b'+302,"Not armed"\n')]]})))
    await link.open()
    await link.identify(b"*IDN?\n", re.compile(rb"OPENMFH.*"))
    await refuse_errors(link)


CASES = {
    errors.ConnectError: refused,
    errors.ReplyTimeoutError: silent,
    errors.LinkLostError: lost,
    errors.IdentityError: stranger,
    errors.ProtocolError: confused,
    errors.RangeRefusedError: too_much,
    errors.DeviceFault: fault,
}


@pytest.mark.parametrize("kind", raised_classes(), ids=lambda kind: kind.__name__)
def test_every_leaf_of_the_error_tree_is_raised(kind):
    with pytest.raises(kind) as caught:
        run_virtual(CASES[kind]())
    assert type(caught.value) is kind
    assert len(str(caught.value)) > 20
