# SPDX-License-Identifier: Apache-2.0
"""The hash chain: makes lines, and judges whether lines are the ones that were made.

A line is one JSON object, `{"seq":0,"kind":"…","at":…,"data":{…},"hash":"…"}`. The hash is SHA-256
over the previous line's 32 hash bytes (zeros before the first) and the line's own bytes up to
`,"hash":"`. It has no key: who can write the file can re-chain it, so keep heads elsewhere.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mnht_controller.domain.codec import CodecError, from_plain
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.records import FORMAT, VERSION, Header

ZERO = bytes(32)
_TAIL = b',"hash":"'
_END = b'"}\n'
_HASH = slice(-len(_END) - 64, -len(_END))
_TAIL_AT = slice(-len(_END) - 64 - len(_TAIL), -len(_END) - 64)
_CONTENT = slice(None, -len(_END) - 64 - len(_TAIL))
_DATA = b',"data":'


class Chain:
    """Makes the lines of one journal. Not thread-safe: one writer owns it."""

    __slots__ = ("_previous", "seq")

    def __init__(self, previous: bytes = ZERO, seq: int = 0) -> None:
        """Continue after `previous`, the last line's 32 hash bytes; `seq` numbers the next line."""
        self._previous, self.seq = previous, seq

    @property
    def head(self) -> str:
        """Hash of the last line, as hex: what to write down elsewhere."""
        return self._previous.hex()

    def line(self, kind: str, at: float, body: str) -> bytes:
        """Make the next line. `body` is the payload's JSON, `at` monotonic seconds."""
        content = b'{"seq":%d,"kind":"%b","at":%b,"data":%b' % (
            self.seq,
            kind.encode(),
            repr(at).encode(),
            body.encode(),
        )
        self._previous = sha256(self._previous + content).digest()
        self.seq += 1
        return b"%b%b%b%b" % (content, _TAIL, self._previous.hex().encode(), _END)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a journal is worth. `first_bad` is the number of the first record that is not as made.

    `records` counts the good ones before it, `head` is the hash of the last of those. `torn`: the
    only flaw is an unfinished last line, as a crash or a cut inside a line leaves it.
    """

    records: int
    ok: bool
    first_bad: int | None
    head: str
    why: str = ""
    torn: bool = False


def verify(source: Path | Iterable[bytes], expected_head: str | None = None) -> Verdict:
    """Judge a journal, given as a file or as its lines (each with its line feed).

    Whole lines cut from the end leave a shorter but sound chain: only a head anchored elsewhere,
    given as `expected_head`, shows that. Raises JournalError when the file cannot be read.
    """
    if isinstance(source, Path):
        return _judge(lines_of(source), expected_head)
    return _judge(source, expected_head)


def lines_of(path: Path) -> Iterator[bytes]:
    """Read a file's lines, the line feeds with them; JournalError when it cannot be read."""
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise JournalError(str(path), 0, f"cannot be read: {error.strerror}") from error


def trace_sha256(lines: Iterable[bytes]) -> str:
    """Digest the bodies of the tick records alone: no wall time, path or boot id reaches it."""
    trace = sha256()
    for line in lines:
        prefix, found, body = line[_CONTENT].partition(_DATA)
        if found and b',"kind":"tick",' in prefix:
            trace.update(body)
            trace.update(b"\n")
    return trace.hexdigest()


def _judge(lines: Iterable[bytes], expected_head: str | None) -> Verdict:
    previous, count = ZERO, 0
    for line in lines:
        why = _flaw(line, count, previous)
        if why:
            torn = not line.endswith(b"\n")
            return Verdict(count, False, count, _hex(previous, count), why, torn)
        previous = bytes.fromhex(line[_HASH].decode())
        count += 1
    head = _hex(previous, count)
    if count == 0:
        return Verdict(0, False, 0, head, "empty: not even a header")
    if expected_head is not None and head != expected_head:
        why = "sound, but does not end at the anchored head: whole records are missing or replaced"
        return Verdict(count, False, count, head, why)
    return Verdict(count, True, None, head)


def _hex(previous: bytes, count: int) -> str:
    return previous.hex() if count else ""


def _flaw(line: bytes, seq: int, previous: bytes) -> str:
    """Say what is wrong with a line at this place; empty when it is the one that was made."""
    if not line.endswith(b"\n"):
        return "torn: the last line has no end (crash, or cut inside the line)"
    if line[_TAIL_AT] != _TAIL or not line.endswith(_END):
        return "not a journal line: it does not end in its hash"
    hashed = sha256(previous + line[_CONTENT]).hexdigest().encode()
    if line[_HASH] != hashed:
        return "the hash does not fit: edited, or a record before it is missing, added or moved"
    if not line.startswith(b'{"seq":%d,"kind":"' % seq):
        return f"the number is not {seq}"
    return _header_flaw(line) if seq == 0 else ""


def _header_flaw(line: bytes) -> str:
    try:
        record = json.loads(line)
        data = record["data"]
        known = (data.get("format"), data.get("version")) == (FORMAT, VERSION)
        if record["kind"] != "header" or not known:
            return f"the first record is not a header of {FORMAT} version {VERSION}"
        from_plain(Header, data)
    except (ValueError, KeyError, TypeError, AttributeError, CodecError) as error:
        return f"the header does not read: {error}"
    return ""
