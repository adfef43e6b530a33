// One model with all of its details.

/** The prices per token, which are shown per million; the others are per unit. */
const byToken = /^(prompt|completion|internal_reasoning|input_cache_.*|input_audio_cache|audio.*|image_token|image_output)$/;

/** Shows a model; or, with a `note` that says why there is no row of it, its id and its history. */
function showDetails(model, onClose, note = null) {
  const dialog = byID("details");
  setText("details-name", String(model.name ?? model.id));
  const architecture = model.architecture ?? {};
  const list = (values) => (Array.isArray(values) && values.length ? values.join(", ") : none);
  const rows = [
    ["id", model.id], ["canonical slug", model.canonical_slug], ["alias of", model.alias_target?.slug],
    ["created", Number.isFinite(model.created) ? day(model.created) : null],
    ["context", model.context_length ? `${count(model.context_length)} tokens` : null],
    ["max completion tokens", model.top_provider?.max_completion_tokens ? `${count(model.top_provider.max_completion_tokens)} tokens` : null],
    ["input modalities", list(architecture.input_modalities)], ["output modalities", list(architecture.output_modalities)],
    ["tokenizer", architecture.tokenizer], ["supported parameters", list(model.supported_parameters)],
    ["knowledge cutoff", model.knowledge_cutoff], ["expires", model.expiration_date], ["Hugging Face", model.hugging_face_id],
  ];
  byID("details-body").replaceChildren(
    model.description ? el("p", {}, String(model.description)) : "", definitions(rows),
    ...(note === null ? [el("h3", {}, "Pricing"), definitions(Object.entries(model.pricing ?? {}).map(priceRow))] : [el("p", {}, note)]),
    pastPrices(String(model.id)),
    ...benchmarkParts(model.benchmarks),
    note === null ? el("details", {}, el("summary", {}, "As JSON"),
      el("pre", { tabindex: 0, role: "region", "aria-label": "As JSON" }, JSON.stringify(model, null, 2))) : "");
  if (!dialog.open) dialog.showModal();
  byID("details-name").focus();
  dialog.onclose = onClose;
}

function definitions(rows) {
  return el("dl", {}, ...rows.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .flatMap(([name, value]) => [el("dt", {}, String(name)), el("dd", {}, String(value))]));
}

const priceRow = ([name, price]) => [spaced(name), priceOf(name, price).join("")];

function benchmarkParts(benchmarks) {
  const rows = Object.entries(benchmarks?.artificial_analysis ?? {}).map(([name, value]) => [name.replaceAll("_", " "), value]);
  for (const one of benchmarks?.design_arena ?? []) {
    rows.push([`design arena, ${one.category ?? one.arena}`, `${one.elo}${one.rank ? `, rank ${one.rank}` : ""}`]);
  }
  return rows.length ? [el("h3", {}, "Benchmarks"), definitions(rows)] : [];
}

function startDetails() {
  byID("details-close").addEventListener("click", () => byID("details").close());
  // A click outside the dialog closes it.
  byID("details").addEventListener("click", (event) => {
    if (event.target === byID("details")) byID("details").close();
  });
}
