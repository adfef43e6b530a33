// The small plots. Each is an SVG drawn anew for its width; with the focus on it, the arrow keys move from one time, or one bar, to
// the next, and what is there is told as the slider's value.

const plotHeight = 150;
const plotEdges = { left: 38, right: 6, top: 18, bottom: 20 };

class Plot {
  /**
   * `host` is where it stands, `label` the id of its caption. `draw(plot)` makes the drawing of `plot.data`, `describe(index)` says in
   * words what stands at one place of it.
   */
  constructor(host, label, draw, describe) {
    this.host = host;
    this.draw = draw;
    this.describe = describe;
    this.places = [];
    this.at = null;
    this.frame = svg("svg", {
      height: plotHeight, role: "slider", tabindex: 0, "aria-labelledby": label, "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0,
    });
    this.drawing = svg("g", { "aria-hidden": "true" });
    this.mark = svg("g", { "aria-hidden": "true" });
    this.frame.append(this.drawing, this.mark);
    host.append(this.frame);
    this.frame.addEventListener("keydown", (event) => this.onKey(event));
    this.frame.addEventListener("focus", () => this.point(this.at ?? this.places.length - 1));
    this.frame.addEventListener("blur", () => this.point(null));
    this.frame.addEventListener("pointermove", (event) => this.onPointer(event));
    this.frame.addEventListener("pointerleave", () => this.point(null));
    new ResizeObserver(() => this.update(this.data)).observe(host);
  }

  get width() { return Math.max(200, this.host.clientWidth); }
  get right() { return this.width - plotEdges.right; }
  get floor() { return plotHeight - plotEdges.bottom; }

  /** Draws `data`; it puts the middle of every place that can be pointed at into `places`. */
  update(data) {
    if (!data) return;
    this.data = data;
    this.places = [];
    this.frame.setAttribute("viewBox", `0 0 ${this.width} ${plotHeight}`);
    this.drawing.replaceChildren(...this.draw(this));
    const last = Math.max(0, this.places.length - 1);
    this.frame.setAttribute("aria-valuemax", last);
    this.point(this.at === null ? null : Math.min(this.at, last));
  }

  /** Points at a place, or at none. */
  point(index) {
    this.at = index !== null && this.places[index] !== undefined ? index : null;
    const told = this.at ?? this.places.length - 1;
    const words = told >= 0 ? this.describe(this.data, told) : "nothing yet";
    this.frame.setAttribute("aria-valuenow", Math.max(0, told));
    this.frame.setAttribute("aria-valuetext", words);
    this.mark.replaceChildren();
    if (this.at === null) return;
    const x = this.places[this.at];
    const text = svg("text", { class: "told", x: plotEdges.left, y: 11 }, words);
    this.mark.append(svg("line", { class: "cursor", x1: x, x2: x, y1: plotEdges.top, y2: this.floor }), text);
  }

  onKey(event) {
    const last = this.places.length - 1;
    const at = this.at ?? last;
    const next = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.point(Math.max(0, Math.min(last, next)));
  }

  onPointer(event) {
    const x = event.clientX - this.frame.getBoundingClientRect().left;
    let nearest = null;
    this.places.forEach((place, index) => {
      if (nearest === null || Math.abs(place - x) < Math.abs(this.places[nearest] - x)) nearest = index;
    });
    this.point(nearest);
  }

  /** Lines across for these values of the vertical axis, each with its text. */
  grid(values, top, text) {
    return values.flatMap((value) => {
      const y = this.floor - (value / top) * (this.floor - plotEdges.top);
      return [
        svg("line", { class: value === 0 ? "axis" : "grid", x1: plotEdges.left, x2: this.right, y1: y, y2: y }),
        svg("text", { x: plotEdges.left - 5, y: y + 4, "text-anchor": "end" }, text(value)),
      ];
    });
  }

  /** The hour below, a text every quarter if there is room. */
  hours() {
    const steps = this.width < 380 ? [60, 30, 0] : [60, 45, 30, 15, 0];
    return steps.map((minutes) => svg("text", {
      x: this.right - (minutes / 60) * (this.right - plotEdges.left), y: plotHeight - 5,
      "text-anchor": minutes === 60 ? "start" : minutes === 0 ? "end" : "middle",
    }, minutes === 0 ? "now" : `−${minutes} min`));
  }
}

/** A round number that is no less. */
function roundUp(value) {
  if (value <= 4) return 4;
  // Its half is on the axis as well, and has to be a whole number.
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= value);
}

/** What each part of a minute is called, and how it is drawn, lowest first. */
const outcomes = [["hits", "hit"], ["stale", "stale"], ["misses", "miss"], ["passed on", "passed"], ["refused or failed", "other"]];

/**
 * The points of the status put together to minutes: sixty of them, the last being the one in hand. What is asked of Larder itself
 * (its health, its metrics, this page's own status every two seconds) is counted as `own` and not among the requests.
 */
function minutesOf(history, now) {
  const last = Math.floor(now / 60) * 60;
  const minutes = Array.from({ length: 60 }, (_, index) =>
    ({ time: last - (59 - index) * 60, requests: 0, hits: 0, stale: 0, misses: 0, passed: 0, own: 0, errors: 0 }));
  for (const point of history.points) {
    const minute = minutes[59 - (last - Math.floor(point.time / 60) * 60) / 60];
    if (!minute) continue;
    for (const name of ["hits", "stale", "misses", "passed", "own", "errors"]) minute[name] += point[name];
    minute.requests += point.requests - point.own;
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
      plot.places.push(x + step / 2);
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
    const parts = [`${clockTime(minute.time).slice(0, 5)}: ${counted(minute.requests, "request", "requests")}`, counted(minute.hits, "hit", "hits")];
    for (const [name, word] of [["stale", "stale"], ["misses", "missed"], ["passed", "passed on"], ["errors", "with an error"]]) {
      if (minute[name]) parts.push(`${count(minute[name])} ${word}`);
    }
    return parts.join(", ");
  });
}

/** The share of a minute's requests for cached things that upstream was not asked for first; null if there were none. */
function ratioOf(minute) {
  const all = minute.hits + minute.stale + minute.misses;
  return all === 0 ? null : (minute.hits + minute.stale) / all;
}

function ratioPlot(host) {
  return new Plot(host, "ratio-caption", (plot) => {
    const step = (plot.right - plotEdges.left) / 60;
    const points = plot.data.map((minute, index) => {
      const x = plotEdges.left + (index + 0.5) * step;
      plot.places.push(x);
      const ratio = ratioOf(minute);
      return ratio === null ? null : [x, plot.floor - ratio * (plot.floor - plotEdges.top)];
    });
    let path = "";
    points.forEach((point, index) => {
      if (!point) return;
      const before = points[index - 1];
      path += `${before ? "L" : "M"}${point[0]} ${point[1]}`;
    });
    return [
      ...plot.grid([0, 0.5, 1], 1, (value) => `${value * 100} %`),
      svg("path", { class: "line-hit", d: path || "M0 0" }), ...plot.hours(),
      // A minute between two without requests has no line to be seen by.
      ...points.filter(Boolean).map(([x, y]) => svg("circle", { class: "dot-hit", cx: x, cy: y, r: 2 })),
    ];
  }, (data, index) => {
    const ratio = ratioOf(data[index]);
    return `${clockTime(data[index].time).slice(0, 5)}: ${ratio === null ? "nothing asked" : percent(ratio)}`;
  });
}

function latencyPlot(host) {
  return new Plot(host, "latency-caption", (plot) => {
    const { le, count: counts } = plot.data;
    const top = roundUp(Math.max(...counts));
    const step = (plot.right - plotEdges.left) / counts.length;
    const bars = counts.flatMap((value, index) => {
      const x = plotEdges.left + index * step;
      plot.places.push(x + step / 2);
      const height = (value / top) * (plot.floor - plotEdges.top);
      // What happened at all is to be seen beside millions of something else.
      const shown = value > 0 ? Math.max(2, height) : 0;
      const parts = [svg("rect", { class: "fill-hit", x: x + 1, y: plot.floor - shown, width: step - 2, height: shown })];
      if (index % 3 === 0 && index < le.length) {
        parts.push(svg("text", { x: x + step, y: plotHeight - 5, "text-anchor": "middle" }, micros(le[index])));
      }
      return parts;
    });
    return [...plot.grid([0, top / 2, top], top, (value) => count(value)), ...bars];
  }, (data, index) => {
    const bound = index < data.le.length ? `up to ${micros(data.le[index])}` : `over ${micros(data.le.at(-1))}`;
    return `${bound}: ${counted(data.count[index], "request", "requests")}`;
  });
}
