# SPDX-License-Identifier: Apache-2.0
"""The page in Chromium: real console, real STOP listener, a fake controller and a fake guard.

Console, STOP listener and fakes live in a thread with their own loop; the browser is driven from
the test's thread. Skipped, with the reason, where there is no Chromium.
"""

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect, sync_playwright

from mnht_controller.domain.alarm import AlarmState, Priority
from mnht_controller.domain.command import FieldDemand, Inhibit, Reason
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.tick import Decision
from mnht_controller.surfaces.stop import StopConfig, StopListener
from tests.unit.surfaces.fakes import CLAIM, HOT, LOST, Bench, bench, decision, tripped

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: apt install chromium"),
]
OFF = {"demand": FieldDemand(None), "verdict": Inhibit((Reason("no_demand"),), tripped=False)}


@dataclass
class Stage:
    """What the fake controller says ten times a second; None: it says nothing."""

    decided: Callable[[float], Decision | None] = lambda _: decision()
    changes: dict[str, Any] = field(default_factory=dict)
    bench: Bench | None = None
    stop_port: int = 0
    ready: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        assert self.bench is not None
        return f"http://127.0.0.1:{self.bench.config.port}"

    def told(self, what: str) -> bool:
        """Whether guard or controller hears of it within a few seconds."""
        assert self.bench is not None
        until = time.monotonic() + 5.0
        while what not in self.bench.fakes.told and time.monotonic() < until:
            time.sleep(0.01)
        return what in self.bench.fakes.told

    async def play(self, folder: Path) -> None:
        placeholder = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        self.stop_port = placeholder.sockets[0].getsockname()[1]
        placeholder.close()
        await placeholder.wait_closed()
        stop_url = f"http://127.0.0.1:{self.stop_port}/stop"
        async with bench(folder, stop_url) as self.bench:
            fakes = self.bench.fakes
            config = StopConfig(
                "127.0.0.1", self.stop_port, "stop-token", self.url, str(fakes.guard),
                str(fakes.door),
            )  # fmt: skip
            server = await StopListener(config).listen()
            self.ready.set()
            loop = asyncio.get_running_loop()
            while not self.ended.is_set():
                decided = self.decided(loop.time())
                if decided is not None:
                    fakes.publish(decided, **self.changes)
                await asyncio.sleep(0.1)
            server.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage()
    thread = threading.Thread(target=lambda: asyncio.run(made.play(tmp_path)))
    thread.start()
    assert made.ready.wait(10)
    yield made
    made.ended.set()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any, stage: Stage) -> Iterator[Page]:
    """A page whose every request and every console error is judged at the end."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    opened = context.new_page()
    seen: list[Request] = []
    errors: list[str] = []
    opened.on("request", lambda request: seen.append(request))  # noqa: PLW0108 - needs a function
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda line: errors.append(line.text) if "Content" in line.text else None)
    yield opened
    context.close()
    allowed = (stage.url + "/", f"http://127.0.0.1:{stage.stop_port}/stop", "data:,")
    assert [request.url for request in seen if not request.url.startswith(allowed)] == []
    assert errors == []


def log_in(page: Page, stage: Stage) -> None:
    page.goto(stage.url)
    page.get_by_label("Claim code").fill(CLAIM)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#desk")).to_be_visible()


def test_login_then_live_temperatures(page: Page, stage: Stage) -> None:
    log_in(page, stage)
    expect(page.locator("#phase")).to_have_text("Plateau")
    expect(page.locator("#skin")).to_have_text("42.8")
    expect(page.locator("#tumor")).to_have_text("47.3")
    expect(page.locator("#field")).to_have_text("5.20")
    expect(page.locator("#countdown")).to_have_text("20:00")
    expect(page.locator("#simulated")).to_have_text("SIMULATED")
    expect(page.locator("footer")).to_contain_text("not a medical device")
    expect(page.locator("#chart canvas")).to_be_visible()
    stage.changes["temperatures"] = (43.1, 47.4, 39.1)
    expect(page.locator("#skin")).to_have_text("43.1")
    stage.changes["temperatures"] = (None, 47.4, 39.1)
    expect(page.locator("#skin")).to_have_text("–")
    expect(page.locator("#skin-note")).to_have_text("no valid reading")


def test_claim_in_the_address_logs_in_and_leaves_no_trace(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.url}/#claim={CLAIM}")
    expect(page.locator("#phase")).to_have_text("Plateau")
    assert page.url == stage.url + "/"
    page.reload()
    expect(page.locator("#phase")).to_have_text("Plateau")


@pytest.mark.parametrize("way", ["click", "Escape"])
def test_stop_reaches_the_guard_without_a_question(page: Page, stage: Stage, way: str) -> None:
    """H60: one click or one key, through the listener's own port."""
    log_in(page, stage)
    button = page.get_by_role("button", name="STOP")
    box = button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    with page.expect_request(f"http://127.0.0.1:{stage.stop_port}/stop"):
        button.click() if way == "click" else page.keyboard.press("Escape")
    expect(page.locator("#stop-result")).to_contain_text("STOP was taken")
    assert stage.told("guard stop")
    assert stage.told("controller stop")


@pytest.mark.shows("stop_has_its_door")
def test_stop_works_when_the_stream_is_stale(page: Page, stage: Stage) -> None:
    """H49, H60: a dead picture does not disable STOP."""
    log_in(page, stage)
    expect(page.locator("#phase")).to_have_text("Plateau")
    stage.decided = lambda _: None
    expect(page.locator("#link-loss")).to_be_visible()
    page.get_by_role("button", name="STOP").click()
    expect(page.locator("#stop-result")).to_contain_text("STOP was taken")
    assert stage.told("guard stop")


@pytest.mark.shows("ages_shown")
def test_link_loss_is_said_and_numbers_are_not_live(page: Page, stage: Stage) -> None:
    """H49: no last value looks like the present."""
    log_in(page, stage)
    expect(page.locator("#skin")).to_have_text("42.8")
    expect(page.locator("#link-loss")).to_be_hidden()
    stage.decided = lambda _: None
    expect(page.locator("#link-loss")).to_contain_text("s old. STOP still works.", timeout=2000)
    expect(page.locator("body")).to_have_class("stale")
    expect(page.locator("#link-loss")).to_contain_text("The controller does not answer")
    stage.decided = lambda _: decision()
    expect(page.locator("#link-loss")).to_be_hidden()
    expect(page.locator("body")).not_to_have_class("stale")


def test_trip_card_says_why_first_and_what_to_do(page: Page, stage: Stage) -> None:
    stage.decided = tripped
    stage.changes["state"] = GuardState.LATCHED
    log_in(page, stage)
    card = page.get_by_role("alert").filter(has_text="Why it stopped")
    expect(card.locator("article").first).to_contain_text("First: skin too hot (skin1")
    expect(card.locator("article").nth(1)).to_contain_text("Press the E-stop now")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#refusal")).to_be_empty()
    assert stage.told("controller reset")
    assert stage.told("guard reset")


def test_from_prepare_to_start_with_the_limits_read_first(page: Page, stage: Stage) -> None:
    stage.decided = lambda _: decision(Phase.STANDBY, **OFF)
    stage.changes["state"] = GuardState.DISABLED
    log_in(page, stage)
    page.get_by_role("button", name="Prepare").click()
    unmet = (Reason("guard_envelope", "guard"), Reason("probe_not_good", "skin1"))
    stage.decided = lambda _: decision(Phase.CHECK, unmet=unmet, **OFF)
    expect(page.locator("#unmet li")).to_have_count(2)
    expect(page.locator("#review-rows")).to_contain_text("44 °C")
    expect(page.locator("#review-rows")).to_contain_text("SIMULATED")
    assert stage.bench is not None
    assert "guard confirm" not in stage.bench.fakes.told
    page.get_by_role("button", name="Confirm these limits").click()
    stage.decided = lambda _: decision(Phase.ARMED, **OFF)
    stage.changes["state"] = GuardState.ARMED
    page.get_by_role("button", name="Start treatment").click()
    assert stage.told("guard confirm")
    stage.decided = lambda _: decision(Phase.RAMP)
    expect(page.locator("#phase")).to_have_text("Ramp")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert stage.told("controller start")


def test_refusal_shows_every_reason(page: Page, stage: Stage) -> None:
    log_in(page, stage)
    assert stage.bench is not None
    stage.bench.fakes.refusals["pause"] = ["not now", "journal"]
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#refusal li")).to_have_text(
        ["not now", "the journal or the latch cannot be written"]
    )


def test_small_screen_keeps_stop_in_sight(page: Page, stage: Stage) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    log_in(page, stage)
    expect(page.locator("#chart canvas")).to_be_visible()
    page.mouse.wheel(0, 2000)
    expect(page.get_by_role("button", name="STOP")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


FLASH_HZ = {"high": (1.4, 2.8), "medium": (0.4, 0.8)}


@pytest.mark.parametrize("priority", ["high", "medium", "low"])
def test_the_banner_has_the_color_and_flash_of_its_priority(
    page: Page, stage: Stage, priority: str
) -> None:
    """IEC 60601-1-8: red 1.4 to 2.8 Hz, yellow 0.4 to 0.8 Hz, cyan steady."""
    row = replace(HOT, priority=Priority(priority))
    stage.changes["alarms"] = AlarmState((row,), (), 4)
    log_in(page, stage)
    banner = page.locator("#alarm")
    expect(banner).to_be_visible()
    expect(banner).to_contain_text("Tissue too hot")
    expect(banner).to_contain_text("Look at the patient")
    period = banner.evaluate("node => getComputedStyle(node).animationDuration")
    name = banner.evaluate("node => getComputedStyle(node).animationName")
    if priority == "low":
        assert name == "none"
    else:
        lowest, highest = FLASH_HZ[priority]
        assert lowest <= 1.0 / float(period.removesuffix("s")) <= highest
    page.emulate_media(reduced_motion="reduce")
    assert banner.evaluate("node => getComputedStyle(node).animationName") == "none"


def test_an_alarm_is_acknowledged_paused_and_reset_by_its_number(page: Page, stage: Stage) -> None:
    """H48: the most urgent stands above, the first cause is marked, each has its own button."""
    gone = replace(HOT, ended_at=12.0)
    stage.changes["alarms"] = AlarmState((LOST, gone), (), 4)
    log_in(page, stage)
    page.locator("#alarm-seen").click()
    assert stage.told("controller acknowledge")
    page.locator("#alarm-pause").click()
    assert stage.told("controller pause_audio")
    rows = page.locator("#alarm-list li")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("First: skin too hot")
    rows.first.get_by_role("button", name="Reset signal").click()
    assert stage.told("controller reset_signal")
    assert stage.bench is not None
    acts = [sent["act"]["occurrence"] for sent in stage.bench.fakes.kinds("alarm")]
    assert acts == [3, 0, 3]
    stage.bench.fakes.refusals["acknowledge"] = ["there is no alarm 3"]
    page.locator("#alarm-seen").click()
    expect(page.locator("#alarm-refusal")).to_have_text("there is no alarm 3")


def test_what_is_acknowledged_stays_and_does_not_flash(page: Page, stage: Stage) -> None:
    seen = replace(HOT, acknowledged_by="nurse#1", acknowledged_at=11.0)
    stage.changes["alarms"] = AlarmState((seen,), (), 4)
    log_in(page, stage)
    expect(page.locator("#alarm")).to_have_class("high")
    expect(page.locator("#alarm")).to_contain_text("seen by nurse#1")
    expect(page.locator("#alarm-seen")).to_be_hidden()
    stage.changes["alarms"] = AlarmState()
    expect(page.locator("#alarm")).to_be_hidden()
    expect(page.locator("#alarm-list")).to_be_hidden()


COUNT_PULSES = """
  window.pulses = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) { window.pulses += 1; start.call(this, at); };
"""


@pytest.mark.parametrize(("priority", "pulses"), [("high", 10), ("medium", 3), ("low", 0)])
def test_a_burst_has_its_pulses_after_a_person_touched_the_page(
    page: Page, stage: Stage, priority: str, pulses: int
) -> None:
    """H48: ten for high, three for medium; none while the sound is paused."""
    page.add_init_script(COUNT_PULSES)
    row = replace(HOT, priority=Priority(priority))
    stage.changes["alarms"] = AlarmState((row,), (), 4, paused_until=1e12)
    log_in(page, stage)
    expect(page.locator("#alarm")).to_be_visible()
    page.mouse.click(5, 500)
    page.wait_for_timeout(300)
    assert page.evaluate("window.pulses") == 0
    stage.changes["alarms"] = AlarmState((row,), (), 4)
    until = time.monotonic() + 5.0
    while page.evaluate("window.pulses") < pulses and time.monotonic() < until:
        page.wait_for_timeout(50)
    page.wait_for_timeout(300)
    assert page.evaluate("window.pulses") == pulses
