# SPDX-License-Identifier: Apache-2.0
"""`./run cover`, `ablate`, `mutate`, `planted`: tests of the tests; exit 1 when one falls short."""

import argparse
import importlib
import sys
from types import MappingProxyType

NAMES = MappingProxyType(
    {
        "cover": "line and branch coverage of the safety packages by the fast tests",
        "ablate": "take away each safety check in turn: a test must turn red",
        "mutate": "small changes of the code: tests must notice them",
        "planted": "plausible mistakes, each with the test that must see it",
    }
)


def main() -> int:
    """Hand the arguments to tools/quality/NAME.py."""
    listing = "\n".join(f"  {name:10}{text}" for name, text in NAMES.items())
    parser = argparse.ArgumentParser(
        prog="./run",
        description=f"names:\n{listing}",
        epilog="example: ./run mutate --module mnht_controller/interlock/gate.py --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=NAMES, metavar="NAME")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    options = parser.parse_args()
    job = importlib.import_module(f"tools.quality.{options.name}")
    return int(job.main(options.arguments))


if __name__ == "__main__":
    sys.exit(main())
