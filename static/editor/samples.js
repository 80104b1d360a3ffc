// Sample values for the variables, one by one or as the rows of a table to leaf
// through. They are kept with the design, for all who work on it; what could not be sent
// yet, and which row one looks at, is kept in this browser.

import { reasons, request } from "../request.js";
import { rowsOf } from "./csv.js";
import { node } from "./dom.js";
import { picturesOf, variablesOf } from "./variables.js";

const most = { characters: 1_000_000, rows: 200 }; // of a table
const rest = 800;
const again = 5000;

// createSamples begins with what is given, and tells changed when the values have become others.
export function createSamples({ list, table, place, given, address, assets, key, model, changed, trouble }) {
  const here = JSON.parse(localStorage.getItem(key) ?? "{}");
  let { values, rows } = here.unsent ?? given;
  values ??= {};
  rows ??= [];
  let row = Math.max(0, Math.min(here.row ?? 0, rows.length - 1));
  let unsent = Boolean(here.unsent);
  let sending = false;
  let timer;
  let shown = "";
  model.listen((now, before) => now.document !== before.document && show());
  table.addEventListener("change", () => {
    if (table.value.length > most.characters) {
      trouble("samples")(`The table has ${table.value.length} characters; ${most.characters} are read here. Paste fewer rows.`);
      return;
    }
    const all = rowsOf(table.value);
    rows = all.slice(0, most.rows);
    row = 0;
    trouble("samples")(table.value.trim() && all.length === 0 ? "The table needs a first line with names and a line below it."
      : all.length > most.rows ? `The table has ${all.length} rows; the first ${most.rows} are kept as samples.` : "");
    update();
  });
  place.addEventListener("click", (event) => {
    const by = Number(event.target.closest("[data-by]")?.dataset.by);
    if (by) {
      row = (row + by + rows.length) % rows.length;
      keep();
      show();
      changed();
    }
  });
  addEventListener("online", () => unsent && send());
  document.addEventListener("visibilitychange", () => unsent && send());
  show();
  if (unsent) {
    send();
  }

  return {
    // all are the values that the page is drawn with; those without one get a
    // readable one from the server.
    all: () => ({ ...values, ...rows[row] }),
  };

  function update() {
    unsent = true;
    keep();
    show();
    changed();
    later(rest);
  }

  function keep() {
    try {
      localStorage.setItem(key, JSON.stringify({ row, ...(unsent && { unsent: { values, rows } }) }));
    } catch {
      trouble("keeping samples")("This browser has no room left to keep the sample data until it is sent.");
    }
  }

  function later(pause) {
    clearTimeout(timer);
    timer = setTimeout(send, pause);
  }

  // send sends all of it. What changes meanwhile is sent after it.
  async function send() {
    clearTimeout(timer);
    if (sending) {
      later(rest);
      return;
    }
    const body = JSON.stringify({ values, rows });
    sending = true;
    try {
      const response = await request(address, {
        method: "PUT", body, headers: { "Content-Type": "application/json", Accept: "application/json" }, keepalive: body.length < 20_000,
      });
      if (response.ok) {
        unsent = body !== JSON.stringify({ values, rows });
        keep();
        trouble("sending samples")("");
      } else if (response.status >= 500 || response.status === 429) {
        throw new Error("it is asked again");
      } else {
        trouble("sending samples")("The sample data is kept in this browser alone: " + reasons(await response.json()));
      }
    } catch {
      trouble("sending samples")("The sample data is kept here, and sent later.");
      later(again);
    }
    sending = false;
  }

  function show() {
    place.hidden = rows.length === 0;
    place.querySelector("output").textContent = `Row ${row + 1} of ${rows.length}`;
    const names = variablesOf(model.document);
    const pictures = picturesOf(model.document);
    const outline = JSON.stringify([names, [...pictures]]);
    if (outline !== shown) {
      shown = outline;
      list.replaceChildren(...names.map((name, i) => field(name, i, pictures.has(name))));
      if (names.length === 0) {
        list.append(node("p", { class: "quiet small" }, "Write {{name}} into a text, a colour or a picture's asset: it becomes a variable."));
      }
    }
    for (const input of list.querySelectorAll("input[data-name]")) {
      const name = input.dataset.name;
      const value = rows[row]?.[name] ?? values[name] ?? "";
      if (document.activeElement !== input) {
        input.value = value;
      }
      input.readOnly = rows[row]?.[name] !== undefined;
    }
  }

  function field(name, i, picture) {
    const id = "sample-" + i;
    const input = node("input", { id, type: "text", "data-name": name, autocomplete: "off", oninput: () => {
      if (input.value === "") {
        delete values[name];
      } else {
        values[name] = input.value;
      }
      update();
    } });
    const made = node("div", { class: "field" }, node("label", { for: id }, name), input);
    if (picture) {
      input.placeholder = "https:// or from below";
      import("../picking.js").then(({ offerPictures }) => offerPictures(input, { name, assets, uploads: true }), () => {}); // an address can be typed without
    }
    return made;
  }
}
