# SPDX-License-Identifier: Apache-2.0
"""`mnht replay`, `mnht audit verify`: is the record whole, would we decide the same again?"""

from pathlib import Path
from typing import Annotated

import typer

from mnht_controller.cli.output import EXIT_FAILED, emit, errors, say

Journal = Annotated[
    Path, typer.Argument(metavar="JOURNAL", help="A journal file (*.jsonl).", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def replay(journal: Journal, as_json: AsJson = False) -> None:
    """Run the pure core again on the recorded inputs and compare every decision.

    Example: mnht replay state/journal/controller-….jsonl --json
    """
    from mnht_controller.domain.codec import to_plain
    from mnht_controller.runtime.replay import replay as run

    with errors(as_json=as_json):
        result = run(journal)
    if as_json:
        emit(to_plain(result))
    elif result.first_difference is None:
        say(f"{result.ticks} ticks, every decision identical")
    else:
        found = result.first_difference
        say(
            f"tick {found.tick} (line {found.line}): {found.what} was {found.recorded}, "
            f"this version decides {found.now}"
        )
    if not result.identical:
        raise typer.Exit(EXIT_FAILED)


audit = typer.Typer(
    no_args_is_help=True,
    help="Check records.\n\nExample: mnht audit verify state/journal/guard-….jsonl",
)


@audit.command("verify")
def verify(
    journal: Journal,
    head: Annotated[str, typer.Option(help="The head noted elsewhere, to detect a cut end.")] = "",
    as_json: AsJson = False,
) -> None:
    """Verify the hash chain of a journal; names the first bad record and exits with 1.

    Example: mnht audit verify state/journal/guard-….jsonl --json
    """
    from mnht_controller.domain.codec import to_plain
    from mnht_controller.journal.chain import verify as judge

    with errors(as_json=as_json):
        verdict = judge(journal, head or None)
    if as_json:
        emit(to_plain(verdict))
    elif verdict.ok:
        say(f"{verdict.records} records, chain whole, head {verdict.head}")
    else:
        say(f"record {verdict.first_bad} is bad: {verdict.why}; {verdict.records} are good")
    if not verdict.ok:
        raise typer.Exit(EXIT_FAILED)
