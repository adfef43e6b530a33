// Purging stored copies, after a confirmation.

/** Asks for confirmation. Esc and the first button mean no. */
function confirmed(title, text) {
  const dialog = byID("confirm");
  setText("confirm-title", title);
  setText("confirm-text", text);
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
    setText("purged", `Purged: ${counted(body.purged, "entry", "entries")}.`);
  } catch (error) {
    setText("purged", `The purge may have failed: ${reasonOf(error)}.`);
  }
  pollNow();
}

function purgeKey(key) {
  purge(`key=${encodeURIComponent(key)}`, `Purge key ${key}?`,
    "This deletes everything stored for this key. Its next requests are fetched from upstream again.");
}

function startPurge() {
  const dialog = byID("confirm");
  byID("confirm-no").addEventListener("click", () => dialog.close("no"));
  byID("confirm-yes").addEventListener("click", () => dialog.close("yes"));
  byID("purge-catalog").addEventListener("click", () => purge("catalog=1", "Purge the catalogue?",
    "This deletes the shared catalogue and its facets. The next request fetches them again; until then there is no stale copy to serve if upstream fails."));
  byID("purge-all").addEventListener("click", () => purge("all=1", "Purge everything?",
    "This deletes all copies of all keys, in memory and on disk. The next requests fetch them again; until then there is no stale copy to serve if upstream fails."));
}
