// What changed in the catalogue, the newest first: docs/changes.md. It is asked for when the page opens, when a filter changes, and when
// the status shows that another catalogue has come.

const changeKinds = [
  "added", "removed", "returned", "price", "context", "parameters", "modalities", "expiration", "renamed", "alias", "other", "shrunk",
];
/** How many changes are shown, step by step. Larder sends at most one more. */
const changeCounts = [20, 100, 300, 999];
/** Without a new catalogue, and after an error, they are asked for again after this many milliseconds. */
const changesAgain = 60000;

const changes = {
  /** Whether a history may be kept; null until the status has shown it. */
  isKept: null,
  rows: [], step: 0, asking: null, asked: null, askedAt: 0, shown: null,
  /** The process, when its catalogue was fetched, and how often to ask: a new catalogue is compared soon after it has come. */
  pid: null, fetched: null, due: 0,
};
let resolveKept;
/** Whether a history may be kept, once the status has shown it. */
const keptKnown = new Promise((resolve) => { resolveKept = resolve; });

function startChanges() {
  const form = byID("change-filters");
  const field = (name, label) => el("div", { class: "field" }, el("label", { for: `change-${name}` }, label),
    // A name such as `id` would hide the form's own member.
    el("input", { id: `change-${name}`, name: `change-${name}`, type: "text", autocomplete: "off", spellcheck: "false" }));
  const kinds = el("div", { class: "choices", "data-choices": "kind" });
  form.append(el("fieldset", { class: "kinds" }, el("legend", {}, "Kinds, any of"), kinds),
    el("div", { class: "pairs" }, field("id", "Model: an id or a pattern such as openai/* or *:free"), field("until", "Before a date (in UTC), a time or an age such as 7d")));
  offer(kinds, changeKinds);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", whenQuiet(200, changeFiltersChanged));
  form.addEventListener("change", changeFiltersChanged);
  byID("changes-clear").addEventListener("click", () => {
    writeChangeFilters(new URLSearchParams());
    writeHash(readFilters());
    form.querySelector("input").focus();
  });
  byID("changes-more").addEventListener("click", () => {
    changes.step = Math.min(changes.step + 1, changeCounts.length - 1);
    loadChanges();
  });
}

const kindChoices = () => byID("change-filters").querySelector("[data-choices]");

/** The filters as a query. */
function changeFilters() {
  const query = new URLSearchParams();
  const kinds = [...kindChoices().querySelectorAll("input:checked")].map((input) => input.value).join(",");
  for (const [name, value] of [["kind", kinds], ["id", byID("change-id").value.trim()], ["until", byID("change-until").value.trim()]]) {
    if (value) query.set(name, value);
  }
  return query;
}

/** Sets the controls to what the address has, and asks again if that is something else. */
function writeChangeFilters(query) {
  const wanted = (query.get("_kind") ?? "").split(",").filter(Boolean);
  offer(kindChoices(), wanted);
  for (const input of kindChoices().querySelectorAll("input")) input.checked = wanted.includes(input.value);
  for (const name of ["id", "until"]) byID(`change-${name}`).value = query.get(`_${name}`) ?? "";
  if (!changes.isKept || changeFilters().toString() === changes.asked) return;
  changes.step = 0;
  loadChanges();
}

function changeFiltersChanged() {
  if (changeFilters().toString() === changes.asked) return;
  changes.step = 0;
  writeHash(readFilters());
  loadChanges();
}

/** The status has shown whether there is a state directory, and how old the catalogue is. */
function changesSeen(status) {
  if (changes.pid !== status.pid) Object.assign(changes, { pid: status.pid, isKept: status.state.enabled, due: 1 });
  resolveKept(changes.isKept);
  if (!changes.isKept) {
    if (!status.state.enabled) showNoChanges("No history is kept: there is no state directory.");
    return;
  }
  const fetched = fetchedAt(status);
  if (isOtherFetch(changes.fetched, fetched)) Object.assign(changes, { fetched, due: 2 });
  if (changes.due === 0 && Date.now() - changes.askedAt < changesAgain) return;
  // What has the focus again when the dialog closes must not be replaced.
  if (changes.asking || (byID("details").open && changes.shown !== null)) return;
  changes.due = Math.max(0, changes.due - 1);
  loadChanges();
}

async function loadChanges() {
  const query = changeFilters();
  const text = readable(query);
  changes.asked = query.toString();
  for (const [id, path] of [["changes-link", "changes"], ["feed-link", "changes.atom"]]) byID(id).href = `${path}${text ? `?${text}` : ""}`;
  setText("changes-text", `/_larder/changes${text ? `?${text}` : ""}`);
  changes.asking?.abort();
  const asking = new AbortController();
  Object.assign(changes, { asking, askedAt: Date.now() });
  const most = changeCounts[changes.step];
  query.set("limit", String(most + 1));
  try {
    const answer = await fetch(`changes?${query}`, { signal: AbortSignal.any([asking.signal, AbortSignal.timeout(30000)]) });
    const body = await answer.text();
    if (!answer.ok) throw new AnswerProblem(answer.status, messageOf(body));
    const page = JSON.parse(body);
    if (!Array.isArray(page.data)) throw new Error("the answer is not a list");
    // What has not changed is not drawn again.
    const shown = `${most} ${body}`;
    if (changes.shown !== shown) showChanges(page.data.reverse(), most);
    changes.shown = shown;
    await showChangesFound(most, asking.signal);
    markChangeFilters(null);
  } catch (error) {
    if (!asking.signal.aborted) showChangesProblem(error);
  } finally {
    if (changes.asking === asking) changes.asking = null;
  }
}

/** A query as a reader would write it. */
const readable = (query) => query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");

/** An answer that is an error, with what it says. */
class AnswerProblem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** JSON as a value; null if it is none. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const messageOf = (text) => parsed(text)?.error?.message ?? "no reason given";

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

function showNoChanges(text) {
  byID("changes-body").hidden = true;
  byID("no-changes").hidden = false;
  setText("no-changes", text);
}

function showChangesProblem(error) {
  if (error.status === 404) {
    changes.isKept = false;
    return showNoChanges(sentence(error.message));
  }
  const reason = reasonOf(error);
  if (changes.shown === null && error.status !== 400) return showNoChanges(`The changes could not be read: ${reason}.`);
  showChangesBody();
  byID("changes-found").dataset.state = "bad";
  setText("changes-found", changes.shown === null ? `The request failed: ${reason}` : `The request failed, so the changes below are as before: ${reason}`);
  markChangeFilters(error.status === 400 ? reason : null);
}

function showChangesBody() {
  byID("changes-body").hidden = false;
  byID("no-changes").hidden = true;
}

/** Marks the field that Larder has rejected. */
function markChangeFilters(message) {
  byID("changes-clear").disabled = changeFilters().size === 0;
  for (const name of ["id", "until"]) {
    const isWrong = message !== null && message.startsWith(`${name} `);
    for (const [attribute, value] of [["aria-invalid", "true"], ["aria-describedby", "changes-found"]]) {
      if (isWrong) byID(`change-${name}`).setAttribute(attribute, value);
      else byID(`change-${name}`).removeAttribute(attribute);
    }
  }
}

/** How many changes there are; or, if there are none, since when. */
async function showChangesFound(most, signal) {
  const { length } = changes.rows;
  const query = changeFilters();
  let text = counted(Math.min(length, most), "change", "changes");
  if (length > most) text = `The newest ${text}; there are more${most === changeCounts.at(-1) ? ". A filter or an earlier time leads to them" : ""}`;
  if (length === 0) text = query.size === 0 ? await beginning(signal) : "No change matches these filters";
  if (length === 0 && query.has("id") && !/[*?/]/.test(query.get("id"))) text += `. A pattern is compared with the whole id: try *${query.get("id")}*`;
  byID("changes-found").dataset.state = "good";
  setText("changes-found", text);
  showChangesBody();
  byID("changes-more").hidden = length <= most || most === changeCounts.at(-1);
  // Without any change at all there is nothing to filter.
  for (const id of ["change-filters", "changes-scroll"]) byID(id).hidden = length === 0 && query.size === 0;
  byID("changes-clear").hidden = length === 0 && query.size === 0;
}

/** When the history began, which only the metrics have. */
async function beginning(signal) {
  const answer = await fetch("../metrics", { cache: "no-store", signal });
  const seconds = answer.ok ? /^larder_history_seconds (\d+)/m.exec(await answer.text()) : null;
  if (!answer.ok) return "No change is recorded";
  if (!seconds) return "The history begins with the next catalogue that is fetched";
  const began = Date.now() / 1000 - Number(seconds[1]);
  const isToday = localDay(began) === localDay(Date.now() / 1000);
  return `The history began ${isToday ? "today" : `on ${localDay(began)}`} at ${minuteTime(began)}; nothing has changed since`;
}

function showChanges(rows, most) {
  changes.rows = rows;
  const focused = document.activeElement?.dataset.cursor;
  const lines = rows.slice(0, most).map((change) => {
    const about = change.id === null ? "the catalogue" : el("button", { type: "button", class: "plain", "data-cursor": change.cursor }, change.id);
    if (change.id !== null) about.addEventListener("click", () => openByID(change.id));
    return el("tr", { role: "row", "data-cursor": change.cursor },
      el("td", { role: "cell", "data-label": "Time" }, timeText(Date.parse(change.at) / 1000)),
      el("td", { role: "cell", "data-label": "Kind" }, String(change.kind)),
      el("th", { scope: "row", role: "rowheader" }, about),
      el("td", { role: "cell", class: "free words" }, ...changeWords(change).map((words) => el("span", {}, words))));
  });
  if (lines.length === 0) lines.push(el("tr", { role: "row" }, el("td", { colspan: 4, class: "empty", role: "cell" }, "No change.")));
  byID("change-rows").replaceChildren(...lines);
  if (focused) byID("change-rows").querySelector(`button[data-cursor="${CSS.escape(focused)}"]`)?.focus();
}

/** Opens a model as the catalogue has it now, which the list may not show any more or not yet; or its history, if it is gone. */
async function openByID(id) {
  browser.open = id;
  const [found, note] = await askForModel(id);
  // Meanwhile a reader may have opened another one.
  if (browser.open === id && !byID("details").open) openModel(found ?? { id }, note);
}

/** A model of the whole catalogue; or null, and why. */
async function askForModel(id) {
  try {
    const query = new URLSearchParams({ output_modalities: "all", q: id });
    const answer = await fetch(`../api/v1/models?${query}`, { signal: AbortSignal.timeout(30000) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const found = (await answer.json()).data.find((one) => one.id === id);
    return found ? [found, null] : [null, "This model is not in the catalogue now."];
  } catch (error) {
    return [null, `This model could not be loaded from the catalogue: ${reasonOf(error)}.`];
  }
}
