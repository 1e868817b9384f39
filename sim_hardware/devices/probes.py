# SPDX-License-Identifier: Apache-2.0
"""The optical side of a thermometer twin: channels, when they sample, and how they fail."""

import math
from collections.abc import Callable, Mapping

Temperature = Callable[[float], float | None]
"""A channel: °C at loop time, None where no probe is plugged in."""


class ProbeBank:
    """Samples each channel every `period_s` of loop time; between samples the value stands.

    Faults: stream_stall (the instrument is silent), probe_dropped (one channel is silent),
    no_probe_token (one channel says so in its dialect's words, or in the argument's),
    probe_swapped (two channels see each other's probe).
    """

    def __init__(self, channels: Mapping[int, Temperature], period_s: float) -> None:
        self.period_s = period_s
        self.is_stalled = False
        self.dropped: set[int] = set()
        self.tokens: dict[int, str] = {}
        self._channels = dict(channels)
        self._swapped: tuple[int, int] | None = None
        self._samples: dict[int, tuple[int, float | None]] = {}

    def rewire(self, channels: Mapping[int, Temperature]) -> None:
        """Let the channels see other temperatures; which channels there are stays."""
        self._channels |= {n: channels[n] for n in self._channels if n in channels}
        self._samples.clear()

    @property
    def numbers(self) -> list[int]:
        """Channels that answer, in order."""
        return sorted(self._channels.keys() - self.dropped)

    @property
    def fitted(self) -> list[int]:
        """Channels the instrument has, in order."""
        return sorted(self._channels)

    def celsius(self, channel: int, t: float) -> float | None:
        """Return the sample that is current at t; None: no probe, or none that gives a number."""
        if channel in self.tokens:
            return None
        index = int(t / self.period_s + 1e-6)
        last = self._samples.get(channel)
        if last is None or last[0] != index:
            value = self._channels[channel](t)
            is_number = value is not None and math.isfinite(value)
            last = self._samples[channel] = (index, value if is_number else None)
        return last[1]

    def token(self, channel: int, usual: str) -> str:
        """Return what the instrument says in place of a number."""
        return self.tokens.get(channel) or usual

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault; the argument is a channel, for no_probe_token also `channel:text`."""
        channel, _, text = argument.partition(":")
        if verb == "stream_stall":
            self.is_stalled = True
        elif verb == "probe_dropped":
            self.dropped.add(self._known(channel))
        elif verb == "no_probe_token":
            self.tokens[self._known(channel)] = text
        elif verb == "probe_swapped":
            self._swap((self._known(channel), self._known(text)))
        else:
            raise ValueError(f"a thermometer has no fault {verb!r}")

    def clear(self, verb: str) -> None:
        """End one kind of fault on all channels."""
        if verb == "stream_stall":
            self.is_stalled = False
        elif verb == "probe_dropped":
            self.dropped.clear()
        elif verb == "probe_swapped":
            self._swap(None)
        else:
            self.tokens.clear()

    def _swap(self, pair: tuple[int, int] | None) -> None:
        """Swap two channels; those that were swapped before go back."""
        for one, other in [found for found in (self._swapped, pair) if found is not None]:
            sites = self._channels
            sites[one], sites[other] = sites[other], sites[one]
        self._swapped = pair
        self._samples.clear()

    def _known(self, channel: str) -> int:
        if not channel.isdigit() or int(channel) not in self._channels:
            raise ValueError(f"no channel {channel!r}: use one of {self.fitted}")
        return int(channel)
