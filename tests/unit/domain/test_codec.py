# SPDX-License-Identifier: Apache-2.0
"""The codec loses no bit and accepts nothing that is not the type (H09, H12)."""

import json
import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnht_controller.domain.codec import CodecError, digest, dumps, loads, packed, to_plain
from mnht_controller.domain.command import FieldDemand, Inhibit, Permit, Reason
from mnht_controller.domain.lease import GuardState, GuardStatus, Lease
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.reading import Quality, Reading, SourceReading
from mnht_controller.domain.tick import Decision, Estimate, Health, TickInput
from mnht_controller.thermometry.rate import SlopeTrack

finite = st.floats(allow_nan=False, allow_infinity=False)
readings = st.builds(
    Reading,
    value=st.none() | finite,
    quality=st.sampled_from(Quality),
    at=finite,
    seq=st.integers(),
    detail=st.text(max_size=5),
)
SOURCE = SourceReading(1.0, 2, 3.0, 1, 4, 5.0, None, True, True, 7.5, 1e5, 30.0, 2.0, ("x",), ())


@given(st.lists(readings, max_size=3), st.none() | finite)
def test_a_lease_survives_the_wire_bit_for_bit(probes, permit):
    lease = Lease(1, 2.0, 3.0, "ab", permit, tuple(probes), SOURCE, 0.0)
    assert loads(Lease, dumps(lease)) == lease


@pytest.mark.parametrize(
    "verdict", [Permit(5.2, 1, 3.0), Inhibit((Reason("skin_cap", "skin", 43.6, 43.5),), True)]
)
def test_a_tick_survives_with_either_verdict(verdict):
    estimate = Estimate(1.0, None, 3.0, 4.0, 5.0, 6.0, 7.0)
    decision = Decision(
        Phase.RAMP, FieldDemand(None), verdict, estimate, 43.0, 0.0, 0.0, (), (), ()
    )
    status = GuardStatus(1, 2.0, GuardState.RUN, "ab", 3)
    given = TickInput(1, 2.0, 3.0, (), SOURCE, 0.0, status, (), Health())
    assert loads(TickInput, dumps(given)) == given
    assert loads(Decision, dumps(decision)) == decision


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{}",
        "nan",
        '{"value":1e999,"quality":"good","at":1.0,"seq":1}',
        '{"value":NaN,"quality":"good","at":1.0,"seq":1}',
        '{"value":"43","quality":"good","at":1.0,"seq":1}',
        '{"value":true,"quality":"good","at":1.0,"seq":1}',
        '{"value":1.0,"quality":"fine","at":1.0,"seq":1}',
        '{"value":1.0,"quality":"good","at":1.0,"seq":1.5}',
        '{"value":1.0,"quality":"good","at":1.0,"seq":true}',
        '{"value":1.0,"quality":"good","at":1.0}',
        '{"value":1.0,"quality":"good","at":1.0,"seq":1,"unit":"F"}',
        '{"value":1.0,"quality":"good","at":1.0,"seq":1,"detail":null}',
        '{"value":1.0,"quality":["good"],"at":1.0,"seq":1,"detail":""}',
        '{"value":1.0,"quality":"good","at":1.0,"detail":"","unit":"F"}',
        '["value","quality","at","seq","detail"]',
        b"\xff",
    ],
)
def test_what_is_not_a_reading_is_refused(line):
    with pytest.raises(CodecError):
        loads(Reading, line)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_that_json_lacks_is_written(value):
    with pytest.raises(ValueError, match="JSON"):
        dumps(Reading(value, Quality.GOOD, 0.0, 0))


@pytest.mark.parametrize("mark", [dumps, packed])
def test_a_whole_number_counts_as_the_float_it_stands_for(mark):
    assert mark(Reading(43, Quality.GOOD, 1, 7)) == mark(Reading(43.0, Quality.GOOD, 1.0, 7))
    slope = SlopeTrack((1.0,), (37.0,), 0.0, 0.0, 0.0, 0, None)
    assert mark(replace(slope, bins_c=(37,))) == mark(slope)


@pytest.mark.parametrize("at", [None, "1.0"])
def test_what_is_no_number_is_not_written(at):
    with pytest.raises((TypeError, ValueError)):
        dumps(Reading(43.0, Quality.GOOD, at, 7))


def test_nan_and_inf_are_words_like_others():
    reading = Reading(None, Quality.BAD, 0.0, 0, "nan or inf")
    assert loads(Reading, dumps(reading)) == reading


@given(readings)
def test_plain_data_is_what_the_text_says(reading):
    assert to_plain(reading) == {
        "value": reading.value,
        "quality": reading.quality.value,
        "at": reading.at,
        "seq": reading.seq,
        "detail": reading.detail,
    }
    assert dumps(reading) == json.dumps(to_plain(reading), separators=(",", ":"))


@pytest.mark.parametrize("mark", [digest, packed])
def test_the_digest_follows_every_field(mark):
    reading = Reading(43.0, Quality.GOOD, 1.0, 7)
    others = [
        Reading(None, Quality.GOOD, 1.0, 7),
        Reading(43.0000001, Quality.GOOD, 1.0, 7),
        Reading(43.0, Quality.SUSPECT, 1.0, 7),
        Reading(43.0, Quality.GOOD, 1.5, 7),
        Reading(43.0, Quality.GOOD, 1.0, 8),
        Reading(43.0, Quality.GOOD, 1.0, 7, "x"),
    ]
    assert len({mark(item) for item in (reading, *others)}) == len(others) + 1


def test_packed_floats_keep_their_places():
    """A float that moves to another field, or over the end of a list, is another value."""
    empty = SlopeTrack((), (), 0.0, 0.0, 0.0, 0, None)
    values = [
        Estimate(1.0, None, None, None, None, 0.0, 0.0),
        Estimate(None, 1.0, None, None, None, 0.0, 0.0),
        replace(empty, bins_s=(1.0, 2.0)),
        replace(empty, bins_s=(1.0,), bins_c=(2.0,)),
        replace(empty, bins_c=(1.0, 2.0)),
        replace(empty, bins_c=(1.0, -0.0)),
        replace(empty, bins_c=(1.0, 0.0)),
        (1.0, None),
        (None, 1.0),
        ((1.0,), ()),
    ]
    assert len({packed(value) for value in values}) == len(values)


@dataclass(frozen=True, slots=True)
class Strange:
    """Holds what the codec does not know, and what it does in an unusual shape."""

    value: Permit | Inhibit | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    value: complex = 0j


@pytest.mark.parametrize(
    "value",
    [None, Permit(1.0, 2, 3.0), Inhibit((Reason("x"),), False)],
)
def test_one_of_several_or_nothing_survives(value):
    assert loads(Strange, dumps(Strange(value, ("a", "b")))) == Strange(value, ("a", "b"))


@pytest.mark.parametrize("data", ['{"value": {"a": 1}}', '{"value": 3}', '{"value": []}'])
def test_none_of_several_is_refused(data):
    with pytest.raises(CodecError):
        loads(Strange, data)


def test_a_type_that_json_cannot_hold_is_a_bug_of_ours():
    with pytest.raises(CodecError, match="does not know"):
        loads(Unknown, "{}")
    with pytest.raises(TypeError):
        dumps(Unknown())
