# SPDX-License-Identifier: Apache-2.0
"""Faults as data: each verb reaches its target, and its effect is on the wire."""

import asyncio

import pytest

from sim_hardware.bench.processes import VERBS as BENCH_VERBS
from sim_hardware.bench.virtual_time import run
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.faults import FAULTS, Fault, Layer, Targets, Timeline
from sim_hardware.plant.body.patient_file import ProbeSpec
from sim_hardware.plant.probe import Probe
from sim_hardware.wire.faulty import FaultyWire
from sim_hardware.wire.memory import MemoryTransport
from sim_hardware.wire.verbs import VERBS

Said = bytes | type[OSError]


class Rig:
    """One thermometer with one probe on memory, one amplifier, all as a bench joins them."""

    def __init__(self) -> None:
        spec = ProbeSpec(id="skin", role="skin", site="s", lag_s=0.0, noise_c=0.02)
        self.probe = Probe(spec, 24.0, 1)
        self.probe.advance(0.1, 43.0)
        self.thermometer = OpsensTwin({1: lambda t: self.probe.reading()})
        self.amplifier = ScpiSource()
        self.wire = FaultyWire(self.thermometer)
        self.link = MemoryTransport(self.wire, "memory:t")
        self.asked: list[Fault] = []
        self.targets = Targets(
            twins={"t": self.thermometer, "amp": self.amplifier},
            links={"t": self.link},
            probes={("t", 1): self.probe},
            bench=self.asked.append,
            wires={"t": self.wire},
        )

    async def read(self) -> bytes:
        await asyncio.sleep(1.0)
        self.probe.advance(1.0, 43.0)
        await self.link.write(b"CH1:DATA? 1\n")
        return await self.link.read(0.15)


def drive(*faults: Fault) -> list[Said]:
    """Read once a second for 4 s with the faults on; a silent or broken link is its exception."""
    rig = Rig()
    said: list[Said] = []

    async def main() -> None:
        await rig.link.open()
        timeline = Timeline(faults, rig.targets)
        for _ in range(4):
            timeline.advance(asyncio.get_running_loop().time(), asyncio.get_running_loop().time())
            try:
                said.append(await rig.read())
            except OSError as error:  # TimeoutError is one too
                said.append(type(error))

    run(main())
    return said


def celsius(said: Said) -> float:
    assert isinstance(said, bytes), f"no reply, but {said}"
    return float(said.split(b"\n")[0])


def test_every_verb_is_there_once() -> None:
    """Those of probes, twins, links and processes by name; those of wires are their own table."""
    names = [verb.name for verb in FAULTS if verb.layer is not Layer.WIRE]
    assert names == [
        "probe_off", "probe_stuck", "probe_contact", "probe_offset", "probe_drift", "probe_lag",
        "probe_spikes", "probe_unit", "probe_swapped", "probe_dropped", "no_probe_token",
        "stream_stall", "amp_ignores_off", "amp_lies_off", "amp_stuck_full", "coolant_stop",
        "coolant_warm", "detune", "reboot", "panel_change", "input", "e_stop", "door",
        "line_welded", "line_broken", "watchdog_dead", "overload",
        "no_signal", "perfusion", "patient_moves", "cooling_fails", "hot_spot", "link_drop",
        "controller_killed", "controller_stopped", "guard_killed", "guard_stopped", "host_stopped",
        "leases_late", "guard_clock", "wall_clock", "disk_full", "sync_fails", "disk_hangs",
    ]  # fmt: skip
    wires = [(verb.name, verb.argument) for verb in FAULTS if verb.layer is Layer.WIRE]
    assert wires == [(row.name, row.argument) for row in VERBS]
    assert len({verb.name for verb in FAULTS}) == len(FAULTS)
    assert all(verb.hazards and verb.text for verb in FAULTS)


def test_without_faults_the_skin_reads_43() -> None:
    assert all(42.9 < celsius(said) < 43.1 for said in drive())


def test_probe_off_on_the_wire() -> None:
    """H01: falls towards the air, and recovers when put back."""
    values = [celsius(said) for said in drive(Fault(1.0, "t", "probe_off", "1", 2.5))]
    assert values[0] > 42.9
    assert values[2] < values[1] < 38.0
    assert values[3] > 42.9


def test_probe_stuck_on_the_wire() -> None:
    """H04."""
    said = drive(Fault(1.0, "t", "probe_stuck", "1"))
    assert said[0] == said[1] == said[2] == said[3]
    assert drive(Fault(1.0, "t", "probe_stuck", "1:36"))[2] == b"36.00\n\x04\n"


@pytest.mark.parametrize("verb", ["probe_dropped", "stream_stall"])
def test_silence_on_the_wire(verb) -> None:
    """H03, H10."""
    said = drive(Fault(1.0, "t", verb, "1" if verb == "probe_dropped" else "", until_s=2.2))
    assert [part is TimeoutError for part in said] == [False, True, True, False]


def test_token_on_the_wire() -> None:
    """H03."""
    assert drive(Fault(2.0, "t", "no_probe_token", "1"))[2] == b"No signal\n\x04\n"


@pytest.mark.parametrize(
    ("verb", "argument", "sample"),
    [
        ("token", "OL", b"OL\n\x04\n"),
        ("term", "none", b"43.00"),
        ("eat_reply", "", TimeoutError),
        ("blackhole", "", TimeoutError),
        ("delay", "0.1", b"43.00\n\x04\n"),
        ("cut_after", "2", b"43"),
        ("drop_after", "2:rst", b"43"),
    ],
)
def test_wire_faults_on_the_wire(verb, argument, sample) -> None:
    """H03, H10, H11, H12: from their time to their end."""
    drop = Fault(0.0, "t", "probe_stuck", "1:43")
    said = drive(drop, Fault(1.0, "t", verb, argument, until_s=2.2))
    after = OSError if verb == "drop_after" else sample
    assert said[:3] == [b"43.00\n\x04\n", sample, after]
    assert (said[3] is OSError) is (verb == "drop_after")


def test_link_drop_on_the_wire() -> None:
    """H20."""
    assert drive(Fault(2.0, "t", "link_drop"))[2] is OSError


@pytest.mark.parametrize("verb", ["amp_ignores_off", "amp_stuck_full"])
def test_amplifier_faults_reach_the_stage(verb) -> None:
    """H16, H17."""
    rig = Rig()
    Timeline([Fault(0.0, "amp", verb)], rig.targets).advance(0.0, 0.0)
    rig.amplifier.feed(b"FIEL 5E3;:OUTP:ARM 5;:OUTP ON\n", 0.0)
    rig.amplifier.feed(b"OUTP OFF\n", 1.0)
    assert (
        rig.amplifier.stage.current(1.5) == {"amp_ignores_off": 5.0, "amp_stuck_full": 18.0}[verb]
    )


def test_the_bench_gets_what_only_it_can_do() -> None:
    """H26."""
    rig = Rig()
    fault = Fault(5.0, "controller", "controller_killed")
    timeline = Timeline([fault], rig.targets)
    assert timeline.next_at_s == 5.0
    assert timeline.advance(4.9, 0.0) == []
    assert timeline.advance(5.0, 105.0) == [fault]
    assert rig.asked == [fault]
    assert timeline.log == [(105.0, "on", fault)]
    assert timeline.next_at_s is None


def test_events_are_applied_in_order_whatever_their_order_in_the_file() -> None:
    rig = Rig()
    late = Fault(3.0, "t", "stream_stall")
    early = Fault(1.0, "t", "no_probe_token", "1", 2.0)
    timeline = Timeline([late, early], rig.targets)
    assert timeline.advance(10.0, 10.0) == [early, late]
    assert [(edge, fault.verb) for _, edge, fault in timeline.log] == [
        ("on", "no_probe_token"), ("off", "no_probe_token"), ("on", "stream_stall"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda: Fault(0.0, "t", "explode"), "unknown fault"),
        (lambda: Fault(5.0, "t", "stream_stall", until_s=4.0), "not after"),
        (lambda: Fault(0.0, "x", "stream_stall"), "no twin 'x'"),
        (lambda: Fault(0.0, "amp", "link_drop"), "no link 'amp'"),
        (lambda: Fault(0.0, "amp", "delay", "1"), "no wire 'amp'"),
        (lambda: Fault(0.0, "t", "delay", "soon"), "it takes s"),
        (lambda: Fault(0.0, "t", "clock_jump", "5"), "no clock of its own"),
        (lambda: Fault(0.0, "t", "probe_off", "2"), "no probe at t:2"),
    ],
)
def test_a_bad_scenario_is_refused_before_it_starts(fault, said) -> None:
    with pytest.raises(ValueError, match=said):
        Timeline([fault()], Rig().targets)


def test_a_bench_without_processes_refuses_to_kill() -> None:
    targets = Targets(twins={}, links={}, probes={})
    with pytest.raises(ValueError, match="cannot do that"):
        Timeline([Fault(0.0, "controller", "controller_killed")], targets)
    assert {verb.name for verb in FAULTS if verb.layer is Layer.BENCH} == {*BENCH_VERBS}
