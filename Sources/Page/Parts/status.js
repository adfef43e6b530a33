// Fetches the status every two seconds while the page is visible, and reports failures.

const pollEvery = 2000;
const polling = { timer: null, isAsking: false, goneSince: null };
const statusPlots = {};

/** The error as text for a reader. */
function reasonOf(error) {
  if (error instanceof AnswerProblem) return `${error.message} (${error.status})`;
  if (error.name === "TimeoutError") return "no answer in time";
  // The browsers' own message for a failed connection does not help.
  return error instanceof TypeError ? "no connection" : error.message;
}

async function pollNow() {
  clearTimeout(polling.timer);
  if (polling.isAsking) return;
  if (document.hidden) return showConnection("paused", "Paused while the page is hidden.");
  polling.isAsking = true;
  const [status, problem] = await askStatus();
  polling.isAsking = false;
  polling.timer = setTimeout(pollNow, pollEvery);
  if (problem) {
    polling.goneSince ??= Date.now() / 1000;
    showConnection("gone", `No answer from Larder since ${clockTime(polling.goneSince)} (${problem}). Retrying every 2 seconds.`);
    return;
  }
  const wasGone = polling.goneSince !== null;
  polling.goneSince = null;
  showConnection("live", wasGone ? "Larder answers again. Updated every 2 seconds." : "Updated every 2 seconds.");
  showStatus(status);
  if (wasGone) reloadModels();
}

/** The status, or the reason why there is none. */
async function askStatus() {
  try {
    const answer = await fetch("status", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    return answer.ok ? [await answer.json(), null] : [null, `status ${answer.status}`];
  } catch (error) {
    return [null, reasonOf(error)];
  }
}

function showConnection(state, text) {
  byID("connection").dataset.state = state;
  document.body.toggleAttribute("data-stale", state === "gone");
  setText("connection", text);
}

function showStatus(status) {
  showVerdict(status);
  showGlance(status);
  showErrors(status);
  showTables(status);
  catalogueSeen(status);
  changesSeen(status);
  offerViews(status.views);
  const minutes = minutesOf(status.history, status.started + status.uptime_seconds);
  const isIdle = minutes.every((minute) => minute.requests === 0);
  byID("no-traffic").hidden = !isIdle;
  byID("plots").hidden = isIdle;
  byID("ratio-figure").hidden = minutes.every((minute) => ratioOf(minute) === null);
  for (const plot of Object.values(statusPlots)) plot.update(minutes);
  for (const name of ["p50", "p90", "p99", "p999"]) {
    setText(`latency-${name}`, status.requests.total > status.requests.own ? micros(status.latency_us[name]) : none);
  }
}

/** An entry of a plot's key: a sign and its meaning. */
function keyItem(word, sign) {
  return el("li", {}, svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, sign), word);
}

function startStatus() {
  statusPlots.requests = requestsPlot(byID("requests-plot"));
  statusPlots.ratio = ratioPlot(byID("ratio-plot"));
  statusPlots.latency = latencyPlot(byID("latency-plot"));
  byID("requests-key").append(...outcomes.map(([word, name]) => keyItem(word, svg("rect", { class: `fill-${name}`, width: 10, height: 10 }))),
    keyItem("5xx in that minute", svg("path", { class: "fill-error", d: "M0 1h10l-5 8z" })));
  byID("latency-key").append(...quantiles.map(([word, , name]) => keyItem(word, svg("rect", { class: `fill-${name}`, y: 3, width: 10, height: 4 }))));
  byID("history-rows").closest("details").addEventListener("toggle", pollNow);
  document.addEventListener("visibilitychange", pollNow);
  pollNow();
}
