// Asking for the status every two seconds while the page can be seen, and saying so when there is no answer.

const pollEvery = 2000;
const polling = { timer: null, isAsking: false, goneSince: null };
const statusPlots = {};

/** What went wrong, in words for a reader. */
function reasonOf(error) {
  if (error.name === "TimeoutError") return "no answer in time";
  // What browsers throw when there is no connection says nothing that helps.
  return error instanceof TypeError ? "no connection" : error.message;
}

async function pollNow() {
  clearTimeout(polling.timer);
  if (polling.isAsking) return;
  if (document.hidden) return tellConnection("paused", "Paused while the page is hidden.");
  polling.isAsking = true;
  const [status, problem] = await askStatus();
  polling.isAsking = false;
  polling.timer = setTimeout(pollNow, pollEvery);
  if (problem) {
    polling.goneSince ??= Date.now() / 1000;
    tellConnection("gone", `Larder does not answer since ${clockTime(polling.goneSince)} (${problem}). Trying again every 2 seconds.`);
    return;
  }
  const wasGone = polling.goneSince !== null;
  polling.goneSince = null;
  tellConnection("live", wasGone ? "Larder answers again. Updated every 2 seconds." : "Updated every 2 seconds.");
  showStatus(status);
  if (wasGone) reloadModels();
}

/** The status, or why there is none. */
async function askStatus() {
  try {
    const answer = await fetch("status", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    return answer.ok ? [await answer.json(), null] : [null, `status ${answer.status}`];
  } catch (error) {
    return [null, reasonOf(error)];
  }
}

function tellConnection(state, text) {
  byID("connection").dataset.state = state;
  document.body.toggleAttribute("data-stale", state === "gone");
  tell("connection", text);
}

function showStatus(status) {
  showGlance(status);
  showTables(status);
  const minutes = minutesOf(status.history, status.started + status.uptime_seconds);
  statusPlots.requests.update(minutes);
  statusPlots.ratio.update(minutes);
  statusPlots.latency.update(status.latency_us);
  for (const name of ["p50", "p90", "p99", "p999"]) {
    tell(`latency-${name}`, status.requests.total > status.requests.own ? micros(status.latency_us[name]) : none);
  }
}

function startStatus() {
  statusPlots.requests = requestsPlot(byID("requests-plot"));
  statusPlots.ratio = ratioPlot(byID("ratio-plot"));
  statusPlots.latency = latencyPlot(byID("latency-plot"));
  byID("requests-key").append(...outcomes.map(([word, name]) =>
    el("li", {}, svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { class: `fill-${name}`, width: 10, height: 10 })), word)),
    el("li", {}, svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("path", { class: "fill-error", d: "M0 1h10l-5 8z" })), "errors in that minute"));
  byID("history-rows").closest("details").addEventListener("toggle", pollNow);
  document.addEventListener("visibilitychange", pollNow);
  pollNow();
}
