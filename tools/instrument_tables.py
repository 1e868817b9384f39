# SPDX-License-Identifier: Apache-2.0
"""The page of instruments, from what the installed drivers declare."""

from mnht_controller.app.describe import describe
from mnht_controller.devices.contract import Kind
from mnht_controller.devices.fault_words import FAULT_WORDS, INTERLOCK_WORDS
from tools.markdown import code, table


def instruments() -> str:
    """Every driver: what it is for, what stops it when the host dies."""
    rows = [
        (
            code(str(row["name"])),
            row["title"],
            row["kind"],
            row["baud"],
            f"{row['watchdog_s']} s" if row["watchdog_s"] else "none",
            "yes" if row["tells_twins"] else "no",
        )
        for row in describe()
    ]
    return table(("driver", "instrument", "kind", "baud", "watchdog", "carries a serial"), rows)


def stop_paths() -> str:
    """How the output of each source and run-permit ends."""
    kinds = {Kind.FIELD_SOURCE.value, Kind.RUN_PERMIT.value}
    rows = [
        (
            code(str(row["name"])),
            row["stop_path"],
            "register" if row["limit_register"] else "driver",
            "yes" if row["measures_field"] else "needs a pick-up coil",
            row["watchdog_proof"],
        )
        for row in describe()
        if row["kind"] in kinds
    ]
    heads = ("driver", "stop path", "limit is kept by", "measures the field", "watchdog is tested")
    return table(heads, rows)


def wire_facts() -> str:
    """Each wire fact of each driver: documented or assumed."""
    parts = []
    for row in describe():
        facts = row["provenance"]
        assert isinstance(facts, dict)  # noqa: S101 - a tool, never run with -O
        parts.append(f"### {code(str(row['name']))}\n")
        parts.append(table(("fact", "provenance"), list(facts.items())))
    return "\n".join(parts)


def common_words() -> str:
    """The words for faults and for open inputs, whatever instrument reports them."""
    rows = [
        ("fault", ", ".join(map(code, sorted(FAULT_WORDS)))),
        ("open input", ", ".join(map(code, sorted(INTERLOCK_WORDS)))),
    ]
    return table(("what", "words"), rows)
