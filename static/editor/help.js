// The help: every command with its keys.

import { helpOf } from "./commands.js";
import { node } from "./dom.js";

export function showHelp(dialog, place, list) {
  const keys = (all) => all.flatMap((k, i) => (i ? [" or ", node("kbd", {}, k)] : [node("kbd", {}, k)]));
  const row = (r) => node("div", {}, node("dt", {}, r.title), node("dd", {}, ...keys(r.keys)));
  place.replaceChildren(...Array.from(helpOf(list), ([section, rows]) =>
    node("section", {}, node("h3", {}, section), node("dl", {}, ...rows.map(row)))));
  dialog.showModal();
}
