# SPDX-License-Identifier: Apache-2.0
"""Controls by design: what answers a hazard without being a row of a rule table.

Rules, guard trips and permissives are controls too, under their own codes.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    """One control. Tests that show it at work name its id."""

    id: str
    text: str


CONTROLS: tuple[Control, ...] = (
    # what may be believed
    Control("strict_grammar", "a reply is parsed by an anchored whitelist, or it is no reply"),
    Control("checked_frames", "checksums and lengths are computed before a value is read"),
    Control("dirty_link", "after a missed reply nothing counts until a tagged answer has come"),
    Control("identity_first", "identity is verified before anything else is written"),
    Control("one_owner", "a link has one owner; a second one is refused"),
    Control("jump_is_no_reading", "a jump is no reading until it has lasted"),
    Control("median_of_three", "control follows the median of three accepted samples"),
    Control("frame_counters", "a frame whose counter or clock stands still is old"),
    Control("lag_ahead", "the cut-back looks ahead by the probe's lag and the heat on its way"),
    Control("units_in_names", "every number carries its unit in its key; other keys are refused"),
    # what may be asked of the field
    Control("region_cap", "the field is capped by body region in code, and by H·f"),
    Control("tighter_only", "files and people can only tighten a limit"),
    Control("dose_on_missing", "dose goes on at the last plausible temperature"),
    Control("only_the_gate_permits", "nothing but the gate makes a permit"),
    Control("one_way_to_armed", "one transition leads to ARMED, through the start gate"),
    Control("permit_expires", "no permit outlives its expiry, in the box or on the wire"),
    Control("absolute_commands", "commands are absolute, idempotent and read back"),
    Control("off_overtakes", "off overtakes whatever is queued"),
    Control("anti_windup", "the integral follows what was really permitted"),
    Control("bumpless", "a raised set-point moves the integral, not the field"),
    Control("nan_is_over", "comparisons are written so that NaN and None are out of bounds"),
    # what is left when software fails
    Control("two_processes", "the guard judges raw readings in a process of its own"),
    Control("silence_opens", "silence on the enable line opens the coil loop, and it stays open"),
    Control("source_watchdog", "the source's own watchdog ends the field without its host"),
    Control("run_permit", "an open run-permit ends the field without the source's link"),
    Control("liveness_bits", "a silent task withholds the lease"),
    Control("off_by_parent", "a child whose parent is gone turns itself off"),
    Control("starts_off", "every start is STANDBY and DISABLED"),
    Control("latch_is_kept", "a latch survives a restart"),
    Control("spent_is_kept", "what a session has used survives a restart, in both processes"),
    Control("monotonic_only", "nothing is computed with wall time"),
    # people
    Control("envelope_confirmed", "a human confirms the hash of the limits, once, after PREPARE"),
    Control("no_override", "no route, key or file overrides a hard limit"),
    Control("view_lost_pauses", "a minute without any operator's view pauses"),
    Control("presence_pauses", "six minutes without a person's confirmation pause"),
    Control(
        "view_lost_calls", "ten seconds without any operator's view are an alarm, and it goes up"
    ),
    Control("off_is_confirmed", "a trip without a read-back of zero is the highest alarm"),
    Control("alarm_by_number", "an act on alarms names one occurrence; nothing acts on all"),
    Control("silence_is_timed", "sound comes back by itself, and at once for what is new"),
    Control("alarms_are_kept", "alarms are kept before they are shown; a restart loses none"),
    Control("first_out", "the first trip of a cascade stays first"),
    Control("ages_shown", "every number on the screen has an age"),
    Control("stop_has_its_door", "STOP has its own process, port and way to the guard"),
    Control("never_mixed", "simulated and real devices are never mixed"),
    # record and network
    Control("off_before_record", "off never waits for the record"),
    Control("hash_chain", "records are chained by hash; a cut or edit is found"),
    Control("bounded_queues", "queues are bounded, and what was lost is counted"),
    Control("console_apart", "the console has no device access"),
    Control("login_first", "every request but three needs a login"),
    Control("origin_checked", "foreign origins and hosts are refused"),
    Control("pinned_packages", "packages are pinned by hash"),
    Control("guard_stdlib_only", "the guard loads the standard library and the pure rules only"),
    Control("no_personal_data", "no personal data is asked for but the operator's name"),
)
