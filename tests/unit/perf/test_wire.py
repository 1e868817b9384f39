# SPDX-License-Identifier: Apache-2.0
"""How courses under wire faults are judged: one value too many is short."""

import pytest

from tests.drivers.cases import cases_of
from tools.perf import wire
from tools.perf.wires import swap
from tools.perf.wires.judges import Score
from tools.perf.wires.sessions import Course, run


def course(**changed: object) -> Course:
    score = Score(frames=1000, accepted=1000)
    made = Course("opsens_handysens", score, recovery_s=[0.5], garbled=10_000, wall_s=1.0)
    for name, value in changed.items():
        setattr(score if hasattr(score, name) else made, name, value)
    return made


@pytest.mark.parametrize(
    ("key", "changed", "text"),
    [
        ("opsens_handysens/0", {"reached_control": 1}, "reached control"),
        ("opsens_handysens/0", {"recovery_s": [0.1, 2.1]}, "recovered after 2.10 s"),
        ("opsens_handysens/0", {"leaked": 1}, "leaked"),
        ("opsens_handysens/0", {"foreign": ["TimeoutError: "]}, "TimeoutError"),
        ("osensa_ftx/0", {"wrong": 2}, "above the residual"),
    ],
)
def test_what_is_short(key: str, changed: dict[str, object], text: str) -> None:
    (said,) = wire._judged(key, [course(), course(**changed)])
    assert text in said


def test_what_a_checksum_lets_through_and_what_a_plain_line_does_is_not_short() -> None:
    assert wire._judged("opsens_handysens/0", [course(wrong=50)]) == []
    assert wire._judged("tdk_genesys/0", [course(wrong=40)]) == []
    assert wire._judged("tdk_genesys/0", [course(wrong=80)]) != []  # 10 000 / 256 and three sigma


def test_a_course_is_the_same_again_for_its_seed() -> None:
    (case, *_) = cases_of("opsens_handysens")
    first, again = run(case, 300, 5), run(case, 300, 5)
    assert first.score == again.score
    assert first.garbled == again.garbled > 0
    assert first.score.frames >= 300


def test_h20_two_instruments_swapped() -> None:
    """The wrong one hears its identity query and nothing else; the right one is taken again."""
    cases = tuple(cases_of(name)[0] for name in ("opsens_handysens", "neoptix_reflex"))
    swaps = swap.run(cases, 4)
    assert (swaps.foreign_bytes, swaps.accepted_wrong) == (0, [])
    assert swaps.refused + swaps.right_again == swaps.reconnects >= 4
