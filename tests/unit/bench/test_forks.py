# SPDX-License-Identifier: Apache-2.0
"""Forked work: answers come back, this process stays as it was, a dead branch is no answer."""

import os
import signal
import time

import pytest

from sim_hardware.bench.forks import BranchFailed, branch, forked


def test_every_item_is_answered_once() -> None:
    answers = dict(forked(range(7), lambda n: {"square": n * n, "pid": os.getpid()}, jobs=3))
    assert {n: row["square"] for n, row in answers.items()} == {n: n * n for n in range(7)}
    assert len({row["pid"] for row in answers.values()} | {os.getpid()}) == 8


def test_a_branch_changes_nothing_here() -> None:
    state = {"n": 1}

    def work() -> int:
        state["n"] += 1
        return state["n"]

    assert (branch(work), branch(work), state["n"]) == (2, 2, 1)


def test_a_large_answer_comes_whole() -> None:
    assert len(branch(lambda: "x" * 3_000_000)) == 3_000_000


def fails() -> object:
    raise ValueError("wrong")


def dies() -> object:
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


@pytest.mark.parametrize("work", [fails, dies])
def test_a_branch_without_an_answer_is_a_failure(work) -> None:
    with pytest.raises(BranchFailed):
        branch(work)


def test_the_others_are_ended_when_one_fails() -> None:
    def work(n: int) -> object:
        if n == 0:
            fails()
        time.sleep(600.0)
        return n

    with pytest.raises(BranchFailed):
        list(forked((0, 1), work, jobs=2))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
