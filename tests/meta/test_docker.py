# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile, read as text: its steps are jobs that CI runs, and it keeps its promises.

No container engine is at hand where the tests run; the jobs themselves run in `.ci/run`.
"""

import re
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.routing import Route

from mnht_controller.surfaces.api import Desk, open_routes
from tests.meta import tree

DOCKERFILE = (tree.ROOT / "Dockerfile").read_text()
TRIVIAL = re.compile(r"install -d ")


def instructions(text: str) -> list[str]:
    """Join continued lines and drop comments."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [line for line in joined.splitlines() if line.strip()]


def stages(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in instructions(text):
        if line.startswith("FROM "):
            name = line.rpartition(" AS ")[2]
            found[name] = []
        found[name].append(line)
    return found


def steps_outside_run(text: str) -> list[str]:
    steps = [line[4:] for line in instructions(text) if line.startswith("RUN ")]
    return [step for step in steps if not step.startswith("./run ") and not TRIVIAL.match(step)]


def test_the_stages_are_those_promised() -> None:
    assert [*stages(DOCKERFILE)] == ["build", "build-demo", "runtime", "demo"]


def test_every_step_is_a_job() -> None:
    assert steps_outside_run(DOCKERFILE) == []
    assert steps_outside_run("FROM x AS y\nRUN pip install \\\n  numpy") == ["pip install numpy"]


def test_ci_runs_the_same_jobs() -> None:
    ci = (tree.ROOT / ".ci" / "run").read_text()
    for step in re.findall(r"^RUN (\./run \S+) /opt/mnht(.*)$", DOCKERFILE, re.MULTILINE):
        assert f'{step[0]} "$image"{step[1]}\n' in ci


def test_the_runtime_never_sees_the_simulator() -> None:
    found = stages(DOCKERFILE)
    for name in ("build", "runtime"):
        assert [line for line in found[name] if re.search(r"COPY.*(sim_hardware|demo)", line)] == []
    assert "COPY --from=build /opt/mnht /opt/mnht" in found["runtime"]


@pytest.mark.parametrize(
    "line", ["USER 10001:10001", 'ENTRYPOINT ["mnht"]', 'VOLUME ["/var/lib/mnht", "/run/mnht"]']
)
def test_the_runtime_is_unprivileged(line: str) -> None:
    assert line in stages(DOCKERFILE)["runtime"]


def nothing() -> None:
    """Stands for a handler; only the paths are looked at."""


def test_health_is_asked_for() -> None:
    health = next(line for line in instructions(DOCKERFILE) if line.startswith("HEALTHCHECK"))
    (path,) = re.findall(r"http://127\.0\.0\.1:8765(/[a-z0-9/]+)", health)
    nobody = cast(Desk, SimpleNamespace(healthz=nothing, readyz=nothing, login=nothing))
    served = {route.path for route in open_routes(nobody).routes if isinstance(route, Route)}
    assert path in {f"/api/v1{own}" for own in served}


def test_everything_copied_exists_and_is_not_ignored() -> None:
    ignore = (tree.ROOT / ".dockerignore").read_text().splitlines()
    copies = [line.split()[1:-1] for line in instructions(DOCKERFILE) if line.startswith("COPY")]
    names = {name for parts in copies for name in parts if not name.startswith(("--", "/"))}
    assert names
    for name in names:
        assert f"!{name}" in ignore, name
        assert (tree.ROOT / name).exists(), name
