// The tables of the status: the last hour, upstream's recent responses, the stored copies.

const number = "n";

const historyColumns = [
  { text: (point) => clockTime(point.time), heading: true },
  { text: (point) => count(point.requests - point.own), className: number },
  ...["hits", "stale", "misses", "passed", "errors", "own"].map((name) => ({ text: (point) => count(point[name]), className: number })),
  { text: (point) => micros(point.p50_us), className: number },
  { text: (point) => micros(point.p99_us), className: number },
];

const recentColumns = [
  { text: ([one]) => timeText(one.time) },
  { text: (all) => all.length > 1 ? `${all[0].resource}: ${counted(all.length, "request", "requests")}` : all[0].resource, heading: true },
  { text: statusesOf, className: number },
  { text: (all) => all.length > 1 ? `up to ${durationOf(all)}` : durationOf(all), className: number },
  { text: (all) => bytes(all.reduce((sum, one) => sum + one.bytes, 0)), className: number },
  { text: (all) => all.filter(isFailure).map(failureText)[0] ?? none, className: "free" },
];

function durationOf(all) {
  const longest = Math.max(...all.map((one) => one.duration_ms));
  return longest ? micros(1000 * longest) : "under 1 ms";
}

/** The statuses of some responses, the most frequent first: 200 ×3, 401. */
function statusesOf(all) {
  const times = new Map();
  for (const one of all) times.set(one.status ?? none, (times.get(one.status ?? none) ?? 0) + 1);
  return [...times].sort((one, other) => other[1] - one[1]).map(([status, number]) => (number > 1 ? `${status} ×${number}` : String(status))).join(", ");
}

/** The responses in lines: what was passed through has one for each kind of path, everything else one for each response. */
function linesOf(recent) {
  const lines = [];
  const kinds = new Map();
  for (const one of recent) {
    const isPassed = one.resource.startsWith("passed through");
    if (isPassed && kinds.has(one.resource)) {
      kinds.get(one.resource).push(one);
      continue;
    }
    lines.push([one]);
    if (isPassed) kinds.set(one.resource, lines.at(-1));
  }
  return lines;
}

const entryColumns = [
  { text: (entry) => entry.resource, heading: true },
  { text: (entry) => entry.key ?? "everyone" },
  // An error is stored too, for seconds, and that it is fresh is no good news.
  { text: (entry) => entry.status < 400 ? entry.state : `error, ${entry.state}`, state: (entry) => entry.status < 400 ? entryStates[entry.state] ?? "none" : "bad" },
  { text: (entry) => span(entry.age_seconds), className: number },
  { text: (entry) => entry.ttl_seconds > 0 ? span(entry.ttl_seconds) : "stale", className: number },
  { text: (entry) => String(entry.status), className: number },
  { text: (entry) => count(entry.models), className: number },
  { text: (entry) => bytes(entry.bytes), className: number },
];

function showTables(status) {
  const body = byID("history-rows");
  // The three hundred rows are updated only while they are visible.
  if (body.closest("details").open) {
    fillRows(body, status.history.points.filter((point) => point.requests > point.own).reverse(), historyColumns, "No requests in the last hour.");
  }
  fillRows(byID("recent-rows"), linesOf(status.upstream.recent), recentColumns, "No requests to upstream yet.");
  fillRows(byID("entry-rows"), status.entries, entryColumns, "Nothing is stored.");
  const pauses = status.upstream.backing_off;
  byID("pauses").hidden = pauses.length === 0;
  setText("pauses", "Backing off after failures: "
    + pauses.map((pause) => `${pause.resource} for ${span(pause.seconds)} more`).join("; "));
  showKeys(status);
}

/** The keys with their own entries, each with a purge button. */
function showKeys({ keys, entries }) {
  const list = byID("keys");
  const refused = new Set(entries.filter((entry) => entry.status === 401 || entry.status === 403).map((entry) => entry.key));
  byID("keys-heading").hidden = keys.length === 0;
  while (list.children.length > keys.length) list.lastElementChild.remove();
  keys.forEach((key, index) => {
    let item = list.children[index];
    if (!item) {
      const button = el("button", { type: "button" });
      button.addEventListener("click", () => purgeKey(button.dataset.key));
      item = el("li", {}, el("span"), button);
      list.append(item);
    }
    setNodeText(item.firstElementChild, `key ${key.fingerprint}: ${counted(key.entries, "entry", "entries")}, ${bytes(key.bytes)}`
      + (refused.has(key.fingerprint) ? "; upstream refuses it" : ""));
    const button = item.lastElementChild;
    button.dataset.key = key.fingerprint;
    setNodeText(button, `Purge key ${key.fingerprint}…`);
  });
}
