// The verdict in words: the most serious finding, and the further ones below it. An older Larder sends none.

const levels = { ok: ["good", "In order"], warning: ["warn", "Warning"], error: ["bad", "Error"] };
const levelOf = (finding) => levels[finding.level] ?? ["none", "Note"];

function showVerdict({ verdict, findings }) {
  const box = byID("verdict");
  box.hidden = !verdict;
  if (!verdict) return;
  const [state, word] = levelOf(verdict);
  // Read out only when it changes in kind: the time in its text changes every minute.
  if (box.dataset.level !== state) setText("verdict-said", `${word}: ${verdict.text}`);
  box.dataset.level = state;
  setState("verdict-text", state, verdict.text + sinceText(verdict));
  const list = byID("findings");
  const others = (findings ?? []).filter((one) => one.text !== verdict.text);
  list.hidden = others.length === 0;
  while (list.children.length > others.length) list.lastElementChild.remove();
  others.forEach((one, index) => {
    if (!list.children[index]) list.append(el("li", {}, el("span", { class: "state" }), el("span")));
    const [sign, text] = list.children[index].children;
    [sign.dataset.state] = levelOf(one);
    setNodeText(sign, levelOf(one)[1]);
    setNodeText(text, one.text + sinceText(one));
  });
}

/** Since when a finding is true, if that is known and its text does not say so. */
function sinceText({ since, text }) {
  return Number.isFinite(since) && !/\b(since|for|ago)\b/.test(text) ? ` (since ${timeText(since)})` : "";
}
