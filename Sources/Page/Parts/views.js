// The selector of a view, a named part of the catalogue: docs/views.md. Without views it is hidden.

/** The path of the list, below the chosen view. */
function listPath() {
  const view = byID("view").value;
  return `${view ? `/view/${view}` : ""}/api/v1/models`;
}

/** Chooses a view by its name in the address; it may not be known yet. */
function chooseView(name) {
  const select = byID("view");
  if (name && ![...select.options].some((option) => option.value === name)) select.append(el("option", { value: name }, name));
  select.value = name ?? "";
  byID("view-field").hidden = select.options.length < 2;
}

/** Offers the views that the status reports, and keeps the choice. */
function offerViews(views) {
  const select = byID("view");
  const texts = views.map((view) => (view.models === null ? view.name : `${view.name} (${count(view.models)})`));
  const shown = JSON.stringify([views.map((view) => view.name), texts]);
  if (select.dataset.shown === shown) return;
  select.dataset.shown = shown;
  const chosen = select.value;
  select.replaceChildren(el("option", { value: "" }, "none: every model"),
    ...views.map((view, index) => el("option", { value: view.name }, texts[index])));
  chooseView(chosen);
}
