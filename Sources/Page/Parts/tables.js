// The tables of the status: the last hour, upstream's last answers, what is stored.

const number = "n";

const historyColumns = [
  { text: (point) => clockTime(point.time), heading: true },
  { text: (point) => count(point.requests - point.own), className: number },
  ...["hits", "stale", "misses", "passed", "errors", "own"].map((name) => ({ text: (point) => count(point[name]), className: number })),
  { text: (point) => micros(point.p50_us), className: number },
  { text: (point) => micros(point.p99_us), className: number },
];

const recentColumns = [
  { text: (one) => clockTime(one.time) },
  { text: (one) => one.resource, heading: true },
  { text: (one) => one.status === null ? none : String(one.status), className: number },
  { text: (one) => `${count(one.duration_ms)} ms`, className: number },
  { text: (one) => bytes(one.bytes), className: number },
  { text: (one) => one.error ?? "none", className: "free" },
];

const entryColumns = [
  { text: (entry) => entry.resource, heading: true },
  { text: (entry) => entry.key === null ? "everyone" : `key ${entry.key}` },
  { text: (entry) => entry.state, state: (entry) => entryStates[entry.state] ?? "none" },
  { text: (entry) => span(entry.age_seconds), className: number },
  { text: (entry) => entry.ttl_seconds > 0 ? span(entry.ttl_seconds) : "no longer", className: number },
  { text: (entry) => String(entry.status), className: number },
  { text: (entry) => count(entry.models), className: number },
  { text: (entry) => bytes(entry.bytes), className: number },
];

function showTables(status) {
  const body = byID("history-rows");
  // Three hundred rows are not kept up to date behind a closed lid.
  if (body.closest("details").open) {
    fillRows(body, status.history.points.filter((point) => point.requests > point.own).reverse(), historyColumns, "No requests in the last hour.");
  }
  fillRows(byID("recent-rows"), status.upstream.recent, recentColumns, "Upstream was not asked for anything yet.");
  fillRows(byID("entry-rows"), status.entries, entryColumns, "Nothing is stored.");
  const pauses = status.upstream.backing_off;
  byID("pauses").hidden = pauses.length === 0;
  tell("pauses", "Left alone after failures: "
    + pauses.map((pause) => `${pause.resource} for ${span(pause.seconds)} more`).join("; "));
  showKeys(status.keys);
}

/** The keys that have entries of their own, each with a button. */
function showKeys(keys) {
  const list = byID("keys");
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
    setText(item.firstElementChild, `key ${key.fingerprint}: ${counted(key.entries, "entry", "entries")}, ${bytes(key.bytes)}`);
    const button = item.lastElementChild;
    button.dataset.key = key.fingerprint;
    setText(button, `Purge key ${key.fingerprint}…`);
  });
}
