// Throwing out what is stored, after asking whether that is meant.

/** Asks; true if it is meant. Esc and the first button say no. */
function confirmed(title, text) {
  const dialog = byID("confirm");
  tell("confirm-title", title);
  tell("confirm-text", text);
  dialog.returnValue = "no";
  dialog.showModal();
  byID("confirm-no").focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

async function purge(query, title, text) {
  if (!(await confirmed(title, text))) return;
  try {
    const answer = await fetch(`purge?${query}`, { method: "POST", cache: "no-store", signal: AbortSignal.timeout(15000) });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error?.message ?? `status ${answer.status}`);
    tell("purged", `Purged: ${counted(body.purged, "entry", "entries")}.`);
  } catch (error) {
    tell("purged", `Nothing is known to be purged: ${reasonOf(error)}.`);
  }
  pollNow();
}

function purgeKey(key) {
  purge(`key=${encodeURIComponent(key)}`, `Purge key ${key}?`,
    "What is stored for this key alone is thrown out. Its next requests ask upstream again.");
}

function startPurge() {
  const dialog = byID("confirm");
  byID("confirm-no").addEventListener("click", () => dialog.close("no"));
  byID("confirm-yes").addEventListener("click", () => dialog.close("yes"));
  byID("purge-catalog").addEventListener("click", () => purge("catalog=1", "Purge the catalogue?",
    "The shared catalogue and what upstream said of its filters are thrown out. The next request fetches them again; until then there is nothing to fall back on."));
  byID("purge-all").addEventListener("click", () => purge("all=1", "Purge everything?",
    "All stored answers of all keys are thrown out, in memory and on disk. Every next request asks upstream; until then there is nothing to fall back on."));
}
