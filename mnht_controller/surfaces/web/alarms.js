// SPDX-License-Identifier: Apache-2.0
// The alarm banner and its sound. What sounds, for how long, and what is first, the controller says.

import { Refused, post } from "./api.js";

// Bursts after IEC 60601-1-8: when each pulse begins (s), how long a burst is from the next (s).
const BURSTS = {
  high: { pulses: [0, 0.2, 0.4, 0.75, 0.95, 1.45, 1.65, 1.85, 2.2, 2.4], every_s: 5, hz: 880 },
  medium: { pulses: [0, 0.3, 0.6], every_s: 10, hz: 660 },
};
const PULSE_S = 0.12;
const FADE_S = 0.02;
const LINK_PAUSE_MS = 110000; // for the one alarm that this page raises itself

const element = (id) => document.getElementById(id);
let sound = null;
let burstAt = 0;
let sounding = null;
let linkPausedUntil = 0;
let shown = null;

/** Browsers let a page sound only after a person has touched it. */
function unlock() {
  sound ??= new AudioContext();
  if (sound.state === "suspended") sound.resume();
}

function pulse(hz, at) {
  const tone = sound.createOscillator();
  const level = sound.createGain();
  tone.frequency.value = hz;
  level.gain.setValueAtTime(0, at);
  level.gain.linearRampToValueAtTime(0.5, at + FADE_S);
  level.gain.setValueAtTime(0.5, at + PULSE_S - FADE_S);
  level.gain.linearRampToValueAtTime(0, at + PULSE_S);
  tone.connect(level).connect(sound.destination);
  tone.start(at);
  tone.stop(at + PULSE_S);
}

/** Called several times a second: begins the next burst when it is due, at once for another one. */
export function hear(fresh) {
  const lost = shown && !fresh && performance.now() >= linkPausedUntil;
  const burst = BURSTS[fresh ? shown?.audible : lost ? "medium" : null];
  if (!burst || sound?.state !== "running") {
    sounding = null;
    return;
  }
  if (sounding === burst && sound.currentTime < burstAt) return;
  sounding = burst;
  burstAt = sound.currentTime + burst.every_s;
  burst.pulses.forEach((begin) => pulse(burst.hz, sound.currentTime + begin));
}

async function act(path, body) {
  try {
    await post(path, body);
    element("alarm-refusal").textContent = "";
  } catch (error) {
    const why = error instanceof Refused && error.reasons.length ? error.reasons.join("; ") : error.message;
    element("alarm-refusal").textContent = why;
  }
}

function top() {
  return shown?.occurrences.find((row) => row.id === shown.highest);
}

function line(row) {
  const first = row.id === shown.first_cause ? "First: " : "";
  const times = row.times > 1 ? `, ${row.times} times` : "";
  const gone = row.ended_at == null ? "" : ", gone by itself";
  const seen = row.acknowledged_by ? `, seen by ${row.acknowledged_by}` : "";
  return `${first}${row.detail}${times}${gone}${seen}`;
}

function button(label, path, row) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", () => act(path, { occurrence: row.id }));
  return made;
}

function item(row) {
  const made = document.createElement("li");
  made.className = row.id === shown.first_cause ? `${row.priority} first` : row.priority;
  const words = document.createElement("span");
  words.textContent = line(row);
  made.append(words);
  if (row.sounds) made.append(button("Acknowledge", "/alarms/acknowledge", row));
  if (row.ended_at != null && row.latching) made.append(button("Reset signal", "/alarms/reset-signal", row));
  return made;
}

/** The banner stands on every view, whatever else the page shows. */
export function drawAlarms(alarms) {
  shown = alarms;
  const row = top();
  const banner = element("alarm");
  element("alarm-list").hidden = !alarms.occurrences.length;
  const key = JSON.stringify(alarms.occurrences.map(({ age_s, ...rest }) => rest)) + alarms.first_cause;
  if (element("alarm-list").dataset.key !== key) {
    element("alarm-list").dataset.key = key;
    element("alarm-list").replaceChildren(...alarms.occurrences.map(item));
  }
  banner.hidden = !row;
  if (!row) return;
  const look = `${row.priority}${row.sounds ? " loud" : ""}`;
  if (banner.className !== look) banner.className = look;
  const others = alarms.occurrences.filter((one) => one.priority !== "info").length - 1;
  const words = {
    "alarm-text": row.text + (others > 0 ? ` (and ${others} more)` : ""),
    "alarm-detail": line(row),
    "alarm-todo": row.what_to_do,
    "alarm-pause": alarms.audio_paused_s == null ? "Silence 2 min" : `Silent for ${Math.ceil(alarms.audio_paused_s)} s`,
  };
  for (const [id, text] of Object.entries(words)) {
    if (element(id).textContent !== text) element(id).textContent = text;
  }
  element("alarm-seen").hidden = !row.sounds;
}

element("alarm-seen").addEventListener("click", () => top() && act("/alarms/acknowledge", { occurrence: top().id }));
element("alarm-pause").addEventListener("click", () => act("/alarms/audio-pause"));
element("link-pause").addEventListener("click", () => { linkPausedUntil = performance.now() + LINK_PAUSE_MS; });
for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, unlock);
