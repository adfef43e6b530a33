// The filters: one control for every parameter of the list. The page's address has the filters after the #, written as in the
// query, so that a view can be bookmarked and shared. Names that begin with _ there belong to the page.

const modalities = ["text", "image", "embeddings", "audio", "video", "rerank", "decisions", "speech", "transcription"];
const sorts = [
  ["newest", "newest first"], ["context-high-to-low", "most context"], ["pricing-low-to-high", "cheapest"],
  ["pricing-high-to-low", "most expensive"], ["intelligence-high-to-low", "intelligence index"], ["coding-high-to-low", "coding index"],
  ["agentic-high-to-low", "agentic index"], ["design-arena-elo-high-to-low", "design arena rating"],
  ["throughput-high-to-low", "throughput (upstream)"], ["latency-low-to-high", "latency (upstream)"],
  ["most-popular", "most popular (upstream)"], ["top-weekly", "top this week (upstream)"],
];
const categories = [
  "programming", "roleplay", "marketing", "marketing/seo", "technology", "science", "translation", "legal", "finance", "health", "trivia",
  "academia",
];
const yesOrNo = [["true", "yes"], ["false", "no"]];

/** The group of the filters that need a request to upstream for every value. */
const atUpstream = "Answered by upstream (press Enter)";

/** Every filter by group: [parameter, label, kind, values]. The first group is always open. A test compares it with ParameterTable. */
const filterGroups = [
  [null, [["q", "Name or id", "search"], ["sort", "Sort by", "select", sorts]]],
  ["Output modalities (default: text)", [["output_modalities", null, "choices", ["all", ...modalities]]]],
  ["Input modalities, all of", [["input_modalities", null, "choices", ["text", "image", "audio", "file", "video"]]]],
  ["Supported parameters, all of", [["supported_parameters", null, "choices", []]]],
  ["Author, any of", [["model_authors", null, "choices", []]]],
  ["Price, $ per million tokens", [
    ["min_price", "Prompt, at least", "decimal"], ["max_price", "Prompt, at most", "decimal"],
    ["min_output_price", "Completion, at least", "decimal"], ["max_output_price", "Completion, at most", "decimal"],
  ]],
  ["Size and age", [
    ["context", "Context, at least", "integer"], ["arch", "Tokenizer", "text", []],
    ["min_age_days", "Days old, at least", "integer"], ["max_age_days", "Days old, at most", "integer"],
  ]],
  ["Benchmarks", [
    ["min_intelligence_index", "Intelligence, at least", "decimal"], ["max_intelligence_index", "Intelligence, at most", "decimal"],
    ["min_coding_index", "Coding, at least", "decimal"], ["max_coding_index", "Coding, at most", "decimal"],
    ["min_agentic_index", "Agentic, at least", "decimal"], ["max_agentic_index", "Agentic, at most", "decimal"],
  ]],
  [atUpstream, [
    ["category", "Category", "text", categories], ["providers", "Providers, any of", "text"],
    ["distillable", "May be distilled", "select", yesOrNo], ["zdr", "No data retention", "select", yesOrNo],
    ["region", "Region", "text", ["eu"]],
    ["min_tool_success_rate", "Tool success, at least", "decimal"], ["max_tool_success_rate", "Tool success, at most", "decimal"],
  ]],
  ["Paging", [["limit", "Maximum rows", "integer"], ["offset", "Rows to skip", "integer"]]],
];
const parameters = filterGroups.flatMap(([, fields]) => fields.map(([name]) => name));

function startFilters(onChange) {
  const form = byID("filters");
  const [[, first], ...others] = filterGroups;
  const more = el("details", { id: "more" }, el("summary", { id: "more-summary" }, "More filters"),
    el("div", { class: "groups" }, ...others.map(([legend, fields]) => fieldGroup(legend, fields))));
  form.append(el("div", { class: "first" }, ...first.map(control)), more);
  form.addEventListener("submit", (event) => event.preventDefault());
  const typed = whenQuiet(200, onChange);
  form.addEventListener("input", (event) => {
    // Half a word would cost a request to upstream, so these fields apply when they lose the focus, or on Enter.
    if (!event.target.closest("[data-late]")) typed();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) onChange();
  });
  form.addEventListener("change", onChange);
  byID("clear").addEventListener("click", () => {
    writeFilters(new URLSearchParams());
    onChange();
    form.querySelector("input").focus();
  });
}

function fieldGroup(legend, fields) {
  const isList = fields[0][2] === "choices";
  return el("fieldset", { "data-late": legend === atUpstream }, el("legend", {}, legend),
    el("div", { class: isList ? "" : "pairs" }, ...fields.map(control)));
}

function control([name, label, kind, values]) {
  if (kind === "choices") {
    const group = el("div", { class: "choices", "data-choices": name });
    offer(group, values);
    return group;
  }
  const id = `filter-${name}`;
  let input;
  if (kind === "select") {
    input = el("select", { id, name }, el("option", { value: "" }, name === "sort" ? "upstream’s order" : "any"),
      ...values.map(([value, text]) => el("option", { value }, text)));
  } else {
    // Text, not number: the input is sent to Larder unchanged, and Larder reports errors.
    const list = values ? `${id}-list` : null;
    input = el("input", {
      id, name, list, type: kind === "search" ? "search" : "text", autocomplete: "off", spellcheck: "false",
      inputmode: kind === "decimal" ? "decimal" : kind === "integer" ? "numeric" : null,
    });
    if (list) return el("div", { class: "field" }, el("label", { for: id }, label), input, suggestions(list, values));
  }
  return el("div", { class: "field" }, el("label", { for: id }, label), input);
}

function suggestions(id, values) {
  return el("datalist", { id }, ...values.map((value) => el("option", { value })));
}

/** Adds missing values to a group of choices. */
function offer(group, values) {
  const known = new Set([...group.querySelectorAll("input")].map((input) => input.value));
  for (const value of values) {
    if (known.has(value)) continue;
    known.add(value);
    group.append(el("label", {}, el("input", { type: "checkbox", value, name: group.dataset.choices }), value));
  }
  group.classList.toggle("many", known.size > 12);
}

/** Offers the catalogue's parameters, authors and tokenizers. */
function offerFrom(models) {
  const all = (values) => [...new Set(values.filter(Boolean))].sort();
  offer(choices("supported_parameters"), all(models.flatMap((model) => model.supported_parameters ?? [])));
  offer(choices("model_authors"), all(models.map((model) => String(model.id).replace(/^~/, "").split("/")[0].toLowerCase())));
  byID("filter-arch-list").replaceWith(suggestions("filter-arch-list", all(models.map((model) => model.architecture?.tokenizer))));
}

const choices = (name) => byID("filters").querySelector(`[data-choices="${name}"]`);

/** The filters as a query. */
function readFilters() {
  const query = new URLSearchParams();
  for (const name of parameters) {
    const group = choices(name);
    const value = group
      ? [...group.querySelectorAll("input:checked")].map((input) => input.value).join(",")
      : byID(`filter-${name}`).value.trim();
    if (value) query.set(name, value);
  }
  return query;
}

/** Sets the controls to a query; adds values that a control does not offer. */
function writeFilters(query) {
  for (const name of parameters) {
    const value = query.get(name) ?? "";
    const group = choices(name);
    if (group) {
      const wanted = value.split(",").map((one) => one.trim()).filter(Boolean);
      offer(group, wanted);
      for (const input of group.querySelectorAll("input")) input.checked = wanted.includes(input.value);
    } else {
      const input = byID(`filter-${name}`);
      if (input.tagName === "SELECT" && ![...input.options].some((option) => option.value === value)) {
        input.append(el("option", { value }, value));
      }
      input.value = value;
    }
  }
}

/** Shows the number of hidden filters, and which one Larder rejected, if it did. */
function markFilters(query, message) {
  const hidden = [...query.keys()].filter((name) => name !== "q" && name !== "sort").length;
  setText("more-summary", hidden ? `More filters (${hidden} set)` : "More filters");
  byID("clear").disabled = query.size === 0;
  for (const name of parameters) {
    const input = byID(`filter-${name}`);
    if (!input) continue;
    if (message && new RegExp(`(^|[^a-z_])${name}([^a-z_]|$)`).test(message)) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", "found");
    } else {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
  }
}
