// Price against context: a point for every row, both axes logarithmic. Rows that have no place on such an axis (free, unknown price,
// no context) are in separate lanes beside it, so that no row is missing. Points at the same place are moved apart. The authors with
// the most points have colours of their own.

const scatterHeight = 330;

const scatter = { rows: [], points: [], frame: null, order: [], open: null, width: 0, colours: new Map() };
const colourCount = 8;
const hint = "Point at a model, or use Tab and the arrow keys; Enter opens it.";

const authorOf = (row) => String(row.id).replace(/^~/, "").split("/")[0].toLowerCase();

/** Gives the most frequent authors of these rows a colour each. An author that has one keeps it. */
function colourAuthors(rows) {
  const numbers = new Map();
  for (const row of rows) numbers.set(authorOf(row), (numbers.get(authorOf(row)) ?? 0) + 1);
  const most = [...numbers.keys()].sort((one, other) => numbers.get(other) - numbers.get(one)).slice(0, colourCount);
  const before = scatter.colours;
  const taken = new Set(most.map((author) => before.get(author)));
  const free = Array.from({ length: colourCount }, (_, index) => index + 1).filter((colour) => !taken.has(colour));
  scatter.colours = new Map(most.map((author) => [author, before.get(author) ?? free.shift()]));
  const items = most.map((author) => [author, scatter.colours.get(author), numbers.get(author)]);
  const rest = rows.length - items.reduce((sum, [, , number]) => sum + number, 0);
  if (rest > 0) items.push(["others", 0, rest]);
  byID("scatter-key").replaceChildren(...items.map(([author, colour, number]) =>
    keyItem(`${author} ${count(number)}`, svg("circle", { class: `point c${colour}`, cx: 5, cy: 5, r: 4.5 }))));
}

/** Moves points that cover each other apart: each to the nearest free place on a spiral around its own. */
function moveApart(points) {
  const cells = new Map();
  const cellOf = (x, y) => `${Math.floor(x / closest)},${Math.floor(y / closest)}`;
  const isFree = (x, y) => [-1, 0, 1].every((right) => [-1, 0, 1].every((down) =>
    (cells.get(cellOf(x + right * closest, y + down * closest)) ?? []).every((other) => Math.hypot(other.cx - x, other.cy - y) >= closest)));
  for (const point of points) {
    const { cx, cy } = point;
    // In a lane beside the axes there is room at the sides only.
    for (let turn = 0; turn < 250 && !isFree(point.cx, point.cy); turn += 1) {
      const away = 1.6 * Math.sqrt(turn + 1);
      point.cx = cx + away * (point.isInLane ? 2 : 1) * Math.cos(2.4 * turn);
      point.cy = cy + (point.isInLane ? 0.5 : 1) * away * Math.sin(2.4 * turn);
    }
    const cell = cellOf(point.cx, point.cy);
    cells.set(cell, [...(cells.get(cell) ?? []), point]);
  }
}

/** The least distance between two points, in pixels. */
const closest = 5;

function startScatter(open) {
  scatter.open = open;
  setText("scatter-readout", hint);
  scatter.frame = svg("svg", { height: scatterHeight, role: "group", "aria-labelledby": "scatter-caption" });
  const host = byID("scatter");
  host.append(scatter.frame);
  new ResizeObserver(() => {
    // Redrawn only if the width changes, because that replaces the focused element.
    if (scatter.width !== host.clientWidth) drawScatter();
  }).observe(host);
  scatter.frame.addEventListener("pointermove", (event) => markNear(nearest(event)));
  scatter.frame.addEventListener("pointerleave", () => markNear(null));
  scatter.frame.addEventListener("click", (event) => {
    const point = nearest(event);
    if (point) choose(point);
  });
  // Not on the SVG itself: browsers make an SVG with a focus listener a tab stop.
  host.addEventListener("keydown", onScatterKey);
  host.addEventListener("focusin", (event) => markNear(pointOf(event.target)));
  host.addEventListener("focusout", () => markNear(null));
}

/** A logarithmic axis from `low` to `high` over the pixels from `start` to `end`. */
function logAxis(values, start, end) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const from = Math.log10(low) - 0.12;
  const to = Math.log10(high) + 0.12;
  const position = (value) => start + ((Math.log10(value) - from) / (to - from)) * (end - start);
  const steps = to - from > 2.6 ? [1] : to - from > 1.3 ? [1, 3] : [1, 2, 5];
  const ticks = [];
  for (let power = Math.floor(from); power <= to; power += 1) {
    for (const step of steps) {
      const value = Number(`${step}e${power}`);
      if (Math.log10(value) >= from && Math.log10(value) <= to) ticks.push(value);
    }
  }
  return { position, ticks };
}

function drawScatter(rows = scatter.rows) {
  const focused = pointOf(document.activeElement)?.row.id;
  scatter.rows = rows;
  byID("scatter-figure").hidden = rows.length === 0;
  if (rows.length === 0) {
    scatter.points = scatter.order = [];
    return scatter.frame.replaceChildren();
  }
  colourAuthors(rows);
  scatter.width = byID("scatter").clientWidth;
  const width = Math.max(240, scatter.width);
  const data = rows.map((row) => {
    const price = perMillion(row.pricing?.prompt);
    // A number that is too large for a browser has no place on an axis.
    const [dollars, context] = [price === null ? NaN : Number(decimal(price)), Number(row.context_length)];
    return { row, price: Number.isFinite(dollars) ? dollars : null, context: Number.isFinite(context) ? context : 0 };
  });
  const lanes = [];
  if (data.some((one) => one.price === null)) lanes.push("unknown");
  if (data.some((one) => one.price === 0)) lanes.push("free");
  const hasNoContext = data.some((one) => one.context <= 0);
  const edges = { left: 62 + (hasNoContext ? 34 : 0), right: width - 14, top: 24, bottom: scatterHeight - 42 - 26 * lanes.length };
  const contexts = data.map((one) => one.context).filter((value) => value > 0);
  const prices = data.map((one) => one.price).filter((value) => value > 0);
  const x = logAxis(contexts.length ? contexts : [1000, 1e6], edges.left, edges.right);
  const y = logAxis(prices.length ? prices : [0.1, 10], edges.bottom, edges.top);
  const laneAt = (name) => edges.bottom + 20 + 26 * lanes.indexOf(name);
  const parts = scatterAxes(x, y, edges, lanes, laneAt, hasNoContext);
  scatter.points = data.map((one) => {
    const isPriced = one.price > 0;
    const cx = one.context > 0 ? x.position(one.context) : edges.left - 22;
    const cy = isPriced ? y.position(one.price) : laneAt(one.price === 0 ? "free" : "unknown");
    const context = one.context > 0 ? `${tokens(one.context)} context` : "context unknown";
    const price = one.price === null ? "price unknown" : one.price === 0 ? "free" : `${priceText(perMillion(one.row.pricing.prompt))} per million prompt tokens`;
    const words = `${one.row.name ?? one.row.id}: ${price}, ${context}`;
    return { row: one.row, cx, cy, words, isInLane: !isPriced, node: null };
  });
  moveApart(scatter.points);
  for (const point of scatter.points) {
    const colour = scatter.colours.get(authorOf(point.row)) ?? 0;
    point.node = svg("circle", {
      class: `point c${colour}${point.isInLane ? " hollow" : ""}`, cx: point.cx.toFixed(1), cy: point.cy.toFixed(1), r: 4,
      role: "button", tabindex: -1, "aria-label": point.words,
    });
  }
  scatter.order = [...scatter.points].sort((one, other) => one.cx - other.cx || one.cy - other.cy);
  const current = scatter.order.find((point) => point.row.id === focused);
  (current ?? scatter.order[0])?.node.setAttribute("tabindex", 0);
  scatter.frame.setAttribute("viewBox", `0 0 ${width} ${scatterHeight}`);
  // The few with a colour lie above the many in grey.
  const nodes = scatter.points.map((point) => point.node);
  nodes.sort((one, other) => other.classList.contains("c0") - one.classList.contains("c0"));
  scatter.frame.replaceChildren(...parts, ...nodes);
  if (current) current.node.focus({ preventScroll: true });
}

function scatterAxes(x, y, edges, lanes, laneAt, hasNoContext) {
  const bottom = scatterHeight - 34;
  const parts = [];
  for (const value of x.ticks) {
    const at = x.position(value);
    parts.push(svg("line", { class: "grid", x1: at, x2: at, y1: edges.top, y2: edges.bottom }),
      svg("text", { x: at, y: bottom + 14, "text-anchor": "middle" }, tokens(value)));
  }
  for (const value of y.ticks) {
    const at = y.position(value);
    parts.push(svg("line", { class: "grid", x1: edges.left, x2: edges.right, y1: at, y2: at }),
      svg("text", { x: 50, y: at + 4, "text-anchor": "end" }, `$${value}`));
  }
  for (const lane of lanes) {
    parts.push(svg("line", { class: "grid", x1: edges.left, x2: edges.right, y1: laneAt(lane), y2: laneAt(lane) }),
      svg("text", { x: 50, y: laneAt(lane) + 4, "text-anchor": "end" }, lane));
  }
  if (hasNoContext) parts.push(svg("text", { x: edges.left - 22, y: bottom + 14, "text-anchor": "middle" }, "none"));
  parts.push(
    svg("line", { class: "axis", x1: edges.left, x2: edges.left, y1: edges.top, y2: edges.bottom }),
    svg("line", { class: "axis", x1: edges.left, x2: edges.right, y1: edges.bottom, y2: edges.bottom }),
    svg("text", { x: edges.right, y: bottom + 29, "text-anchor": "end" }, "context, tokens"),
    svg("text", { x: edges.left, y: 12 }, "prompt price, $ per million tokens"));
  for (const part of parts) part.setAttribute("aria-hidden", "true");
  return parts;
}

const pointOf = (node) => scatter.points.find((point) => point.node === node) ?? null;

/** The point under the pointer, or the nearest within a finger's width. */
function nearest(event) {
  const frame = scatter.frame.getBoundingClientRect();
  const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
  const away = (point) => Math.hypot(point.cx - x, point.cy - y);
  const best = scatter.points.reduce((one, other) => (one && away(one) <= away(other) ? one : other), null);
  return best && away(best) <= 22 ? best : null;
}

/** Shows the description of a point. */
function markNear(point) {
  const marked = point ?? pointOf(document.activeElement);
  for (const one of scatter.points) one.node.toggleAttribute("data-near", one === marked);
  setText("scatter-readout", marked ? marked.words : hint);
  scatter.frame.classList.toggle("pointing", Boolean(point));
}

function choose(point) {
  moveTo(point);
  scatter.open(point.row);
}

function moveTo(point) {
  for (const one of scatter.points) one.node.setAttribute("tabindex", one === point ? 0 : -1);
  point.node.focus();
}

function onScatterKey(event) {
  const point = pointOf(event.target);
  if (!point) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    return choose(point);
  }
  const across = scatter.order;
  const up = [...scatter.points].sort((one, other) => other.cy - one.cy || one.cx - other.cx);
  const next = {
    ArrowRight: () => across[across.indexOf(point) + 1], ArrowLeft: () => across[across.indexOf(point) - 1],
    ArrowUp: () => up[up.indexOf(point) + 1], ArrowDown: () => up[up.indexOf(point) - 1],
    Home: () => across[0], End: () => across.at(-1),
  }[event.key];
  if (!next) return;
  event.preventDefault();
  const target = next();
  if (target) moveTo(target);
}
