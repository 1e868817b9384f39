# SPDX-License-Identifier: Apache-2.0
"""The compiled copy is the one that the standard library makes."""

import dataclasses

import pytest

from mnht_controller.domain.compiled import compiled, quick, replace
from mnht_controller.domain.limits import HARD_LIMITS
from mnht_controller.domain.reading import Quality, Reading


@dataclasses.dataclass(frozen=True, slots=True)
class Slow:
    name: str
    value: float | None = None
    parts: tuple[str, ...] = ()


Fast = quick(
    dataclasses.dataclass(frozen=True, slots=True)(
        type("Fast", (), {"__annotations__": Slow.__annotations__, "value": None, "parts": ()})
    )
)

READING = Reading(43.0, Quality.GOOD, 1.0, 7, "as read")


@pytest.mark.parametrize(
    "changes",
    [{}, {"value": None}, {"detail": "", "seq": 8}, {"seq": 8, "detail": ""}],
)
def test_a_copy_differs_in_what_was_asked_only(changes):
    copy = replace(READING, **changes)
    assert copy == dataclasses.replace(READING, **changes)
    assert copy is not READING
    assert Reading(43.0, Quality.GOOD, 1.0, 7, "as read") == READING


def test_every_field_can_be_changed():
    for field in dataclasses.fields(HARD_LIMITS):
        change = {field.name: 1.5}
        assert replace(HARD_LIMITS, **change) == dataclasses.replace(HARD_LIMITS, **change)


def test_a_field_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="Reading has no unit"):
        replace(READING, unit="F")  # no such field, on purpose


def test_a_copy_stays_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        replace(READING, seq=8).seq = 9  # type: ignore[misc]  # frozen, on purpose


def test_a_compiled_lambda_sees_its_names():
    assert compiled("lambda x: x + more", {"more": 2})(1) == 3


@pytest.mark.parametrize(
    ("args", "named"),
    [(("a",), {}), (("a", 1.0), {"parts": ("x",)}), ((), {"parts": ("x",), "name": "a"})],
)
def test_a_quick_value_is_made_like_any_other(args, named):
    made = Fast(*args, **named)
    assert dataclasses.astuple(made) == dataclasses.astuple(Slow(*args, **named))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "b"


@pytest.mark.parametrize(("args", "named"), [((), {}), (("a",), {"unit": "F"}), ("abcd", {})])
def test_a_quick_value_refuses_what_does_not_fit(args, named):
    with pytest.raises(TypeError, match=r"Fast\.__init__"):
        Fast(*args, **named)


def test_only_plain_slots_are_quick():
    """A default that is made anew, or a step after `__init__`, would be lost without a word."""

    @dataclasses.dataclass(frozen=True, slots=True)
    class Making:
        parts: list[str] = dataclasses.field(default_factory=list)

    @dataclasses.dataclass(frozen=True, slots=True)
    class Checking:
        name: str

        def __post_init__(self):
            raise ValueError

    @dataclasses.dataclass(frozen=True)
    class Loose:
        name: str

    for kind in (Making, Checking, Loose):
        with pytest.raises(TypeError, match=kind.__name__):
            quick(kind)
