# SPDX-License-Identifier: Apache-2.0
"""Peers: what the parent makes of their answers, and their equation against a plain loop."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tools.perf.peers import Absent, Crashed, Peer, Wrong, reference, worker
from tools.perf.peers import body as bodies
from tools.perf.peers.body import CHECK_N, SWEEP_EVERY, Body, body
from tools.perf.peers.numpy_bhte import NumpyBhte

READY = {"ready": "1.2.3", "threads": 2, "formulation": "cells", "note": "fake"}
FAKE = """
import json, sys
answers = json.load(open(sys.argv[1]))
for number, answer in enumerate(answers):
    if number and not sys.stdin.readline():
        break
    if answer == "exit":
        sys.exit(3)
    print(answer if isinstance(answer, str) else json.dumps(answer), flush=True)
"""


@pytest.fixture
def fake(tmp_path: Path):
    """Make a peer whose process gives these answers, one a request, then ends."""
    peers = []

    def make(*answers: object) -> Peer:
        script, given = tmp_path / "fake.py", tmp_path / "answers.json"
        script.write_text(FAKE)
        given.write_text(json.dumps(answers))
        python = Path(sys.executable)
        peers.append(Peer("fake", python, [str(python), str(script), str(given)]))
        return peers[-1]

    yield make
    for peer in peers:
        peer.close()


def set_up(formulation: reference.Formulation, off_c: float = 0.0) -> dict[str, object]:
    shown = [*reference.expected(formulation)]
    shown[7] += off_c
    return {"set_up": 8, "steps": 4, "probes": shown}


def test_rounds_follow_a_right_setup(fake):
    peer = fake(READY, set_up("cells", 0.9e-3), {"mvox_per_s": 12.5}, {"mvox_per_s": 13.0})
    assert peer.start() == "1.2.3"
    assert (peer.threads, peer.formulation, peer.note) == (2, "cells", "fake")
    peer.setup(8, 4)
    assert peer.off_c == pytest.approx(0.9e-3)
    assert [peer.round(), peer.round()] == [12.5, 13.0]
    with pytest.raises(Crashed, match="ended with exit code 0"):
        peer.round()


def test_an_absent_peer_tells_why(fake):
    with pytest.raises(Absent, match=r"^no compiler$"):
        fake({"absent": "no compiler\nat all"}).start()


def test_an_interpreter_that_is_missing_is_absent(tmp_path):
    with pytest.raises(Absent, match=r"^\.peers is not installed$"):
        Peer("numpy", tmp_path / ".peers" / "bin" / "python").start()


@pytest.mark.parametrize(
    "answer",
    [
        set_up("cells", 1.1e-3),
        set_up("faces"),
        {"set_up": 8, "probes": [37.0]},
        {"set_up": 8, "probes": [math.nan] * len(reference.expected("cells"))},
        {"set_up": 8},
    ],
    ids=["off", "other equation", "too few", "not finite", "none"],
)
def test_a_wrong_peer_is_never_measured(fake, answer):
    peer = fake(READY, answer, {"mvox_per_s": 99.0})
    peer.start()
    with pytest.raises(Wrong):
        peer.setup(8, 4)
    with pytest.raises(Crashed, match="not running"):
        peer.round()


@pytest.mark.parametrize(
    ("answer", "text"),
    [("exit", "exit code 3"), ("hello", "answered b'hello'"), ({"error": "why"}, "^why$")],
)
def test_a_crash_says_what_was_seen(fake, answer, text):
    peer = fake(READY, answer)
    peer.start()
    with pytest.raises(Crashed, match=text):
        peer.setup(8, 4)


def test_silence_is_a_crash(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.perf.peers.SETUP_S_MAX", 0.05)
    python = Path(sys.executable)
    peer = Peer("fake", python, [str(python), "-c", "import time; time.sleep(600)"])
    with pytest.raises(Crashed, match="no answer"):
        peer.start()
    peer.close()


def test_the_worker_measures_the_numpy_peer():
    with Peer("numpy", Path(sys.executable)) as peer:
        assert peer.start() == np.__version__
        peer.setup(16, SWEEP_EVERY)
        assert peer.off_c is not None
        assert peer.off_c < 1e-4
        assert peer.round() > 0.0


def test_the_worker_refuses_what_is_no_whole_sweep():
    with Peer("numpy", Path(sys.executable)) as peer:
        peer.start()
        with pytest.raises(Crashed, match="no multiple of 4"):
            peer.setup(16, SWEEP_EVERY + 1)


def test_a_library_that_breaks_on_import_is_absent(monkeypatch):
    def broken() -> None:
        raise OSError("no driver")

    monkeypatch.setattr("tools.perf.peers.numpy_bhte.facts", broken)
    assert worker.load("numpy")[1] == "OSError: no driver"


def looped(given: Body, steps: int, faces: bool) -> np.ndarray:
    """Write the equation out voxel by voxel, in doubles."""
    hot, flow = given.celsius.astype(float), given.flow.astype(float)
    voxels = [*np.ndindex((given.n,) * 3)]
    neighbors = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    for step in range(steps):
        after = hot.copy()
        for x, y, z in ((x + 1, y + 1, z + 1) for x, y, z in voxels):
            here, k = hot[x, y, z], float(given.conductivity[x, y, z])
            if faces and step % 4 == 0:
                bell = math.exp(-(min(here - 45.0, 0.0) ** 2) / 12.0)
                wanted = given.flow_base[x, y, z] + given.flow_rise[x, y, z] * bell
                share = 1.0 - math.exp(-4 * 0.5 / 20.0)
                flow[x, y, z] += (float(wanted) - flow[x, y, z]) * share
            power = flow[x, y, z] * (37.0 - here) + float(given.source[x, y, z])
            for i, j, m in neighbors:
                at = (x + i, y + j, z + m)
                mean = 0.5 * (k + float(given.conductivity[at])) if faces else k
                power += mean * (hot[at] - here) / 1e-3**2
            after[x, y, z] += 0.5 * power / float(given.heat_capacity[x, y, z])
        hot = after
    return hot[1:-1, 1:-1, 1:-1]


@pytest.fixture
def small() -> Body:
    """6³ voxels of all tissues, mixed, hotter than a patient ever is: no term sleeps."""
    given, chance = body(6), np.random.default_rng(1)
    mixed = bodies.TISSUES.astype(np.float32)[chance.integers(0, 7, given.labels.shape)]
    density, heat, conductivity, rest, plateau, source = np.moveaxis(mixed, -1, 0)
    return replace(
        given,
        celsius=chance.uniform(37.0, 48.0, density.shape).astype(np.float32),
        conductivity=conductivity,
        heat_capacity=density * heat,
        flow=rest,
        source=source + np.float32(1e4),
        flow_base=0.5 * rest,
        flow_rise=plateau,
    )


def test_the_numpy_peer_solves_the_equation(small):
    peer = NumpyBhte(small)
    peer.run(8)
    peer.run(4)
    assert np.abs(peer.inside() - looped(small, 12, faces=True)).max() < 1e-4


@pytest.mark.parametrize("formulation", ["faces", "cells"])
def test_the_reference_solves_the_equation(small, formulation):
    found = reference.stepped(small, 12, formulation)
    assert np.abs(found - looped(small, 12, formulation == "faces")).max() < 1e-5


@pytest.mark.parametrize(
    ("name", "least_c"),
    [("conductivity", 0.05), ("flow", 2e-3), ("source", 0.1), ("flow_rise", 2e-3)],
)
def test_the_check_notices_each_term(name, least_c):
    """A peer that lost a fifth of any term is wrong beyond the tolerance."""
    given = body(CHECK_N)
    less = replace(given, **{name: np.float32(0.8) * getattr(given, name)})
    final = reference.stepped(less, bodies.CHECK_STEPS)
    off_c = reference.off_by_c(bodies.probes(final.astype(np.float32)), "faces")
    assert off_c > least_c > reference.TOLERANCE_C


def test_the_body_has_all_tissues():
    given = body(CHECK_N)
    assert set(np.unique(given.labels)) == set(range(7))
    assert given.celsius.dtype == given.flow_rise.dtype == np.float32
    assert np.array_equal(given.labels, body(CHECK_N).labels)
