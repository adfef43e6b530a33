// The list of models: the API's answer to the filters as a table and a plot.

const browser = {
  rows: [], total: 0, column: null, descending: false, open: null,
  // What was asked for: its address, unless that failed; the same without the offset; what came.
  asking: null, asked: null, list: null, shown: null,
  // When the catalogue was fetched; undefined until the status has shown it.
  fetched: undefined,
  // Whether a list has come, whether there is a catalogue, and why not.
  isLoaded: false, isThere: false, problem: null, missing: null,
};

const index = (name) => (model) => model.benchmarks?.artificial_analysis?.[name] ?? null;

/** A column is {key, label, value for sorting (null comes last), text, className, descends: what the first click does}. */
const columns = [
  { key: "name", label: "Model", value: (model) => String(model.name ?? model.id).toLowerCase() },
  { key: "context", label: "Context", value: (model) => Number(model.context_length) || null, text: (model) => tokens(model.context_length), className: number, descends: true },
  { key: "input", label: "Prompt $/M", value: (model) => perMillion(model.pricing?.prompt), text: (model) => priceText(perMillion(model.pricing?.prompt)), className: number },
  { key: "output", label: "Completion $/M", value: (model) => perMillion(model.pricing?.completion), text: (model) => priceText(perMillion(model.pricing?.completion)), className: number },
  ...["intelligence", "coding", "agentic"].map((name) => ({
    key: name, label: name[0].toUpperCase() + name.slice(1), value: index(`${name}_index`), className: number, descends: true,
    text: (model) => String(index(`${name}_index`)(model) ?? none),
  })),
  { key: "kind", label: "Modality", value: (model) => model.architecture?.modality ?? null, text: kindOf, className: "free" },
  { key: "created", label: "Created", value: (model) => model.created ?? null, text: (model) => day(model.created), className: number, descends: true },
];

function kindOf(model) {
  const { input_modalities: reads, output_modalities: gives } = model.architecture ?? {};
  return Array.isArray(reads) && Array.isArray(gives) ? `${reads.join("+")} → ${gives.join("+")}` : String(model.architecture?.modality ?? none);
}

/** Fetches the list again if the controls changed. A field also reports this when it loses the focus; redrawing then would swallow the click. */
function filtersChanged() {
  if (listAddress() === browser.asked) return;
  // Another list is shown from its beginning.
  if (wholeList() !== browser.list) byID("filter-offset").value = "";
  reloadModels();
}

const listAddress = (query = readFilters()) => `${listPath()}?${query}`;

/** The same without the offset. */
function wholeList() {
  const query = readFilters();
  query.delete("offset");
  return listAddress(query);
}

/**
 * How the list is fetched: the browser's copy may be of an earlier catalogue, so Larder is asked whether it is still the list.
 * Without a Cache-Control here the browser would send one that makes Larder ask upstream.
 */
const checked = { cache: "no-cache", headers: { "Cache-Control": "min-fresh=0" } };

/** Fetches the list for the current filters. With `isAgain`, what has not changed is not drawn again. */
async function reloadModels(isAgain = false) {
  const query = readFilters();
  Object.assign(browser, { asked: listAddress(query), list: wholeList() });
  writeHash(query);
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  const address = `..${listPath()}${text ? `?${text}` : ""}`;
  byID("query-link").href = address;
  setText("query-text", `${listPath()}${text ? `?${text}` : ""}`);
  browser.asking?.abort();
  const asking = new AbortController();
  browser.asking = asking;
  try {
    const answer = await fetch(address, { ...checked, signal: AbortSignal.any([asking.signal, AbortSignal.timeout(30000)]) });
    const received = await answer.text();
    if (!answer.ok) throw new AnswerProblem(answer.status, messageOf(received));
    const body = parsed(received);
    if (!Array.isArray(body?.data)) throw new Error("the answer is not a list");
    browser.rows = body.data;
    browser.total = body.total_count ?? body.data.length;
    browser.isLoaded = true;
    markFilters(query, null);
    showFound(null);
    const shown = `${address} ${received}`;
    if (!isAgain || browser.shown !== shown) showModels();
    browser.shown = shown;
    openFromHash();
  } catch (error) {
    if (asking.signal.aborted) return;
    browser.asked = null;
    markFilters(query, error.status === 400 ? reasonOf(error) : null);
    showFound(reasonOf(error));
  } finally {
    if (browser.asking === asking) browser.asking = null;
  }
}

function showFound(problem) {
  const node = byID("found");
  browser.problem = problem;
  node.dataset.state = problem ? "bad" : "good";
  if (problem && !browser.isLoaded) return setNodeText(node, browser.missing ? `No catalogue yet: ${browser.missing}` : `No list: ${problem}`);
  if (problem) return setNodeText(node, `The request failed, so the list below is unchanged: ${problem}`);
  const all = counted(browser.total, "model", "models");
  setNodeText(node, browser.rows.length < browser.total ? `${all}, ${count(browser.rows.length)} shown` : all);
}

/** The status has shown whether there is a catalogue: if another one has come, it is shown. */
function catalogueSeen(status) {
  const wasThere = browser.isThere;
  const fetched = fetchedAt(status);
  browser.isThere = fetched !== null;
  browser.missing = browser.isThere ? null : whyNone(status);
  if (!browser.isLoaded && browser.problem !== null) {
    if (browser.isThere && !wasThere) offerWhole();
    showFound(browser.problem);
  }
  // The list has been asked for just now.
  if (!browser.isThere || (browser.fetched === undefined && browser.problem === null)) browser.fetched = fetched;
  if (!isOtherFetch(browser.fetched, fetched)) return;
  // What has the focus again when the dialog closes must not be replaced, and what is half typed is no question yet.
  if (browser.asking || byID("details").open || (browser.asked ?? listAddress()) !== listAddress()) return;
  browser.fetched = fetched;
  reloadModels(true);
}

function sortedRows() {
  const column = columns.find((one) => one.key === browser.column);
  if (!column) return browser.rows;
  const valued = browser.rows.map((row, index) => ({ row, index, value: column.value(row) }));
  valued.sort((one, other) => {
    if (one.value === null || other.value === null) return (one.value === null) - (other.value === null) || one.index - other.index;
    const order = one.value < other.value ? -1 : one.value > other.value ? 1 : 0;
    return (browser.descending ? -order : order) || one.index - other.index;
  });
  return valued.map(({ row }) => row);
}

function showModels() {
  const rows = sortedRows();
  const focused = document.activeElement?.dataset.id;
  byID("models-table").hidden = false;
  const lines = rows.map((row) => {
    // Roles, because as a card in a narrow window it is laid out as no table.
    const line = el("tr", { role: "row" }, ...columns.map((column) => {
      if (column.key !== "name") {
        const text = column.text(row);
        return el("td", { class: `${column.className ?? ""}${text === none ? " nil" : ""}`, role: "cell", "data-label": column.label },
          // A line may break after a plus.
          ...(text.includes("+") ? text.split(/(?<=\+)/).flatMap((part) => [el("wbr"), part]) : [text]));
      }
      const button = el("button", { type: "button", class: "plain", "data-id": row.id }, String(row.name ?? row.id));
      return el("th", { scope: "row", role: "rowheader" }, button, el("span", { class: "id" }, String(row.id)),
        row.expiration_date ? el("span", { class: "expires" }, `expires ${row.expiration_date}`) : null);
    }));
    // The button is for the keyboard, whose clicks are the button's; the mouse can have all of the row, unless it selects text.
    line.addEventListener("click", (event) => {
      if (event.target.closest("button") || getSelection().isCollapsed) openModel(row);
    });
    return line;
  });
  if (lines.length === 0) lines.push(el("tr", { role: "row" }, el("td", { colspan: columns.length, class: "empty", role: "cell" }, noneText())));
  byID("models-rows").replaceChildren(...lines);
  if (focused) byID("models-rows").querySelector(`button[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  for (const cell of byID("models-head").children) {
    if (cell.dataset.key === browser.column) cell.setAttribute("aria-sort", browser.descending ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  }
  drawScatter(browser.rows);
  showPager();
}

/** Why the list has no rows. */
function noneText() {
  if (browser.total === 0) return "No model matches these filters.";
  return `This page is past the end of the list, which has ${counted(browser.total, "model", "models")}.`;
}

function sortBy(column) {
  const first = Boolean(column.descends);
  // A third click restores the order of the answer.
  if (browser.column !== column.key) Object.assign(browser, { column: column.key, descending: first });
  else if (browser.descending === first) browser.descending = !first;
  else browser.column = null;
  showModels();
  writeHash(readFilters());
}

function showPager() {
  const query = readFilters();
  const limit = Number(query.get("limit")) || 0;
  const offset = Number(query.get("offset")) || 0;
  const isLast = offset + browser.rows.length >= browser.total;
  byID("pager").hidden = !limit && !offset && isLast;
  byID("previous").disabled = offset === 0;
  byID("next").disabled = isLast;
  setText("page-note", browser.rows.length ? `${count(offset + 1)} to ${count(offset + browser.rows.length)} of ${count(browser.total)}` : `none of ${count(browser.total)}`);
}

function turnPage(direction) {
  const limit = Number(byID("filter-limit").value) || browser.rows.length || browser.total;
  // From past the end, the page before is the last one.
  const from = Math.min(Number(byID("filter-offset").value) || 0, browser.total);
  const offset = Math.max(0, from + direction * limit);
  byID("filter-offset").value = offset ? String(offset) : "";
  reloadModels();
}

function openModel(row, note = null) {
  browser.open = row.id;
  writeHash(readFilters());
  showDetails(row, () => {
    browser.open = null;
    writeHash(readFilters());
  }, note);
}

/** Opens the model in the address. */
function openFromHash() {
  if (browser.open === null || byID("details").open) return;
  const row = browser.rows.find((one) => one.id === browser.open);
  if (row) openModel(row);
  else openByID(browser.open);
}

function writeHash(query) {
  const all = new URLSearchParams(query);
  if (browser.column) all.set("_by", (browser.descending ? "-" : "") + browser.column);
  if (browser.open !== null) all.set("_model", browser.open);
  if (byID("view").value) all.set("_view", byID("view").value);
  for (const [name, value] of changeFilters()) all.set(`_${name}`, value);
  const text = all.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  if (location.hash.slice(1) !== text) history.replaceState(null, "", text ? `#${text}` : location.pathname);
}

function readHash() {
  const query = new URLSearchParams(location.hash.slice(1));
  const before = browser.open;
  const by = query.get("_by") ?? "";
  browser.descending = by.startsWith("-");
  browser.column = columns.find((column) => column.key === by.replace(/^-/, ""))?.key ?? null;
  browser.open = query.get("_model");
  chooseView(query.get("_view"));
  writeChangeFilters(query);
  writeFilters(query);
  if ([...readFilters().keys()].some((name) => name !== "q" && name !== "sort")) byID("more").open = true;
  const dialog = byID("details");
  if (!dialog.open || browser.open === before) return;
  // The event of closing comes later, and must not take the next model out of the address.
  if (browser.open !== null) dialog.onclose = null;
  dialog.close();
}

function startModels() {
  byID("models-head").append(...columns.map((column) => {
    const button = el("button", { type: "button" }, column.label);
    button.addEventListener("click", () => sortBy(column));
    return el("th", { scope: "col", role: "columnheader", class: column.className, "data-key": column.key }, button);
  }));
  startFilters(filtersChanged);
  byID("view").addEventListener("change", filtersChanged);
  startScatter(openModel);
  startDetails();
  byID("previous").addEventListener("click", () => turnPage(-1));
  byID("next").addEventListener("click", () => turnPage(1));
  readHash();
  addEventListener("hashchange", () => {
    readHash();
    reloadModels();
  });
  reloadModels();
  offerWhole();
}

/** Fetches the whole catalogue once, to offer its parameters and authors as choices. */
async function offerWhole() {
  try {
    const answer = await fetch("../api/v1/models?output_modalities=all", { signal: AbortSignal.timeout(30000) });
    if (answer.ok) offerFrom((await answer.json()).data);
  } catch {
    // The list itself shows the error; the choices from the address exist anyway.
  }
}
