// One model with all of its details.

/** The prices per token, which are shown per million; the others are per unit. */
const byToken = /^(prompt|completion|internal_reasoning|input_cache_.*|audio.*|image_token|image_output)$/;

function showDetails(model, onClose) {
  const dialog = byID("details");
  tell("details-name", String(model.name ?? model.id));
  const architecture = model.architecture ?? {};
  const list = (values) => (values?.length ? values.join(", ") : none);
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
    el("h3", {}, "Pricing"), definitions(Object.entries(model.pricing ?? {}).map(priceRow)),
    ...benchmarkParts(model.benchmarks),
    el("details", {}, el("summary", {}, "As JSON"),
      el("pre", { tabindex: 0, role: "region", "aria-label": "As JSON" }, JSON.stringify(model, null, 2))));
  if (!dialog.open) dialog.showModal();
  byID("details-name").focus();
  dialog.onclose = onClose;
}

function definitions(rows) {
  return el("dl", {}, ...rows.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .flatMap(([name, value]) => [el("dt", {}, String(name)), el("dd", {}, String(value))]));
}

function priceRow([name, price]) {
  const value = typeof price === "object" ? null : scaled(price);
  if (value === null) return [name.replaceAll("_", " "), JSON.stringify(price)];
  if (value < 0n) return [name.replaceAll("_", " "), "depends on the chosen model"];
  if (byToken.test(name)) {
    return [name.replaceAll("_", " "), value === 0n ? "free" : `$${decimal(value * 1000000n)} per million tokens`];
  }
  return [name.replaceAll("_", " "), `$${decimal(value)} each`];
}

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
