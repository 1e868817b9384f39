// SPDX-License-Identifier: Apache-2.0
// The live chart. Memory is bounded: when the buffer is full, its older half loses every second row.

const ROWS_MAX = 7200;
const ROW_PERIOD_MS = 500;
const COLUMNS = 9; // minutes, skin, tumor, healthy, set-point, cap, trip, field, field cap
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export class Chart {
  constructor(element) {
    this.element = element;
    this.rows = [];
    this.lastRowAt = -Infinity;
    this.lines = [null, null, null];
    this.plot = null;
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.rebuild());
  }

  /** Limits that are drawn as lines: skin cap, skin trip, field cap. */
  setLimits(limits) {
    this.lines = [limits.skin_c_cap, limits.skin_c_trip, limits.field_ka_per_m_cap];
  }

  /** Start from the console's history: [treatment s, skin, tumor, healthy, set-point, field]. */
  load(rows) {
    this.rows = [];
    rows.forEach((row) => this.push(row));
    this.draw();
  }

  /** Add one row at most every half second; returns nothing, draws when due. */
  add(row, now = performance.now()) {
    if (now - this.lastRowAt < ROW_PERIOD_MS) return;
    this.lastRowAt = now;
    this.push(row);
    this.draw();
  }

  /** Leave a hole where events are missing: a straight line would be an invention. */
  gap() {
    const last = this.rows.at(-1);
    if (last) this.push([last[0], null, null, null, null, null]);
  }

  push(row) {
    const last = this.rows.at(-1);
    if (last && row[0] < last[0]) this.rows = []; // another controller, another clock
    this.rows.push(row);
    if (this.rows.length > ROWS_MAX) {
      const half = ROWS_MAX / 2;
      this.rows = this.rows.filter((_, index) => index >= half || index % 2 === 0);
    }
  }

  draw() {
    if (!this.plot) this.rebuild();
    else this.plot.setData(this.data());
    if (!(this.plot.cursor.left >= 0)) this.plot.setLegend({ idx: this.rows.length - 1 }); // newest
  }

  data() {
    const [cap, trip, fieldCap] = this.lines;
    const columns = Array.from({ length: COLUMNS }, () => []);
    for (const [seconds, skin, tumor, healthy, setpoint, field] of this.rows) {
      const values = [seconds / 60, skin, tumor, healthy, setpoint > 0 ? setpoint : null, cap, trip, field, fieldCap];
      values.forEach((value, index) => columns[index].push(value));
    }
    return columns;
  }

  size() {
    return { width: Math.max(280, this.element.clientWidth), height: 380 };
  }

  rebuild() {
    this.plot?.destroy();
    const line = (label, name, digits, unit, extra) => ({
      label, stroke: color(name), width: 2, points: { show: false }, spanGaps: false, ...extra,
      value: (_, value) => (value == null ? "–" : `${value.toFixed(digits)} ${unit}`),
    });
    const degrees = (label, name, extra) => line(label, name, 1, "°C", { scale: "c", ...extra });
    const axis = (label, scale, extra) => ({
      label, scale, stroke: color("soft"), grid: { stroke: color("grid"), width: 1 }, ticks: { stroke: color("grid") }, ...extra,
    });
    const amplitude = { scale: "field", width: 1.5 };
    this.plot = new uPlot({
      ...this.size(),
      scales: {
        x: { time: false },
        c: { range: (_, low, high) => [Math.min(32, (low ?? 34) - 1), Math.max(46, (high ?? 44) + 1)] },
        field: { range: (_, low, high) => [0, Math.max(9, (high ?? 0) * 1.15)] },
      },
      axes: [axis("treatment time, min", "x"), axis("°C", "c"), axis("kA/m peak", "field", { side: 1, grid: { show: false } })],
      series: [
        { label: "min", value: (_, value) => (value == null ? "–" : value.toFixed(1)) },
        degrees("skin", "skin", { width: 2.5 }),
        degrees("tumor", "tumor", { dash: [10, 4] }),
        degrees("healthy", "healthy", { dash: [4, 3] }),
        degrees("set-point", "soft", { width: 1, dash: [6, 6] }),
        degrees("skin cap", "limit", { width: 1, dash: [2, 4] }),
        degrees("skin trip", "limit", { width: 1.5 }),
        line("field", "field", 2, "kA/m", amplitude),
        line("field cap", "field", 2, "kA/m", { ...amplitude, width: 1, dash: [2, 4] }),
      ],
    }, this.data(), this.element);
  }
}
