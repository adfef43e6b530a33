// The small plots. Each is an SVG that is redrawn when its width changes. With the focus on it, the arrow keys move between times or
// bars, and the slider's value describes the selected one.

const plotHeight = 150;
const plotEdges = { left: 46, right: 6, top: 10, bottom: 20 };

class Plot {
  /**
   * `host` is the parent element, `label` the id of its caption. `draw(plot)` draws `plot.data`; `describe(index)` returns the text
   * for one item of it.
   */
  constructor(host, label, draw, describe) {
    this.host = host;
    this.draw = draw;
    this.describe = describe;
    this.positions = [];
    this.at = null;
    this.frame = svg("svg", {
      height: plotHeight, role: "slider", tabindex: 0, "aria-labelledby": label, "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0,
    });
    this.drawing = svg("g", { "aria-hidden": "true" });
    this.mark = svg("g", { "aria-hidden": "true" });
    this.frame.append(this.drawing, this.mark);
    this.readout = el("p", { class: "readout", "aria-hidden": "true" });
    host.append(this.readout, this.frame);
    this.frame.addEventListener("keydown", (event) => this.onKey(event));
    this.frame.addEventListener("focus", () => this.point(this.at ?? this.positions.length - 1));
    this.frame.addEventListener("blur", () => this.point(null));
    this.frame.addEventListener("pointermove", (event) => this.onPointer(event));
    this.frame.addEventListener("pointerleave", () => this.point(null));
    new ResizeObserver(() => this.update(this.data)).observe(host);
  }

  get width() { return Math.max(200, this.host.clientWidth); }
  get right() { return this.width - plotEdges.right; }
  get floor() { return plotHeight - plotEdges.bottom; }

  /** The vertical position of a share of the axis. */
  height(share) { return this.floor - share * (this.floor - plotEdges.top); }

  /** Draws `data`, and stores the centre of every selectable item in `positions`. */
  update(data) {
    if (!data) return;
    this.data = data;
    this.positions = [];
    this.frame.setAttribute("viewBox", `0 0 ${this.width} ${plotHeight}`);
    this.drawing.replaceChildren(...this.draw(this));
    const last = Math.max(0, this.positions.length - 1);
    this.frame.setAttribute("aria-valuemax", last);
    this.point(this.at === null ? null : Math.min(this.at, last));
  }

  /** Selects an item, or none. */
  point(index) {
    this.at = index !== null && this.positions[index] !== undefined ? index : null;
    const shown = this.at ?? this.positions.length - 1;
    const words = shown >= 0 ? this.describe(this.data, shown) : "no data yet";
    this.frame.setAttribute("aria-valuenow", Math.max(0, shown));
    this.frame.setAttribute("aria-valuetext", words);
    this.mark.replaceChildren();
    setNodeText(this.readout, words);
    if (this.at === null) return;
    const x = this.positions[this.at];
    this.mark.append(svg("line", { class: "cursor", x1: x, x2: x, y1: plotEdges.top, y2: this.floor }));
  }

  onKey(event) {
    const last = this.positions.length - 1;
    const at = this.at ?? last;
    const next = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.point(Math.max(0, Math.min(last, next)));
  }

  onPointer(event) {
    const x = event.clientX - this.frame.getBoundingClientRect().left;
    let nearest = null;
    this.positions.forEach((position, index) => {
      if (nearest === null || Math.abs(position - x) < Math.abs(this.positions[nearest] - x)) nearest = index;
    });
    this.point(nearest);
  }

  /** Horizontal lines for these values of the vertical axis, each with its text. */
  grid(values, top, text, bottom = 0) {
    return values.flatMap((value) => {
      const y = this.height((value - bottom) / (top - bottom));
      return [
        svg("line", { class: value === bottom ? "axis" : "grid", x1: plotEdges.left, x2: this.right, y1: y, y2: y }),
        svg("text", { x: plotEdges.left - 5, y: y + 4, "text-anchor": "end" }, text(value)),
      ];
    });
  }

  /** The time axis, with a text every quarter of an hour if there is space. */
  hours() {
    const steps = this.width < 380 ? [60, 30, 0] : [60, 45, 30, 15, 0];
    return steps.map((minutes) => svg("text", {
      x: this.right - (minutes / 60) * (this.right - plotEdges.left), y: plotHeight - 5,
      "text-anchor": minutes === 60 ? "start" : minutes === 0 ? "end" : "middle",
    }, minutes === 0 ? "now" : `−${minutes} min`));
  }
}

/** The next larger round number. */
function roundUp(value) {
  if (value <= 4) return 4;
  // Its half is on the axis as well, so it must be an integer.
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= value);
}

/** The name and the style of each part of a minute's bar, lowest first. */
const outcomes = [["hits", "hit"], ["stale", "stale"], ["misses", "miss"], ["passed through", "passed"], ["refused or failed", "other"]];

/**
 * The points of the status as sixty minutes, the last one still running. Requests to Larder's own paths (health, metrics, this
 * page's status every two seconds) are counted as `own`, not as requests.
 */
function minutesOf(history, now) {
  const last = Math.floor(now / 60) * 60;
  const minutes = Array.from({ length: 60 }, (_, index) =>
    ({ time: last - (59 - index) * 60, requests: 0, hits: 0, stale: 0, misses: 0, passed: 0, own: 0, errors: 0, steps: [] }));
  for (const point of history.points) {
    const minute = minutes[59 - (last - Math.floor(point.time / 60) * 60) / 60];
    if (!minute) continue;
    for (const name of ["hits", "stale", "misses", "passed", "own", "errors"]) minute[name] += point[name];
    minute.requests += point.requests - point.own;
    if (point.requests > point.own && point.p50_us !== null) minute.steps.push({ weight: point.requests - point.own, p50: point.p50_us, p99: point.p99_us });
  }
  return minutes;
}

function requestsPlot(host) {
  return new Plot(host, "requests-caption", (plot) => {
    const top = roundUp(Math.max(...plot.data.map((minute) => minute.requests)));
    const step = (plot.right - plotEdges.left) / 60;
    const height = (value) => (value / top) * (plot.floor - plotEdges.top);
    const bars = plot.data.flatMap((minute, index) => {
      const x = plotEdges.left + index * step;
      plot.positions.push(x + step / 2);
      let y = plot.floor;
      const rest = Math.max(0, minute.requests - minute.hits - minute.stale - minute.misses - minute.passed);
      const parts = [["hit", minute.hits], ["stale", minute.stale], ["miss", minute.misses], ["passed", minute.passed], ["other", rest]];
      const rects = parts.filter(([, value]) => value > 0).map(([name, value]) => {
        y -= height(value);
        return svg("rect", { class: `fill-${name}`, x: x + 0.5, y, width: Math.max(1, step - 1), height: height(value) });
      });
      if (minute.errors > 0) rects.push(svg("path", { class: "fill-error", d: `M${x + step / 2 - 4} ${y - 8}h8l-4 6z` }));
      return rects;
    });
    return [...plot.grid([0, top / 2, top], top, (value) => count(value)), ...bars, ...plot.hours()];
  }, (data, index) => {
    const minute = data[index];
    const parts = [`${minuteTime(minute.time)}: ${counted(minute.requests, "request", "requests")}`, counted(minute.hits, "hit", "hits")];
    for (const [name, word] of [["stale", "stale"], ["misses", "missed"], ["passed", "passed through"], ["errors", "with an error"]]) {
      if (minute[name]) parts.push(`${count(minute[name])} ${word}`);
    }
    return parts.join(", ");
  });
}

/** The hit ratio of a minute: the share of cacheable requests that were answered without a fetch; null if there were none. */
function ratioOf(minute) {
  const all = minute.hits + minute.stale + minute.misses;
  return all === 0 ? null : (minute.hits + minute.stale) / all;
}

/** A line through these points, broken where one is null. */
function lineOf(points, name) {
  let path = "";
  points.forEach((point, index) => {
    if (point) path += `${points[index - 1] ? "L" : "M"}${point[0]} ${point[1]}`;
  });
  return [
    svg("path", { class: `line-${name}`, d: path || "M0 0" }),
    // A minute between two without requests has no line, so it gets a point.
    ...points.filter(Boolean).map(([x, y]) => svg("circle", { class: `fill-${name}`, cx: x, cy: y, r: 2 })),
  ];
}

function ratioPlot(host) {
  return new Plot(host, "ratio-caption", (plot) => {
    const step = (plot.right - plotEdges.left) / 60;
    const points = plot.data.map((minute, index) => {
      const x = plotEdges.left + (index + 0.5) * step;
      plot.positions.push(x);
      const ratio = ratioOf(minute);
      return ratio === null ? null : [x, plot.height(ratio)];
    });
    return [...plot.grid([0, 0.5, 1], 1, (value) => `${value * 100} %`), ...plot.hours(), ...lineOf(points, "hit")];
  }, (data, index) => {
    const ratio = ratioOf(data[index]);
    return `${minuteTime(data[index].time)}: ${ratio === null ? "no requests" : percent(ratio)}`;
  });
}

/** The quantiles that are drawn: name, value of a minute, style. */
const quantiles = [["p50", middleOf, "hit"], ["p99", worstOf, "miss"]];

/** The median of a minute: that of its steps, each of which counts as much as it has requests. */
function middleOf({ steps }) {
  const sorted = [...steps].sort((one, other) => one.p50 - other.p50);
  let rest = sorted.reduce((sum, step) => sum + step.weight, 0) / 2;
  return sorted.find((step) => (rest -= step.weight) <= 0)?.p50 ?? null;
}

/** A bound of a minute's 99th percentile: that of its slowest step. */
function worstOf({ steps }) {
  return steps.length ? Math.max(...steps.map((step) => step.p99)) : null;
}

function latencyPlot(host) {
  return new Plot(host, "latency-caption", (plot) => {
    const values = plot.data.flatMap((minute) => quantiles.map(([, of]) => of(minute))).filter((value) => value > 0);
    // Whole powers of ten, in microseconds; a single value still gets one on each side.
    const low = Math.floor(Math.log10(Math.min(1e5, ...values)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(10, ...values))));
    const step = (plot.right - plotEdges.left) / 60;
    plot.positions = plot.data.map((_, index) => plotEdges.left + (index + 0.5) * step);
    const powers = Array.from({ length: high - low + 1 }, (_, index) => low + index);
    const lines = quantiles.map(([, of, name]) => lineOf(plot.data.map((minute, index) => {
      const value = of(minute);
      return value > 0 ? [plot.positions[index], plot.height((Math.log10(value) - low) / (high - low))] : null;
    }), name));
    return [...plot.grid(powers, high, (power) => micros(10 ** power), low), ...plot.hours(), ...lines.flat()];
  }, (data, index) => {
    const minute = data[index];
    const words = minute.steps.length ? quantiles.map(([name, of]) => `${name} ${micros(of(minute))}`).join(", ") : "no requests";
    return `${minuteTime(minute.time)}: ${words}`;
  });
}
