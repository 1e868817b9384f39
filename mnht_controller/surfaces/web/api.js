// SPDX-License-Identifier: Apache-2.0
// Requests to the console, and the two ways to STOP. Nothing here draws.

const BASE = "/api/v1";
const TIMEOUT_MS = 5000;
const STOP_TIMEOUT_MS = 3000;

/** A refusal or failure: `status` 0 means that no answer came; `reasons` lists all of them. */
export class Refused extends Error {
  constructor(status, detail, reasons) {
    super(detail);
    this.status = status;
    this.reasons = reasons;
  }
}

async function call(method, path, body) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const options = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(BASE + path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new Refused(0, "The console does not answer.", []);
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Refused(answer.status, data.detail ?? answer.statusText, (data.errors ?? []).map((row) => row.detail));
  }
  return data;
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);

async function listenerStop(site) {
  // A form body needs no preflight: one packet there, one back.
  const answer = await fetch(site.stop_url, {
    method: "POST",
    body: new URLSearchParams({ token: site.stop_token }),
    credentials: "omit",
    signal: AbortSignal.timeout(STOP_TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`the STOP listener answered ${answer.status}`);
}

/** Both ways at once, the STOP listener's own port first. Resolves when one obeyed, else rejects. */
export function stop(site) {
  const ways = site ? [listenerStop(site)] : [];
  ways.push(post("/session/stop"));
  return Promise.any(ways);
}
