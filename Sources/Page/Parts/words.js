// Changes of a model in words: what /_larder/changes and /_larder/history report as parts of the row before and after.

/** A price's amount and its unit. */
function priceOf(name, price) {
  const value = typeof price === "object" ? null : scaled(price);
  if (value === null) return [JSON.stringify(price), ""];
  // A share of the other prices.
  if (name === "discount") return [`${decimal(value * 100n)}\u00a0%`, ""];
  if (value < 0n) return ["depends on the chosen model", ""];
  if (byToken.test(name)) return value === 0n ? ["free", ""] : [`$${decimal(value * 1000000n)}`, " per million tokens"];
  return [`$${decimal(value)}`, " each"];
}

const spaced = (name) => name.replaceAll("_", " ");

/** Prompt and completion price in one phrase. */
function pricesText(pricing) {
  const [prompt, completion] = [perMillion(pricing?.prompt), perMillion(pricing?.completion)];
  if (prompt === null && completion === null) return scaled(pricing?.prompt) < 0n ? "prices depend on the chosen model" : "no prices";
  if (prompt === 0n && completion === 0n) return "free";
  return `prompt ${priceText(prompt)}, completion ${priceText(completion)} per million tokens`;
}

const contextText = (length) => (length ? `${tokens(length)} context` : "context unknown");

/** One price before and after; null where there was or is none. */
function priceMove(name, before, after) {
  const words = name === "discount" ? name : `${spaced(name)} price`;
  if (before === null) return `${words} is now ${priceOf(name, after).join("")}`;
  if (after === null) return `${words} of ${priceOf(name, before).join("")} is gone`;
  const [[old, oldUnit], [now, unit]] = [priceOf(name, before), priceOf(name, after)];
  const share = name === "discount" ? "" : shareText(scaled(before), scaled(after));
  return `${words} ${old}${unit ? "" : oldUnit} → ${now}${unit}${share}`;
}

/** By how much a price rose or fell; nothing if there is no such share, or if it is tiny. */
function shareText(before, after) {
  if (before === null || after === null || before <= 0n || after <= 0n) return "";
  const [less, more] = after < before ? [after, before] : [before, after];
  const tenths = ((more - less) * 2000n + before) / (2n * before);
  return tenths === 0n ? "" : ` (${after < before ? "−" : "+"}${decimal(tenths * 10n ** BigInt(scale - 1))}\u00a0%)`;
}

/** The prices that differ between two objects of them. */
function priceMoves(before, after) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names.map((name) => [name, before?.[name] ?? null, after?.[name] ?? null])
    .filter(([, old, now]) => !samePrice(old, now)).map(([name, old, now]) => [name, priceMove(name, old, now)]);
}

/** Whether two prices are the same, however they are spelled. */
function samePrice(one, other) {
  const [left, right] = [one, other].map((price) => (typeof price === "object" ? null : scaled(price)));
  return left === null || right === null ? JSON.stringify(one) === JSON.stringify(other) : left === right;
}

/** The members of a part of a row, those of an inner object as `outer.inner`. */
function membersOf(part) {
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  return new Map(Object.entries(part ?? {}).flatMap(([name, value]) =>
    (isObject(value) ? Object.entries(value).map(([inner, one]) => [`${name}.${inner}`, one]) : [[name, value]])));
}

const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** A value before and after. */
function move(name, before, after, text = plain) {
  if (before === null) return `${name} is now ${text(after)}`;
  return after === null ? `${name} ${text(before)} is gone` : `${name} ${text(before)} → ${text(after)}`;
}

/** A list of names before and after, of which only those on one side are reported. */
function listMove(path, before, after) {
  const name = spaced(path.replace(/^(architecture\.|supported_)/, ""));
  if (!Array.isArray(before) || !Array.isArray(after)) {
    const text = (value) => (Array.isArray(value) ? value.map(plain).join(", ") : plain(value));
    if (Array.isArray(after) && before === null) return `${name} are now ${text(after)}`;
    if (Array.isArray(before) && after === null) return `${name} ${text(before)} are gone`;
    return move(name, before, after, text);
  }
  const parts = [["now also", after], ["no longer", before]].filter(([, names]) => names.length > 0);
  return `${name}: ${parts.map(([word, names]) => `${word} ${names.map(plain).join(", ")}`).join("; ")}`;
}

const limitNames = {
  context_length: "context", "top_provider.context_length": "top provider’s context",
  "top_provider.max_completion_tokens": "top provider’s longest completion",
};
const tokensText = (value) => (Number.isFinite(value) ? `${count(value)} tokens` : plain(value));

/** A model that came or went. */
function modelText(part) {
  const words = [part?.name ?? null, pricesText(part?.pricing), contextText(part?.context_length)];
  if (part?.alias_target?.slug) words.push(`alias of ${part.alias_target.slug}`);
  if (part?.expiration_date) words.push(`will be removed on ${part.expiration_date}`);
  return words.filter(Boolean).join("; ");
}

/** What a change is, in one phrase for each member that differs. */
function changeWords({ kind, before, after }) {
  const [old, now] = [membersOf(before), membersOf(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])];
  const each = (words) => (paths.length ? paths.map((path) => words(path, old.get(path) ?? null, now.get(path) ?? null)) : ["changed"]);
  const path = kind === "alias" ? "alias_target.slug" : "expiration_date";
  const [was, is] = [old.get(path), now.get(path)];
  switch (kind) {
    case "added": case "returned": return [modelText(after)];
    case "removed": return [`was ${modelText(before)}`];
    case "price": return each((path, one, other) => (path.startsWith("pricing.") ? priceMove(path.slice(8), one, other) : move("prices", one, other)));
    case "context": return each((path, one, other) => move(limitNames[path] ?? path, one, other, tokensText));
    case "parameters": case "modalities": return each(listMove);
    case "expiration":
      if (!was && !is) return ["expiration date changed"];
      return [!is ? `removal on ${was} cancelled` : was ? `removal moved from ${was} to ${is}` : `will be removed on ${is}`];
    case "renamed": return each((path, one, other) => move(spaced(path), one, other));
    case "alias":
      if (!was && !is) return ["alias changed"];
      return [!is ? `no longer an alias of ${was}` : was ? `alias of ${was} → ${is}` : `now an alias of ${is}`];
    case "shrunk":
      return [`the catalogue shrank from ${count(before?.count)} to ${count(after?.count)} models at once; the next catalogue says whether that is so`];
    default: return [`${paths.join(", ") || "a member"} changed`];
  }
}
