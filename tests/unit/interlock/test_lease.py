# SPDX-License-Identifier: Apache-2.0
"""Messages of the guard's sockets: what was sent comes out, garbage is a CodecError only (H31)."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnht_controller.domain.codec import CodecError
from mnht_controller.domain.trip import Trip
from mnht_controller.interlock.lease import (
    LEASE_AGE_S_MAX,
    LINE_BYTES_MAX,
    STATUS_AGE_S_MAX,
    Ask,
    Request,
    age_s,
    decode_from_controller,
    decode_request,
    decode_status,
    encode_lease,
    encode_propose,
    encode_request,
    encode_status,
    is_fresh,
    status_age_s,
)
from tests.plans import ENVELOPE
from tests.unit.interlock.scene import lease, status

DECODERS = (decode_from_controller, decode_request, decode_status)
LEASE = lease(5, permit_ka_per_m=3.25)
FULL = status(first_out=Trip("skin_trip", "H13", "skin", 44.1, None, 1.0, 2.0))


def test_what_was_sent_comes_out() -> None:
    for line in (encode_lease(LEASE), encode_propose(ENVELOPE), encode_status(FULL)):
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        assert len(line) < LINE_BYTES_MAX
    assert decode_from_controller(encode_lease(LEASE)[:-1]) == LEASE
    assert decode_from_controller(encode_propose(ENVELOPE)) == ENVELOPE
    assert decode_status(encode_status(FULL)) == FULL
    for ask in Ask:
        request = Request(ask, "nurse", "ab" * 32, "n1")
        assert decode_request(encode_request(request)) == request


def test_requests_are_short_to_write_by_hand() -> None:
    assert decode_request(b'{"kind":"stop","actor":"desk"}') == Request(Ask.STOP, "desk")
    assert decode_request(b'{"kind": "pending"}').kind is Ask.PENDING


def test_blanks_do_not_matter() -> None:
    for line, message in ((encode_lease(LEASE), LEASE), (encode_propose(ENVELOPE), ENVELOPE)):
        spaced = json.dumps(json.loads(line)).encode()
        assert spaced != line
        assert decode_from_controller(spaced) == message


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"1e999",
        b'{"kind":"lease"}',
        b'{"kind":"lease","lease":null}',
        b'{"kind":"status","status":{}}',
        b'{"kind":"erase"}',
        b'{"kind":"propose","envelope":{"limits":{}}}',
        b'{"kind":"lease","lease":{"seq":NaN}}',
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b" " * (LINE_BYTES_MAX + 1),
    ],
)
def test_garbage_is_refused(line: bytes) -> None:
    for decode in DECODERS:
        with pytest.raises(CodecError):
            decode(line)


def test_numbers_that_are_none_are_refused() -> None:
    good = encode_lease(LEASE)
    for wrong in (b"NaN", b"Infinity", b"1e999", b"1" * 400, b"1" * 5000, b'"5"', b"true"):
        line = good.replace(b'"permit_ka_per_m":3.25', b'"permit_ka_per_m":' + wrong)
        assert line != good
        with pytest.raises(CodecError):
            decode_from_controller(line)


def test_kinds_are_not_mixed_up() -> None:
    with pytest.raises(CodecError):
        decode_status(encode_status(FULL).replace(b'"status","status"', b'"lease","status"'))
    with pytest.raises(CodecError):
        decode_from_controller(encode_propose(ENVELOPE).replace(b'"propose"', b'"stop"'))
    with pytest.raises(CodecError):
        decode_from_controller(encode_status(FULL))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_lines_never_raise_anything_else(data: st.DataObject) -> None:
    line = bytearray(encode_lease(LEASE))
    for _ in range(data.draw(st.integers(1, 4))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    for decode in DECODERS:
        try:
            decode(bytes(line))
        except CodecError:
            continue


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_noise_never_raises_anything_else(line: bytes) -> None:
    for decode in DECODERS:
        with pytest.raises(CodecError):
            decode(line)


@pytest.mark.parametrize(
    ("at", "age"),
    [(10.0, 0.0), (9.75, 0.25), (10.04, 0.0), (10.06, None), (math.nan, None), (math.inf, None)],
)
def test_age(at: float, age: float | None) -> None:
    """H31, H33: old and future stamps."""
    found = age_s(at, 10.0)
    assert found == age
    assert is_fresh(at, 10.0, 0.4) is (age is not None)
    assert not is_fresh(9.5, 10.0, 0.4)
    assert not is_fresh(-math.inf, 10.0, 0.4)


def test_age_of_a_guard_that_was_never_heard() -> None:
    assert status_age_s(None, 10.0) is None
    assert status_age_s(status(9.5), 10.0) == 0.5


@pytest.mark.parametrize(
    ("at", "now", "age"), [(0.05, 0.0, 0.0), (math.nextafter(0.05, 1.0), 0.0, None)]
)
def test_a_stamp_may_lie_just_so_far_ahead(at: float, now: float, age: float | None) -> None:
    """H33: the reader's clock was read before the message."""
    assert age_s(at, now) == age
    assert is_fresh(at, now, 0.0) is (age is not None)


def test_at_its_limit_a_stamp_is_fresh() -> None:
    assert is_fresh(0.0, 0.4, 0.4)
    assert not is_fresh(0.0, math.nextafter(0.4, 1.0), 0.4)
    assert not is_fresh(0.0, 0.4, math.nan)


def test_how_old_what_may_be() -> None:
    """H26, H27, H29: 400 ms for the lease, 200 ms for the guard's word."""
    assert (LEASE_AGE_S_MAX, STATUS_AGE_S_MAX) == (0.4, 0.2)


def test_a_line_has_its_longest() -> None:
    line = encode_request(Request(Ask.STOP, "desk"))
    assert decode_request(line.ljust(65_536)).kind is Ask.STOP
    with pytest.raises(CodecError, match="65537 bytes"):
        decode_request(line.ljust(65_537))


def test_a_lease_says_so_at_its_beginning() -> None:
    start = b'{"kind":'
    line = encode_lease(LEASE).removeprefix(start)
    fitting = b" " * (32 - len(start) - len(b'"lease"'))
    assert decode_from_controller(start + fitting + line) == LEASE
    with pytest.raises(CodecError):
        decode_from_controller(start + fitting + b" " + line)
