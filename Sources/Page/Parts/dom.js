// Making elements. Text from elsewhere (a model's name, upstream's message) only ever becomes a text node: nothing on this page
// makes HTML out of a string, and the page's policy has the browser refuse it.

const byID = (id) => document.getElementById(id);

/** An element with attributes and children; a child that is text becomes a text node, null is left out. */
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

/** Sets a node's text if it is another: what did not change is not touched, so nothing is drawn or read out again. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The same by id. */
function tell(id, text) {
  setText(byID(id), text);
}

/** Shows a state: a word, with a sign before it that CSS chooses, so that colour is never all there is. */
function tellState(id, state, word) {
  const node = byID(id);
  node.dataset.state = state;
  setText(node, word);
}

/**
 * Fills the body of a table. `columns` are {text, className, heading, state}. Rows and cells that are there are used again, so a
 * refresh moves neither the focus nor the place to which a reader has scrolled.
 */
function fillRows(body, rows, columns, empty) {
  if (rows.length === 0) {
    body.replaceChildren(el("tr", {}, el("td", { colspan: columns.length, class: "empty" }, empty)));
    return;
  }
  if (body.querySelector(".empty")) body.replaceChildren();
  while (body.rows.length > rows.length) body.lastElementChild.remove();
  rows.forEach((row, index) => {
    let line = body.rows[index];
    if (!line) {
      line = el("tr", {}, ...columns.map((column) =>
        el(column.heading ? "th" : "td", { class: column.className, scope: column.heading ? "row" : null }, el("span"))));
      body.append(line);
    }
    columns.forEach((column, place) => {
      const cell = line.cells[place].firstElementChild;
      setText(cell, column.text(row));
      if (column.state) {
        cell.className = "state";
        cell.dataset.state = column.state(row);
      }
    });
  });
}

/** Calls `then` once things have been quiet for so many milliseconds. */
function whenQuiet(milliseconds, then) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(then, milliseconds);
  };
}
