// SPDX-License-Identifier: Apache-2.0
// The page: shows what the controller says, never longer than it is true, and sends wishes.

import { drawAlarms, hear } from "./alarms.js";
import { Refused, get, post, stop } from "./api.js";
import { Chart } from "./chart.js";

const STALE_S = 0.8; // with the check below: a banner within a second
const CHECK_MS = 100;
const SEEN_MS = 1000;
const BEHIND_TICKS_MAX = 10;
const PENDING_MS = 1000;

const element = (id) => document.getElementById(id);
const state = { site: null, shown: null, arrivedAt: 0, behind: 0, controller: "", source: null, pending: null };
let chart = null;

// ---- drawing -------------------------------------------------------------------------------

function text(id, value) {
  const node = element(id);
  if (node.textContent !== value) node.textContent = value; // unchanged text is not touched
}

function node(tag, content, className = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (typeof content === "string") made.textContent = content;
  else made.append(...content);
  return made;
}

/** Replace a list only when its content differs, so that readers and focus are left alone. */
function list(id, items, make) {
  const target = element(id);
  const key = JSON.stringify(items);
  if (target.dataset.key === key) return;
  target.dataset.key = key;
  target.replaceChildren(...items.map(make));
}

const fixed = (value, digits) => (value == null ? "–" : value.toFixed(digits));
const clock = (seconds) => {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

function drawTemperature(role, shown, note) {
  const reading = shown.temperatures[role];
  text(role, fixed(reading?.value, 1));
  text(`${role}-note`, reading == null ? "no probe" : reading.value == null ? "no valid reading" : note);
}

function drawNumbers(shown) {
  const { limits, field, estimate } = shown;
  const target = fixed(shown.setpoint_c_prescribed, 1);
  drawTemperature("skin", shown, `set ${target}, cap ${fixed(limits.skin_c_cap, 1)}, trip ${fixed(limits.skin_c_trip, 1)}`);
  drawTemperature("tumor", shown, `cap ${fixed(limits.tumor_c_cap, 1)}`);
  drawTemperature("healthy", shown, `cap ${fixed(limits.healthy_c_cap, 1)}`);
  text("field", fixed(field.measured_ka_per_m, 2));
  const held = shown.reasons.filter((row) => row.hazards.length && ["ramp", "plateau"].includes(shown.phase));
  const permitted = field.permit_ka_per_m == null ? "off" : `permitted ${fixed(field.permit_ka_per_m, 2)}`;
  const why = held.length ? `held back: ${held[0].text}` : permitted;
  text("field-note", `${why}, cap ${fixed(limits.field_ka_per_m_cap, 1)} peak`);
  text("countdown", shown.plateau_left_s == null ? "–" : clock(shown.plateau_left_s));
  const speed = shown.speed === 1 ? "" : `, time runs ${shown.speed} x`;
  text("countdown-note", `of ${clock(shown.plateau_s_prescribed)} min; dose ${fixed(estimate.skin_cem43_min, 1)} CEM43${speed}`);
}

function tripRow(row) {
  const where = row.at == null ? "" : ` at ${clock(row.treatment_s)} min, by the ${row.by}`;
  const title = `${row.first_out ? "First: " : ""}${row.text}${where}`;
  const hazards = row.hazards.length ? ` (${row.hazards.join(", ")})` : "";
  return node("article", [node("p", title), node("p", `${row.what_to_do}${hazards}`, "note")]);
}

function drawTrips(shown) {
  const trips = [...shown.trips];
  const guardTrip = shown.guard?.first_out;
  if (guardTrip && !trips.some((trip) => trip.code === guardTrip.code)) trips.push({ ...guardTrip, first_out: !trips.length });
  element("alarms").hidden = !trips.length;
  list("alarms-list", trips, tripRow);
}

function guardText(guard) {
  const own = guard.own_skin_c == null ? "" : `; own thermometer ${fixed(guard.own_skin_c, 1)} °C`;
  return `${guard.state.toUpperCase()}: ${guard.text}${own}${guard.realtime && ` (${guard.realtime})`}`;
}

function drawSide(shown) {
  text("protocol", `${shown.protocol}, ${shown.region}`);
  const waiting = ["check", "armed"].includes(shown.phase) ? shown.unmet : [];
  element("unmet-card").hidden = !waiting.length;
  list("unmet", waiting.map((row) => [row.text, row.what_to_do]), ([what, todo]) => node("li", [what, node("small", todo)]));
  text("guard", shown.guard ? guardText(shown.guard) : "no status: the field stays off");
  const rows = shown.devices.map((row) => [row.id, row.connected, row.error || row.identity]);
  list("devices", rows, ([id, connected, detail]) =>
    node("li", [node("span", connected ? "✓" : "✗ lost", connected ? "" : "lost"), node("span", [id, node("small", detail)])]));
}

function draw(shown) {
  const phaseChanged = state.shown?.phase !== shown.phase;
  const guardChanged = state.shown?.guard?.state !== shown.guard?.state;
  if (phaseChanged && shown.phase === "standby") element("stop-result").hidden = true;
  state.shown = shown;
  state.arrivedAt = performance.now();
  state.controller = "";
  text("phase", shown.phase_title);
  text("phase-text", shown.phase_text);
  showSimulated(shown.simulated || state.site.simulated);
  drawNumbers(shown);
  drawAlarms(shown.alarms);
  drawTrips(shown);
  drawSide(shown);
  if (phaseChanged || guardChanged) drawActions();
  chart.setLimits(shown.limits);
  chart.add(chartRow(shown));
  drawFreshness();
}

function chartRow(shown) {
  const { skin, tumor, healthy } = shown.temperatures;
  const hottest = [skin, tumor, healthy].map((reading) => reading?.value ?? null);
  return [shown.treatment_s, ...hottest, shown.setpoint_c, shown.field.measured_ka_per_m];
}

function showWaiver(waiver) {
  element("waiver").hidden = !waiver;
  element("waiver").textContent = waiver ? `Guard without its own thermometer: ${waiver}` : "";
}

function showSimulated(simulated) {
  element("simulated").hidden = !simulated;
  element("simulated-words").hidden = !simulated;
}

// ---- freshness -----------------------------------------------------------------------------

function ageS() {
  return state.shown ? (performance.now() - state.arrivedAt) / 1000 + state.shown.age_s : Infinity;
}

function isFresh() {
  return ageS() <= STALE_S && state.behind <= BEHIND_TICKS_MAX;
}

/** The last value is never shown as live: grey, with its age, and a banner that says so. */
function drawFreshness() {
  if (element("desk").hidden) return;
  const fresh = isFresh();
  hear(fresh);
  document.body.classList.toggle("stale", !fresh);
  element("link-loss").hidden = fresh;
  element("link-sound").hidden = fresh || !state.shown;
  if (fresh) return;
  const who = state.controller || (state.behind > BEHIND_TICKS_MAX ? "The line is slow" : "No data from the console");
  const age = Number.isFinite(ageS()) ? `${Math.max(1, Math.round(ageS()))} s old` : "";
  text("link-loss", `${who}${age && `; what you see is ${age}`}. STOP still works.`);
  document.querySelectorAll(".number").forEach((number) => { number.dataset.age = age; });
}

async function saySeen() {
  if (!state.shown || !isFresh() && state.behind === 0 || document.visibilityState !== "visible") return;
  try {
    state.behind = (await post("/stream/seen", { tick: state.shown.tick })).behind_ticks;
  } catch (error) {
    if (error.status === 401) showLogin();
  }
}

// ---- acting --------------------------------------------------------------------------------

const WISHES = {
  standby: [["Prepare", "/session/prepare", "primary"]],
  complete: [["Prepare the next session", "/session/prepare", "primary"]],
  check: [["Abandon", "/session/abandon", ""]],
  armed: [["Start treatment", "/session/start", "primary"], ["Abandon", "/session/abandon", ""]],
  ramp: [["I am here", "/session/present", ""], ["Pause", "/session/pause", ""]],
  plateau: [["I am here", "/session/present", ""], ["Pause", "/session/pause", ""]],
  paused: [["Resume", "/session/resume", "primary"]],
  tripped: [["Reset, the cause is gone", "/session/reset", ""]],
};

function drawActions() {
  const { phase, guard } = state.shown;
  const rows = [...(WISHES[phase] ?? [])];
  if (guard?.state === "latched" && phase !== "tripped") rows.push(...WISHES.tripped);
  const buttons = rows.map(([label, path, kind]) => button(label, kind, () => post(path)));
  const reviewing = phase === "check" && guard?.state === "disabled";
  if (!reviewing) state.pending = null;
  element("review").hidden = !state.pending;
  if (state.pending) buttons.unshift(button("Confirm these limits", "primary", confirmLimits));
  element("actions").replaceChildren(...buttons);
}

function button(label, kind, act) {
  const made = node("button", label, kind);
  made.type = "button";
  made.addEventListener("click", async () => {
    made.disabled = true;
    refuse([]);
    try {
      await act();
    } catch (error) {
      refuse(error instanceof Refused && error.reasons.length ? error.reasons : [error.message]);
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

function refuse(reasons) {
  list("refusal", reasons, (reason) => node("li", reason));
}

async function confirmLimits() {
  const { envelope_sha256, nonce } = state.pending;
  try {
    await post("/session/confirm", { envelope_sha256, nonce });
  } catch (error) {
    state.pending = null; // a nonce is good once: fetch another
    throw error;
  }
}

async function fetchPending() {
  const { shown, pending } = state;
  if (!shown || shown.phase !== "check" || shown.guard?.state !== "disabled" || pending) return;
  try {
    const found = await get("/session/pending");
    if (state.shown.phase !== "check") return;
    state.pending = found;
    list("review-rows", found.rows, (row) => node("tr", [node("th", row.label), node("td", row.value)]));
    text("review-hash", found.envelope_sha256.slice(0, 16));
    refuse([]);
    drawActions();
  } catch (error) {
    refuse(error.reasons?.length ? error.reasons : [error.message]);
  }
}

/** Never asks, never waits for anything on this page; says who obeyed. */
async function stopNow() {
  const banner = element("stop-result");
  banner.hidden = false;
  banner.classList.remove("told");
  banner.textContent = "STOP sent …";
  try {
    await stop(state.site);
    banner.classList.add("told");
    banner.textContent = "STOP was taken: the field is going off. See the phase for what follows.";
  } catch {
    banner.textContent = "STOP WAS NOT CONFIRMED. Press the emergency stop of the amplifier now.";
  }
}

// ---- login and stream ----------------------------------------------------------------------

function showLogin() {
  state.source?.close();
  element("desk").hidden = true;
  element("login").hidden = false;
  for (const id of ["link-loss", "link-sound", "alarm", "alarm-list"]) element(id).hidden = true;
  text("phase", "Log in");
  text("phase-text", "");
  element("claim").focus();
}

async function openDesk() {
  state.site = await get("/site");
  text("site", state.site.site);
  showSimulated(state.site.simulated);
  showWaiver(state.site.guard_waiver);
  element("login").hidden = true;
  element("desk").hidden = false;
  text("phase", "Waiting for the controller");
  chart ??= new Chart(element("chart"));
  chart.load((await get("/session/history")).rows);
  listen();
}

function listen() {
  state.source?.close();
  const source = (state.source = new EventSource("/api/v1/stream?acknowledged=true"));
  source.addEventListener("snapshot", (event) => draw(JSON.parse(event.data)));
  source.addEventListener("past", (event) => chart.push(chartRow(JSON.parse(event.data))));
  source.addEventListener("gap", () => chart.gap());
  source.addEventListener("link", () => { state.controller = "The controller does not answer"; });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(reconnect, 1000, source);
  });
}

async function reconnect(source) {
  if (source !== state.source) return;
  try {
    await get("/site");
    listen();
  } catch (error) {
    if (error.status === 401) showLogin();
    else setTimeout(reconnect, 1000, source);
  }
}

async function logIn(claimCode) {
  text("login-error", "");
  try {
    await post("/login", { claim_code: claimCode, name: element("name").value });
    await openDesk();
  } catch (error) {
    text("login-error", error.message);
  }
}

element("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(element("claim").value);
});
element("stop").addEventListener("click", stopNow);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.repeat) stopNow();
});
setInterval(drawFreshness, CHECK_MS);
setInterval(saySeen, SEEN_MS);
setInterval(fetchPending, PENDING_MS);

get("/healthz").then((health) => showSimulated(health.simulated), () => {});
const claim = new URLSearchParams(location.hash.slice(1)).get("claim");
history.replaceState(null, "", location.pathname);
if (claim) logIn(claim);
else openDesk().catch(showLogin);
