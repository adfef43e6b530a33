// Freshness and health at a glance.

/** The appearance of an entry's state. */
const entryStates = { fresh: "good", stale: "warn", expired: "bad" };

function showGlance(status) {
  const version = `version ${status.version}, in front of ${status.demo ? "the built-in demo catalogue" : status.upstream.url}`;
  setText("about", version);
  setText("process", `Larder ${status.version}, process ${status.pid}, up for ${span(status.uptime_seconds)}, `
    + `${counted(status.workers, "loop", "loops")}, on ${status.listen.join(", ")}`);
  showCatalog(status);
  showUpstream(status);
  setText("hit-ratio", percent(status.requests.hit_ratio));
  for (const name of ["hit", "stale", "miss", "passed", "own", "error"]) setText(`requests-${name}`, count(status.requests[name]));
  markSome("requests-error", status.requests.error, "bad");
  setText("requests-total", count(status.requests.total - status.requests.own));
  setText("connections", `${count(status.connections)} of ${count(status.connection_limit.max)}`);
  const { cache, state } = status;
  setText("cache-bytes", bytes(cache.bytes));
  fillBar("cache-bar", cache.bytes, cache.max_bytes);
  setText("cache-note", `of ${bytes(cache.max_bytes)}; ${counted(cache.entries, "entry", "entries")}, ${counted(cache.answers, "answer", "answers")}, `
    + `${count(cache.evictions)} evicted`);
  if (!state.enabled) {
    setState("state-state", "none", "off");
    setText("state-note", "a restart starts without copies");
  } else {
    setState("state-state", state.healthy ? "good" : "bad", state.healthy ? "healthy" : "failing");
    setText("state-note", `${bytes(state.bytes)} in ${state.dir ?? "memory"}`);
  }
  showFleet(status.fleet);
}

/** This process as a replica of a fleet; nothing without one. */
function showFleet(fleet) {
  byID("fleet").hidden = !fleet;
  if (!fleet) return;
  const isUp = fleet.state === "up";
  setState("fleet-state", isUp ? "good" : "bad", isUp ? counted(fleet.replicas, "replica", "replicas") : "alone");
  for (const name of ["leases", "waits", "failures"]) setText(`fleet-${name}`, count(fleet[name]));
  markSome("fleet-failures", fleet.failures, "warn");
  const copies = `${counted(fleet.taken, "copy", "copies")} taken, ${count(fleet.given)} given; ${counted(fleet.alone, "fetch", "fetches")} alone`;
  // Without the engine there is no number of replicas, and the counts are those of before.
  const why = (fleet.notice ?? "the engine is not connected yet").replace(/^fleet: /, "");
  setText("fleet-note", isUp ? copies : `${why}; ${copies}`);
}

/** The stored catalogue: the shared one, or else a key's. */
function catalogOf(status) {
  const lists = status.entries.filter((entry) => entry.resource === "/models" && entry.status < 400);
  return lists.find((one) => one.key === null) ?? lists[0];
}

/** When the stored catalogue was fetched; null if there is none. */
function fetchedAt(status) {
  const entry = catalogOf(status);
  return entry ? status.started + status.uptime_seconds - entry.age_seconds : null;
}

/** Whether two such times are those of two fetches. They are made of whole seconds, so those of one fetch may differ by one. */
const isOtherFetch = (one, other) => one !== other && !(Math.abs(one - other) <= 1);

/** Why the last fetch of the catalogue failed; null if it did not. */
function whyNone({ upstream }) {
  const last = upstream.recent.find((one) => one.resource === "/models") ?? upstream.last_failure;
  if (last?.resource !== "/models" || !isFailure({ error: last.message, ...last })) return null;
  return last.status ? `upstream answers ${last.status}` : last.error ?? last.message;
}

function showCatalog(status) {
  const entry = catalogOf(status);
  if (!entry) {
    const problem = whyNone(status);
    setState("catalog-state", problem ? "bad" : "none", "none yet");
    fillBar("catalog-bar", 0, 1);
    setText("catalog-note", problem ?? "the next request for models fetches it");
    return;
  }
  setState("catalog-state", entryStates[entry.state] ?? "none", entry.state);
  fillBar("catalog-bar", Math.max(0, entry.ttl_seconds), Math.max(1, entry.age_seconds + Math.max(0, entry.ttl_seconds)));
  const rest = entry.ttl_seconds > 0 ? `fresh for ${span(entry.ttl_seconds)} more` : `stale for ${span(-entry.ttl_seconds)}`;
  setText("catalog-note", `${counted(entry.models, "model", "models")}, fetched ${span(entry.age_seconds)} ago, ${rest}`);
}

function showUpstream(status) {
  const { upstream } = status;
  const now = status.started + status.uptime_seconds;
  const failedLast = (upstream.last_failure?.time ?? -1) > (upstream.last_success ?? -1);
  if (upstream.backing_off.length > 0) {
    setState("upstream-state", "warn", "backing off");
  } else if (failedLast) {
    setState("upstream-state", "bad", "failing");
  } else if (upstream.last_success !== null) {
    setState("upstream-state", "good", "answering");
  } else {
    setState("upstream-state", "none", "no requests yet");
  }
  const parts = [`${counted(upstream.requests, "request", "requests")}, ${count(upstream.failures)} failed`];
  if (upstream.last_success !== null) parts.push(`last answer ${span(now - upstream.last_success)} ago`);
  if (failedLast) parts.push(upstream.last_failure.message);
  setText("upstream-note", parts.join("; "));
}

function fillBar(id, value, whole) {
  byID(id).style.width = `${Math.max(0, Math.min(100, (100 * value) / whole))}%`;
}
