# SPDX-License-Identifier: Apache-2.0
"""Coil and amplifier's twin joined: what the wire says of the applicator, and when it trips."""

import math

import pytest

from sim_hardware.devices.field_stage import Ques
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.plant.applicator.applicator import Applicator, Cooling, Facts
from sim_hardware.plant.applicator.coil import Coil

FLOW, OUTLET = 1 << 2, 1 << 3


class Closed:
    """A contact that never opens."""

    def closed(self, t: float) -> bool:
        return True


class Bench:
    """A twin on a coil, with a host that beats ten times a second."""

    def __init__(self, level: float = 18e3, facts: Facts | None = None) -> None:
        self.twin, self.at = ScpiSource(), 0.0
        self.applicator = Applicator(facts or Facts())
        self.coil = Coil(self.twin.stage, Closed(), applicator=self.applicator)
        self.twin.stage.measured, self.twin.stage.sensors = self.coil.field_ka_per_m, self.coil
        self.level, self.beat = level, 0
        self.on()

    def on(self) -> None:
        self.ask(f"OUTP:TIM 7200;:FIEL {self.level};:OUTP:ARM 5;:OUTP ON")

    def ask(self, text: str) -> str:
        replies = self.twin.feed(text.encode() + b"\n", self.at)
        return replies[0][1].decode().strip() if replies else ""

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.at += 0.1
            self.beat += 1
            self.coil.advance(self.at)
            self.ask(f"SYST:COMM:HEAR {self.beat}")

    def run_until_off(self, longest_s: float) -> float:
        began = self.at
        while self.twin.stage.is_energized and self.at - began < longest_s:
            self.run(0.1)
        return self.at - began

    def faults(self) -> tuple[Ques, int]:
        _, _, _, _, ques, interlocks, *_ = self.ask("FETC:SNAP?").split(",")
        return Ques(int(ques)), int(interlocks)


def test_the_wire_tells_the_coils_own_numbers() -> None:
    bench = Bench()
    bench.run(120.0)
    coil, rms_a = bench.coil, 450.0 / math.sqrt(2.0)
    assert coil.current_a(bench.at) == pytest.approx(450.0)
    f_irms, f_hz, f_coil, f_flow = map(float, bench.ask("FETC:SNAP?").split(",")[8:12])
    assert (f_irms, f_flow) == pytest.approx((rms_a, 8.0))
    assert f_hz == pytest.approx(1e5 * (1.0 - 50e-6 * (f_coil - 22.0)))
    assert f_coil == pytest.approx(38.24, abs=0.1)  # the steady state, which takes a minute or two
    assert (
        bench.ask("MEAS:CURR:AC?;:MEAS:FREQ?;:MEAS:FLOW?") == f"{rms_a:.6E};{f_hz:.6E};8.000000E+00"
    )
    temperatures = [float(value) for value in bench.ask("MEAS:TEMP?").split(",")]
    assert temperatures == pytest.approx([f_coil, f_coil, coil.coolant_out_c, 22.0])
    assert bench.faults() == (Ques(0), 0)


def test_the_coil_heats_by_the_field_that_flowed_and_not_by_how_it_was_asked() -> None:
    often, once = Bench(), Bench()
    often.run(1.0)
    once.at = 1.0
    once.coil.advance(1.0)
    assert once.coil.coil_c == pytest.approx(often.coil.coil_c, abs=0.02)
    alone = Cooling()
    alone.advance(1.0, often.coil.mean_square(1.0))
    assert often.coil.coil_c == pytest.approx(alone.coil_c, abs=0.02)


def test_water_that_stops_opens_the_flow_interlock_within_a_second() -> None:
    """H23."""
    bench = Bench(5e3)
    bench.run(5.0)
    bench.applicator.inject("coolant_stop", "", bench.at)
    assert bench.run_until_off(5.0) <= 1.0
    assert bench.faults() == (Ques.COOLING | Ques.INTERLOCK, FLOW)
    assert bench.ask("OUTP:PROT:CAUS?").startswith(f"{int(Ques.COOLING)},")


def test_latches_clear_once_water_is_back_and_not_before() -> None:
    bench = Bench(5e3)
    bench.run(1.0)
    bench.applicator.inject("coolant_stop", "", bench.at)
    bench.run(1.0)
    bench.ask("OUTP:PROT:CLE;:*CLS")
    assert bench.faults() == (Ques.COOLING | Ques.INTERLOCK, FLOW)
    bench.on()
    assert bench.ask("OUTP?;:SYST:ERR?") == '0;+301,"Interlock open"'
    bench.applicator.clear("coolant_stop")
    bench.run(0.1)
    assert bench.faults() == (Ques.COOLING | Ques.INTERLOCK, 0)
    bench.ask("OUTP:PROT:CLE")
    bench.on()
    assert (bench.ask("OUTP?"), bench.faults()) == ("1", (Ques(0), 0))


def test_a_stuck_flow_meter_leaves_it_to_the_coils_temperature() -> None:
    """H23: the coil heats until its own sensor trips, and then no further."""
    bench = Bench()
    bench.run(120.0)
    bench.applicator.inject("coolant_stop", "unseen", bench.at)
    assert bench.run_until_off(60.0) == pytest.approx(33.8, abs=0.5)
    assert bench.faults() == (Ques.TEMPERATURE, 0)
    assert bench.ask("SYST:ERR:ALL?").endswith('+304,"Latched fault"')
    bench.run(0.1)  # the coil's last trapezoid still had field at its beginning
    hottest_c = bench.coil.coil_c
    bench.run(10.0)
    assert 70.0 < bench.coil.coil_c == hottest_c < 70.2
    bench.ask("OUTP:PROT:CLE")
    assert bench.faults() == (Ques.TEMPERATURE, 0)


def test_warm_water_opens_the_coolant_temperature_interlock() -> None:
    bench = Bench(5e3)
    bench.run(60.0)
    bench.applicator.inject("coolant_warm", "", bench.at)
    assert bench.run_until_off(60.0) == pytest.approx(19.5, abs=0.5)
    assert bench.faults() == (Ques.COOLING | Ques.INTERLOCK, OUTLET)


def test_an_open_door_stays_open_when_the_water_comes_back() -> None:
    bench = Bench(5e3)
    bench.applicator.inject("coolant_stop", "", bench.at)
    bench.twin.stage.set_interlocks(1 << 1, bench.at)
    bench.run(0.2)
    assert bench.faults()[1] == FLOW | 1 << 1
    bench.applicator.clear("coolant_stop")
    bench.run(0.2)
    assert bench.faults()[1] == 1 << 1


def test_a_tank_that_leaves_the_lock_loses_field_and_the_amplifier_notices() -> None:
    bench = Bench(5e3)
    bench.run(2.0)
    bench.applicator.load = 0.06
    bench.run(0.2)
    assert bench.coil.frequency_khz == 98.0
    assert 0.0 < bench.coil.field_ka_per_m(bench.at) < 0.3 * 5.0
    bench.run(1.0)
    assert bench.faults() == (Ques.FIELD, 0)
    assert bench.coil.current_a(bench.at) == 0.0
