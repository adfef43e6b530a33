// A model's prices over time, from /_larder/history, as a step plot in the model's details. Nothing is drawn before the first point.

/** The lines of the plot: price, style. */
const priceLines = [["prompt", "prompt"], ["completion", "completion"]];

/** The part of the details, which fills itself. */
function pastPrices(id) {
  const part = el("div", { id: "past" }, el("p", { class: "muted" }, "Loading the history."));
  askPast(id).then((nodes) => part.replaceChildren(...nodes));
  return el("section", { "aria-labelledby": "past-heading" }, el("h3", { id: "past-heading" }, "Prices over time"), part);
}

/** What the part shows in the end: a sentence, or a plot and a list. */
async function askPast(id) {
  const says = (text) => [el("p", { class: "muted" }, text)];
  await keptKnown;
  if (!changes.isKept) return says(byID("no-changes").textContent);
  try {
    const answer = await fetch(`history/${id.split("/").map(encodeURIComponent).join("/")}`, { signal: AbortSignal.timeout(30000) });
    const body = await answer.text();
    if (answer.status === 404) return says(sentence(messageOf(body)));
    if (!answer.ok) throw new Error(`${messageOf(body)} (${answer.status})`);
    const points = JSON.parse(body).data.map(pastPoint);
    return points.length > 1 ? pastParts(points) : says(onePoint(points[0]));
  } catch (error) {
    return says(`The history could not be read: ${reasonOf(error)}.`);
  }
}

/** A point as it is drawn: prices as floating-point numbers of dollars per million tokens, null if there is none. */
function pastPoint({ at, pricing, context_length: context, removed }) {
  const point = { time: Date.parse(at) / 1000, isGone: removed === true, pricing: pricing ?? null, context: context ?? null };
  for (const [name] of priceLines) {
    const value = perMillion(pricing?.[name]);
    point[name] = value === null ? null : Number(decimal(value));
  }
  return point;
}

const pointText = (point) => (point.isGone ? "not in the catalogue" : `${pricesText(point.pricing)}; ${contextText(point.context)}`);

function onePoint(point) {
  return `Nothing has changed since ${timeText(point.time)}, when its history begins: ${pointText(point)}.`;
}

/** What changed at a point, in words. */
function stepText(points, index) {
  const [before, point] = [points[index - 1], points[index]];
  if (!before) return `${pointText(point)}; its history begins`;
  if (point.isGone) return "removed";
  if (before.isGone) return `back in the catalogue: ${pointText(point)}`;
  const moves = priceMoves(before.pricing, point.pricing).map(([, words]) => words);
  if (hasOtherContext(points, index)) moves.push(move("context", before.context, point.context, tokensText));
  return moves.join("; ") || "changed";
}

/** Whether the context differs from that of the point before. */
function hasOtherContext(points, index) {
  const [before, point] = [points[index - 1], points[index]];
  return Boolean(before) && !before.isGone && !point.isGone && before.context !== point.context;
}

function pastParts(points) {
  const lines = points.map((point, index) => el("li", {}, el("span", { class: "muted" }, timeText(point.time)), " ", stepText(points, index)));
  const list = el("ul", { class: "past" }, ...lines.reverse());
  const hasPrice = points.some((point) => priceLines.some(([name]) => point[name] !== null));
  if (!hasPrice) return [el("p", { class: "muted" }, "There is no price to plot."), list];
  const host = el("div", { class: "plot", id: "past-plot" });
  const plot = new Plot(host, "past-caption", drawPast, ({ points: all }, index) => `since ${timeText(all[index].time)}: ${pointText(all[index])}`);
  plot.update({ points, until: Math.max(Date.now() / 1000, points.at(-1).time + 1) });
  const key = [
    keyItem("prompt", svg("path", { class: "line-prompt", d: "M0 5h10" })), keyItem("completion", svg("path", { class: "line-completion", d: "M0 5h10" })),
  ];
  if (points.some((_, index) => hasOtherContext(points, index))) key.push(keyItem("context changed", svg("path", { class: "fill-context", d: "M0 1h10l-5 8z" })));
  if (points.some((point) => point.isGone)) key.push(keyItem("not in the catalogue", svg("rect", { class: "gone", width: 10, height: 10 })));
  return [
    el("p", { id: "past-caption", class: "unseen" }, "Prices over time"),
    el("p", { class: "muted" }, `${counted(points.length, "point", "points")} since ${localDay(points[0].time)}, when its history begins; $ per million tokens`),
    host, el("ul", { class: "key" }, ...key),
    el("details", { id: "past-list" }, el("summary", {}, "As a list"), list),
  ];
}

/** The plot: a step for each point, which lasts until the next one. */
function drawPast(plot) {
  const { points, until } = plot.data;
  const from = points[0].time;
  const at = (time) => plotEdges.left + ((time - from) / (until - from)) * (plot.right - plotEdges.left);
  const top = priceTop(Math.max(...points.flatMap((point) => priceLines.map(([name]) => point[name] ?? 0))));
  plot.positions = points.map((point) => at(point.time));
  const steps = points.map((point, index) => {
    const [start, end] = [plot.positions[index], at(points[index + 1]?.time ?? until)];
    // A tick at the axis, because another price may be all that changed.
    const step = svg("g", { class: "step" }, svg("line", { class: "axis", x1: start, x2: start, y1: plot.floor, y2: plot.floor + 4 }));
    if (point.isGone) {
      step.append(svg("rect", { class: "gone", x: start, y: plotEdges.top, width: Math.max(1, end - start), height: plot.floor - plotEdges.top }));
      return step;
    }
    for (const [name, style] of priceLines.filter(([one]) => point[one] !== null)) {
      const height = plot.height(point[name] / top);
      const before = points[index - 1]?.[name] ?? null;
      const rise = before === null || before === point[name] ? `M${start} ${height}` : `M${start} ${plot.height(before / top)}V${height}`;
      step.append(svg("path", { class: `line-${style}`, d: `${rise}H${end}` }));
      // A step may be shorter than a pixel.
      if (before !== point[name]) step.append(svg("circle", { class: `fill-${style}`, cx: start, cy: height, r: 2.5 }));
    }
    if (hasOtherContext(points, index)) step.append(svg("path", { class: "fill-context", d: `M${start - 5} ${plotEdges.top - 8}h10l-5 8z` }));
    return step;
  });
  return [...plot.grid([0, top / 2, top], top, (value) => `$${Number(value.toPrecision(4))}`), ...dayTexts(plot, from, until), ...steps];
}

/** A round number that is not less than a price, and whose half is round too. */
function priceTop(price) {
  if (price <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(price));
  return Number((([1, 2, 4, 6, 8, 10].find((step) => step * power >= price * 0.9999)) * power).toPrecision(2));
}

/** The time axis: where it begins and ends, and the middle if there is space. */
function dayTexts(plot, from, until) {
  const length = until - from;
  const word = (time) => (length > 2 * 86400 ? localDay(time) : length > 600 ? minuteTime(time) : clockTime(time));
  const shares = plot.width < 380 ? [0, 1] : [0, 0.5, 1];
  return shares.map((share) => svg("text", {
    x: plotEdges.left + share * (plot.right - plotEdges.left), y: plotHeight - 5, "text-anchor": share === 0 ? "start" : share === 1 ? "end" : "middle",
  }, share === 1 ? "now" : word(from + share * length)));
}
