// What went wrong: answers by status since the start, which only the metrics have, and upstream's last failures.

const answers = { started: null, counted: null, isAsking: false };

/** The label `route` in words. */
const requestNames = {
  models: "list of models", count: "count of models", user: "a key’s list of models", model: "one model", endpoints: "a model’s endpoints",
  list: "another list", data: "data", export: "export", other: "passed through", none: "unreadable",
};

/** The label `decision` in words. */
const originNames = {
  hit: "upstream, stored", stale: "upstream, stored", miss: "upstream", expired: "upstream", demanded: "upstream", passed: "upstream",
  refused: "refused by Larder", failed: "upstream failed", aborted: "the client left first",
};

/** The label `reason` of a failure in words. */
const reasonNames = { refused: "the key is refused", limited: "too many requests" };

const errorColumns = [
  { text: (row) => row.status, heading: true },
  { text: (row) => row.request, className: "free" },
  { text: (row) => row.origin, className: "free" },
  { text: (row) => count(row.count), className: "n" },
];

const failureColumns = [
  { text: (one) => timeText(one.time) },
  { text: (one) => one.resource + (one.times > 1 ? ` ×${one.times}` : ""), heading: true },
  { text: (one) => String(one.status ?? none), className: "n" },
  { text: failureText, className: "free" },
];

function failureText(one) {
  return one.error ?? one.message ?? reasonNames[one.reason] ?? (one.status === 401 ? reasonNames.refused : `upstream answered ${one.status}`);
}

const isFailure = (one) => Boolean(one.error || one.reason || one.status >= 400);

function showErrors(status) {
  askAnswers(status);
  const { upstream } = status;
  const lines = new Map();
  for (const one of upstream.recent.filter(isFailure)) {
    const kind = `${one.resource} ${one.status} ${one.error}`;
    if (lines.has(kind)) lines.get(kind).times += 1;
    else lines.set(kind, { ...one, times: 1 });
  }
  // Later requests may have pushed it out of the recent ones.
  if (lines.size === 0 && upstream.last_failure) lines.set("", { ...upstream.last_failure, times: 1 });
  setText("no-failures", upstream.requests ? `None in the last ${counted(upstream.recent.length, "response", "responses")}.` : "No requests to upstream yet.");
  showIf("failures", lines.size > 0, "no-failures");
  fillRows(byID("failure-rows"), [...lines.values()].slice(0, 8), failureColumns, "");
}

/** Shows a table or the words in its place. */
function showIf(name, isThere, words) {
  byID(`${name}-table`).hidden = !isThere;
  byID(words).hidden = isThere;
}

/** Asks for the metrics if there were requests since. */
async function askAnswers({ started, requests }) {
  const clients = requests.total - requests.own;
  if (answers.isAsking || (answers.started === started && answers.counted === clients)) return;
  answers.isAsking = true;
  try {
    const answer = await fetch("../metrics", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    showAnswers(await answer.text());
    Object.assign(answers, { started, counted: clients });
  } catch (error) {
    setText("no-errors", `The counts are not known: ${reasonOf(error)}.`);
    showIf("errors", false, "no-errors");
  } finally {
    answers.isAsking = false;
  }
}

/** Marks a count of errors that is not zero. */
function markSome(id, value, level) {
  byID(id).parentElement.dataset.some = value > 0 ? level : "";
}

function showAnswers(metrics) {
  const classes = new Map([["2", 0], ["3", 0], ["4", 0], ["o", 0]]);
  const rows = new Map();
  for (const [, route, decision, status, text] of metrics.matchAll(/^larder_requests_total\{route="(\w*)",decision="(\w*)",status="(\w*)"\} (\d+)/gm)) {
    if (decision === "own") continue;
    const number = Number(text);
    // No answer was sent to a client that left.
    if (status !== "499") classes.set(status[0], (classes.get(status[0]) ?? 0) + number);
    if (status < "400") continue;
    const [request, origin] = [requestNames[route] ?? route, originNames[decision] ?? decision];
    const kind = `${status} ${request} ${origin}`;
    if (!rows.has(kind)) rows.set(kind, { status: status === "499" ? none : status, request, origin, count: 0 });
    rows.get(kind).count += number;
  }
  for (const [name, value] of classes) if (byID(`class-${name}`)) setText(`class-${name}`, count(value));
  markSome("class-4", classes.get("4"), "warn");
  byID("class-o").parentElement.hidden = classes.get("o") === 0;
  setText("no-errors", "No errors.");
  showIf("errors", rows.size > 0, "no-errors");
  fillRows(byID("error-rows"), [...rows.values()].sort((one, other) => other.count - one.count), errorColumns, "");
}
