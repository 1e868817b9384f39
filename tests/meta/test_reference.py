# SPDX-License-Identifier: Apache-2.0
"""The reference cannot drift: generated blocks are fresh, and what the code names is documented."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnht_controller.devices import errors
from mnht_controller.interlock.guard_trips import GUARD_TRIPS, OWN_TRIPS
from mnht_controller.interlock.hazards import HAZARDS
from mnht_controller.interlock.permissives import PERMISSIVES
from mnht_controller.interlock.rules import RULES
from sim_hardware.bench.scenario import KEYS
from sim_hardware.devices import field_stage, scpi_instrument, scpi_status, scpi_syntax
from sim_hardware.devices.sources import generic_scpi, generic_scpi_commands
from sim_hardware.faults import FAULTS
from tests.meta import tree
from tools import docs, tables

DOCS = tree.ROOT / "docs"
REFERENCE = {page.stem: page.read_text() for page in (DOCS / "reference").glob("*.md")}
FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
TWIN = (
    field_stage,
    generic_scpi,
    generic_scpi_commands,
    scpi_instrument,
    scpi_status,
    scpi_syntax,
)


def shown_commands(text: str) -> Iterator[list[str]]:
    """Each command of ours in a fenced block, as words that begin with `mnht`."""
    for block in FENCE.findall(text):
        for line in block.splitlines():
            command = line.strip().replace("./run mnht", "mnht").replace("./run demo", "mnht demo")
            if re.match(r"mnht \w+( |$)", command):
                yield shlex.split(command.partition(" > ")[0])


def unknown_words(words: list[str]) -> list[str]:
    """What no command takes: an unknown command, or options that it does not have."""
    known = {name.split()[1:][-1]: command for name, command in tables.all_commands()}
    name = next((word for word in words[1:3] if word in known), None)
    if name is None:
        return words[:3]
    options = {text for param in known[name].params for text in (*param.opts, "--help")}
    return [word for word in words if word.startswith("--") and word not in options]


def test_generated_blocks_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_and_an_unknown_block_are_found() -> None:
    stale = "<!-- generated: permissives -->\nold\n<!-- end -->"
    assert docs.refreshed(stale) != stale
    assert docs.refreshed(docs.refreshed(stale)) == docs.refreshed(stale)
    with pytest.raises(KeyError):
        docs.refreshed("<!-- generated: nothing -->\n<!-- end -->")


@pytest.mark.parametrize("name", [name for name, _ in tables.all_commands()])
def test_every_command_has_help_and_an_example(name: str) -> None:
    command = dict(tables.all_commands())[name]
    assert f"`{name}" in REFERENCE["commands"]
    assert f"Example: {name}" in command.help or f"Examples: {name}" in command.help
    assert all(param.help for param in command.params)


def test_every_rule_trip_and_permissive_is_documented() -> None:
    codes = [row.code for table in (RULES, GUARD_TRIPS, OWN_TRIPS, PERMISSIVES) for row in table]
    assert [code for code in codes if f"`{code}`" not in REFERENCE["rules"]] == []


def test_hazards_and_rules_agree_both_ways() -> None:
    """A row that names a hazard answers it, and the other way round."""
    rows = {row.code: row.hazards for table in (RULES, GUARD_TRIPS, OWN_TRIPS) for row in table}
    by_rules = {(code, hazard) for code, hazards in rows.items() for hazard in hazards}
    by_hazards = {(code, row.id) for row in HAZARDS for code in row.controls if code in rows}
    assert by_rules ^ by_hazards == set()
    assert {hazard for verb in FAULTS for hazard in verb.hazards} <= {row.id for row in HAZARDS}
    assert [row.id for row in HAZARDS] == [f"H{number:02}" for number in range(1, 63)]


def test_every_device_error_is_documented() -> None:
    names = [name for name, cls in vars(errors).items() if isinstance(cls, type)]
    text = (DOCS / "how-to" / "write-a-driver.md").read_text()
    assert [name for name in names if name != "MnhtError" and f"`{name}`" not in text] == []


def test_every_error_number_of_the_dialect_is_documented() -> None:
    sources = "".join(Path(str(module.__file__)).read_text() for module in TWIN)
    numbers = re.findall(r"ScpiError\((-?\d+)|\((-\d{3}), \"", sources)
    text = REFERENCE["dialect"].replace("−", "-")
    found = {one or two for one, two in numbers}
    assert len(found) > 10
    assert sorted(number for number in found if number not in text) == []


def test_every_scenario_key_is_documented() -> None:
    keys = KEYS - {"schema"}
    assert sorted(key for key in keys if f"`{key}`" not in REFERENCE["scenarios"]
                  and f"`[[{key}]]`" not in REFERENCE["scenarios"]) == []  # fmt: skip


def summary_keys() -> set[str]:
    """The keys that summary.py writes, `true.` and `dose.` ones by their own name."""
    text = (tree.ROOT / "sim_hardware" / "bench" / "summary.py").read_text()
    return set(re.findall(r'^ +"([a-z0-9_]+)":', text, re.MULTILINE))


def test_every_key_of_the_summary_is_documented() -> None:
    keys = summary_keys()
    assert {"outcome", "skin_overshoot_c", "plateau_rms_c", "trace_sha256"} <= keys
    missing = [key for key in keys if not re.search(rf"[`.]{key}\b", REFERENCE["summary"])]
    assert [key for key in missing if key not in {"true", "measured", "dose"}] == []


def test_pages_show_only_commands_and_options_that_exist() -> None:
    shown = [(page, words) for page in DOCS.rglob("*.md")
             for words in shown_commands(page.read_text())]  # fmt: skip
    assert len(shown) > 20
    assert [
        (page.name, unknown_words(words)) for page, words in shown if unknown_words(words)
    ] == []


def test_unknown_commands_and_options_are_found() -> None:
    (words,) = shown_commands("```\n./run mnht simulate x.toml --sed 1 --json\n```")
    assert unknown_words(words) == ["--sed"]
    assert unknown_words(["mnht", "dance"]) == ["mnht", "dance"]
    assert unknown_words(["mnht", "audit", "verify", "j", "--head", "x"]) == []


def test_every_page_is_listed_beside_it() -> None:
    pages = [page for page in DOCS.rglob("*.md") if page.name != "README.md"]
    unlisted = [page.name for page in pages
                if f"({page.name})" not in (page.parent / "README.md").read_text()]  # fmt: skip
    assert unlisted == []
