# SPDX-License-Identifier: Apache-2.0
"""`./run perf NAME --json`: measures one figure, judges it by its targets, exits 1 when short."""

import argparse
import importlib
import sys
from types import MappingProxyType

NAMES = MappingProxyType(
    {
        "guard": "how late the guard's ticks come, idle and loaded, beside a bare loop",
        "loop": "how fast the field ends when a process is killed or stopped",
        "plant": "how fast the simulated patient is, beside memory and peers",
        "verify": "the simulated patient's solver against closed-form solutions",
        "wire": "every driver under wire faults, swapped instruments, latency, load",
    }
)


def main() -> int:
    """Hand the arguments to tools/perf/NAME.py."""
    listing = "\n".join(f"  {name:10}{text}" for name, text in NAMES.items())
    parser = argparse.ArgumentParser(
        prog="./run perf",
        description=f"names:\n{listing}",
        epilog="example: ./run perf loop --trials 5 --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=NAMES, metavar="NAME")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    options = parser.parse_args()
    measure = importlib.import_module(f"tools.perf.{options.name}")
    return int(measure.main(options.arguments))


if __name__ == "__main__":
    sys.exit(main())
