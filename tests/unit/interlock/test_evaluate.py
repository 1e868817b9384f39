# SPDX-License-Identifier: Apache-2.0
"""Debounce, hysteresis, and what the rules remember (H08, H62)."""

from dataclasses import replace

import pytest

from mnht_controller.domain.codec import from_plain, to_plain
from mnht_controller.domain.probe import Role
from mnht_controller.interlock.memory import Memory
from mnht_controller.thermometry.observe import Why
from tests.plans import ENVELOPE
from tests.unit.interlock.scenarios import SCENARIOS, sources
from tests.unit.interlock.scene import NOW, codes, judged, observed, seen, source, witness

BAD = seen(Role.SKIN, codes=(Why.NO_VALUE,))


def test_a_gap_starts_the_debounce_anew() -> None:
    bad = [witness(NOW + 0.1 * n, observations=observed(BAD)) for n in range(7)]
    bad[3] = witness(NOW + 0.3)
    assert "probe_bad" not in codes(bad[:7])
    assert "probe_bad" in codes([*bad[4:], witness(NOW + 0.7, observations=observed(BAD))])


def test_debounce_counts_for_each_probe() -> None:
    other = seen(Role.TUMOR, codes=(Why.NO_VALUE,))
    first = [witness(NOW + 0.1 * n, observations=observed(BAD)) for n in range(2)]
    second = [witness(NOW + 0.2 + 0.1 * n, observations=observed(other)) for n in range(2)]
    assert "probe_bad" not in codes([*first, *second])


def test_debounce_uses_time_and_not_ticks() -> None:
    assert "probe_bad" in codes(
        [witness(NOW, observations=observed(BAD)), witness(NOW + 0.4, observations=observed(BAD))]
    )


@pytest.mark.parametrize(("code", "field"), [("skin_cap", "value"), ("skin_predicted", "ahead")])
def test_the_cut_back_ends_two_tenths_below(code: str, field: str) -> None:
    """H15: no chatter at the limit."""

    def at(now: float, celsius: float | None) -> object:
        item = seen(Role.SKIN)
        if field == "value":
            item = replace(item, reading=replace(item.reading, value=celsius))
        else:
            item = replace(item, predicted_c=celsius)
        return witness(now, observations=observed(item))

    memory = Memory()
    course = [(43.49, False), (43.51, True), (43.4, True), (None, True), (43.31, True)]
    for n, (celsius, is_held) in enumerate([*course, (43.3, False), (43.4, False)]):
        memory, hits = judged([at(NOW + 0.1 * n, celsius)], memory)  # type: ignore[list-item]
        assert (code in {hit.code for hit in hits}) is is_held, celsius


def test_field_time_counts_treatment_time_while_on() -> None:
    """H43: a permit, a read-back or an unverified command each count as on."""
    on = {"permit_ka_per_m": 5.0, "source": source(measured_ka_per_m=0.0)}
    lit = {"permit_ka_per_m": None, "source": source(measured_ka_per_m=0.5)}
    unknown = {"permit_ka_per_m": 0.0, "source": None, "uncertain_s": 0.1}
    off = {"permit_ka_per_m": 0.0, "source": source(measured_ka_per_m=0.1)}
    for changes, expected in ((on, 20.0), (lit, 20.0), (unknown, 20.0), (off, 0.0)):
        course = [witness(NOW + n, treatment_s=20.0 * n, **changes) for n in (0.0, 1.0)]
        assert judged(course)[0].field_s == expected
    back = [witness(treatment_s=5.0), witness(NOW + 0.1, treatment_s=4.0)]
    assert judged(back)[0].field_s == 0.0


def test_a_falling_permit_leaves_the_settling_time() -> None:
    """H17: 0.3 s declared, then 200 ms above."""

    def at(now: float, permit: float) -> object:
        return witness(now, permit_ka_per_m=permit, source=source(now, measured_ka_per_m=5.0))

    high = [at(NOW, 5.0)]
    low = [at(NOW + 0.1 * n, 2.0) for n in range(1, 7)]
    assert "readback_high" not in codes([*high, *low[:5]])  # type: ignore[list-item]
    assert "readback_high" in codes([*high, *low])  # type: ignore[list-item]


def test_memory_stays_small() -> None:
    rising = [witness(NOW + 0.1 * n, permit_ka_per_m=0.01 * n) for n in range(500)]
    assert len(judged(rising)[0].permits) == 1
    falling = [witness(NOW + 0.1 * n, permit_ka_per_m=7.0 - 0.01 * n) for n in range(500)]
    assert len(judged(falling)[0].permits) <= 5


def test_a_reboot_stays_until_disarmed() -> None:
    """H24: going back to the old boot count repairs nothing."""
    memory, _ = judged(SCENARIOS["source_reboot"])
    for n, boot in enumerate((4, 3, 4), start=2):
        now = NOW + 0.1 * n
        memory, hits = judged([witness(now, source=source(now, boot=boot))], memory)
        assert "source_reboot" in {hit.code for hit in hits}
    later = NOW + 1.0
    idle = witness(later, armed=False, source=source(later, boot=4))
    memory, _ = judged([idle], memory)
    again = witness(later + 0.1, source=source(later + 0.1, boot=4))
    assert "source_reboot" not in {hit.code for hit in judged([again], memory)[1]}


def test_an_idle_source_may_start_its_counter_anew() -> None:
    memory, _ = judged([witness()])
    later = NOW + 5.0
    idle = witness(later, armed=False, source=source(later, seq=1, clock_s=0.1))
    memory, _ = judged([idle], memory)
    assert memory.frame is not None
    assert memory.frame.seq == 1
    # … armed, a lower counter is an old frame.
    assert "source_lost" in codes(sources(5, seq=1), memory)


def test_a_source_without_a_clock_is_judged_by_its_counter() -> None:
    assert "source_lost" not in codes(sources(9, clock_s=0.0))


@pytest.mark.parametrize("code", SCENARIOS)
def test_memory_and_hits_survive_the_codec(code: str) -> None:
    memory, _ = judged(SCENARIOS[code])
    assert from_plain(Memory, to_plain(memory)) == memory


def test_an_optional_probe_may_fail_but_not_burn() -> None:
    probe = replace(seen(Role.SKIN).probe, required=False)
    lost = replace(BAD, probe=probe)
    assert codes(witness(NOW + n / 10, observations=observed(lost)) for n in range(9)) == set()
    hot = replace(seen(Role.SKIN, c=44.5), probe=probe)
    assert "skin_trip" in codes([witness(observations=observed(hot))])


@pytest.mark.shows("region_cap")
def test_the_caps_of_region_and_envelope_both_hold() -> None:
    """H52."""
    wide = replace(ENVELOPE, limits=replace(ENVELOPE.limits, field_ka_per_m_cap=18.0))
    assert "field_cap" in codes([witness(envelope=wide, permit_ka_per_m=7.6)])
    tight = replace(ENVELOPE, limits=replace(ENVELOPE.limits, field_ka_per_m_cap=4.0))
    assert "field_cap" in codes([witness(envelope=tight, permit_ka_per_m=4.1)])
