// Sample values for the variables, kept in this browser for each design, one by
// one or as the rows of a table to leaf through.

import { rowsOf } from "./csv.js";
import { node } from "./dom.js";
import { variablesOf } from "./variables.js";

const most = 1_000_000; // characters of a table that are kept

// createSamples tells changed when the values have become others.
export function createSamples({ list, table, place, key, model, changed, tell }) {
  let { values = {}, rows = [], row = 0 } = JSON.parse(localStorage.getItem(key) ?? "{}");
  let shown = "";
  model.listen((now, before) => now.document !== before.document && show());
  table.addEventListener("change", () => {
    if (table.value.length > most) {
      tell(`The table has ${table.value.length} characters; ${most} are kept here. Paste fewer rows.`);
      return;
    }
    rows = rowsOf(table.value);
    row = 0;
    tell(table.value.trim() && rows.length === 0 ? "The table needs a first line with names and a line below it." : "");
    update();
  });
  place.addEventListener("click", (event) => {
    const by = Number(event.target.closest("[data-by]")?.dataset.by);
    if (by) {
      row = (row + by + rows.length) % rows.length;
      update();
    }
  });
  show();

  return {
    // all are the values that the page is drawn with; those without one get a
    // readable one from the server.
    all: () => ({ ...values, ...rows[row] }),
  };

  function update() {
    try {
      localStorage.setItem(key, JSON.stringify({ values, rows, row }));
    } catch {
      tell("This browser has no room left to keep the sample data.");
    }
    show();
    changed();
  }

  function show() {
    place.hidden = rows.length === 0;
    place.querySelector("output").textContent = `Row ${row + 1} of ${rows.length}`;
    const names = variablesOf(model.document);
    if (names.join() !== shown) {
      shown = names.join();
      list.replaceChildren(...names.map(field));
      if (names.length === 0) {
        list.append(node("p", { class: "quiet small" }, "Write {{name}} into a text, a colour or a picture's asset: it becomes a variable."));
      }
    }
    for (const input of list.querySelectorAll("input")) {
      const name = input.dataset.name;
      const value = rows[row]?.[name] ?? values[name] ?? "";
      if (document.activeElement !== input) {
        input.value = value;
      }
      input.readOnly = rows[row]?.[name] !== undefined;
    }
  }

  function field(name, i) {
    const id = "sample-" + i;
    const input = node("input", { id, type: "text", "data-name": name, autocomplete: "off", oninput: () => {
      if (input.value === "") {
        delete values[name];
      } else {
        values[name] = input.value;
      }
      update();
    } });
    return node("div", { class: "field" }, node("label", { for: id }, name), input);
  }
}
