// Creating elements. Text from other sources (a model's name, upstream's message) only becomes text nodes. No code on this page
// makes HTML from a string, and the page's content security policy forbids it.

const byID = (id) => document.getElementById(id);

/** An element with attributes and children. Text becomes a text node; null is skipped. */
function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for SVG. */
function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Sets a node's text if it differs, so that unchanged text is neither drawn nor read out again. */
function setNodeText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The same by id. */
function setText(id, text) {
  setNodeText(byID(id), text);
}

/** Shows a state: a word with a symbol from CSS, so that colour is never the only sign. */
function setState(id, state, word) {
  const node = byID(id);
  node.dataset.state = state;
  setNodeText(node, word);
}

/**
 * Fills the body of a table. `columns` are {text, className, heading, state}. Existing rows and cells are reused, so a
 * refresh keeps the focus and the scroll position.
 */
function fillRows(body, rows, columns, empty) {
  // In a narrow window each cell carries its column's heading.
  const labels = [...body.parentElement.tHead.rows[0].cells].map((cell) => cell.textContent);
  if (rows.length === 0) {
    body.replaceChildren(el("tr", {}, el("td", { colspan: columns.length, class: "empty" }, empty)));
    return;
  }
  if (body.querySelector(".empty")) body.replaceChildren();
  while (body.rows.length > rows.length) body.lastElementChild.remove();
  rows.forEach((row, index) => {
    let line = body.rows[index];
    if (!line) {
      line = el("tr", {}, ...columns.map((column, position) =>
        el(column.heading ? "th" : "td", { class: column.className, scope: column.heading ? "row" : null, "data-label": labels[position] }, el("span"))));
      body.append(line);
    }
    columns.forEach((column, position) => {
      const cell = line.cells[position].firstElementChild;
      const text = column.text(row);
      setNodeText(cell, text);
      cell.parentElement.classList.toggle("nil", text === none);
      if (column.state) {
        cell.className = "state";
        cell.dataset.state = column.state(row);
      }
    });
  });
}

/** Debounces: calls `then` after this many milliseconds without another call. */
function whenQuiet(milliseconds, then) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(then, milliseconds);
  };
}
