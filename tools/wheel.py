# SPDX-License-Identifier: Apache-2.0
"""Builds the wheel, whole or without the simulator.

A site's installation must not hold the simulator at all: neither its code nor the commands that
would look for it. So the reduced wheel is built from a copy whose metadata never mentions it.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CARRIED = ("pyproject.toml", "README.md", "LICENSE", "mnht_controller", "drivers", "config")
SIMULATOR = "sim_hardware"
COMMANDS = re.compile(r'\[project\.entry-points\."mnht\.(?:commands|checks|schemas)"\]\n(?:.+\n)+')


def without_simulator(pyproject: str) -> str:
    """Take the simulator's package and commands out of the project's metadata."""
    reduced = COMMANDS.sub("", pyproject).replace(f', "{SIMULATOR}"', "", 1)
    build = reduced.partition("[tool.hatch.build.targets.wheel]")[2].partition("\n\n")[0]
    if SIMULATOR in build or COMMANDS.search(reduced):
        sys.exit("wheel: pyproject.toml has changed its shape; tools/wheel.py must follow")
    return reduced


def stage(folder: Path, *, simulator: bool) -> None:
    """Copy what a wheel is made of, so that the build writes nothing into the checkout."""
    for name in (*CARRIED, *([SIMULATOR] if simulator else [])):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder)
    if not simulator:
        pyproject = folder / "pyproject.toml"
        pyproject.write_text(without_simulator(pyproject.read_text()))


def main() -> int:
    """Build one wheel and print its path."""
    parser = argparse.ArgumentParser(prog="./run wheel", description="build the wheel")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the wheel")
    parser.add_argument("--without", choices=[SIMULATOR], help="leave this package out")
    options = parser.parse_args()
    out = options.out.resolve()
    with tempfile.TemporaryDirectory() as name:
        stage(Path(name), simulator=options.without is None)
        command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
        done = subprocess.run(
            [*command, "--directory", str(out)],
            cwd=name,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return 1
    print(max(out.glob("*.whl"), key=lambda path: path.stat().st_mtime))
    return 0


if __name__ == "__main__":
    sys.exit(main())
