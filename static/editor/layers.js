// The list of layers: the elements of the page, the uppermost first.

import { change, order, place } from "./document.js";
import { node } from "./dom.js";
import { createOrder } from "./order.js";
import { toggled, wholeGroups } from "./selection.js";

// createLayers shows them by signs, a template of icons.
export function createLayers({ list, signs, model }) {
  let shown = null;
  model.listen(show);
  show();

  createOrder(list, {
    drop: (id, over) => model.change({ document: place(model.document, model.page, id, model.elements.findIndex((e) => e.id === over)) }),
    step(id, way) {
      model.select([id]);
      model.edit(order, way > 0 ? "backward" : "forward");
      focus(id);
    },
  });
  list.addEventListener("keydown", (event) => {
    if (event.key === "F2" && event.target.tagName !== "INPUT") {
      event.preventDefault();
      event.stopPropagation();
      rename(event.target.closest("li").dataset.id);
    }
  });

  return { rename };

  function show() {
    const outline = JSON.stringify(model.elements.map((e) => [e.id, e.type, e.name, e.hidden, e.locked, e.group, e.name ? 0 : e.text?.slice(0, 40)]));
    if (outline !== shown) {
      const had = list.contains(document.activeElement) && document.activeElement.closest("li")?.dataset.id;
      const action = document.activeElement?.dataset?.act;
      shown = outline;
      list.replaceChildren(...model.elements.toReversed().map(row));
      if (had) {
        focus(had, action);
      }
    }
    const selected = new Set(model.selection);
    for (const row of list.children) {
      const is = selected.has(row.dataset.id);
      row.toggleAttribute("data-selected", is);
      row.querySelector(".pick")?.setAttribute("aria-pressed", String(is)); // none while it is renamed
    }
  }

  function row(e) {
    const pick = node("button", { type: "button", class: "pick", "aria-pressed": "false", onclick: (event) => choose(e.id, event), ondblclick: () => rename(e.id) },
      sign(e.type), node("span", { class: "label" }, labelOf(e)));
    if (e.group) {
      pick.append(node("span", { class: "tag", title: "Group " + e.group }, "group"));
    }
    const item = node("li", { draggable: "true", "data-id": e.id },
      pick, toggle(e, "hidden", e.hidden ? "Show" : "Hide", sign(e.hidden ? "hidden" : "shown")), toggle(e, "locked", e.locked ? "Unlock" : "Lock", sign(e.locked ? "locked" : "unlocked")));
    item.toggleAttribute("data-hidden", Boolean(e.hidden));
    return item;
  }

  function toggle(e, name, word, icon) {
    return node("button", {
      type: "button", class: "act", "data-act": name, "aria-label": `${word} ${labelOf(e)}`, "aria-pressed": String(Boolean(e[name])), title: word,
      onclick: () => model.change({ document: change(model.document, model.page, [e.id], { [name]: e[name] ? undefined : true }) }),
    }, icon);
  }

  function sign(name) {
    return signs.content.querySelector(`[data-sign=${name}]`).cloneNode(true);
  }

  function choose(id, event) {
    const ids = wholeGroups(model.elements, [id]);
    model.select(event.shiftKey || event.ctrlKey || event.metaKey ? toggled(model.selection, ids) : ids);
  }

  // rename puts an input in the place of the name. The name is what a person calls
  // it; the id, by which the API knows it, stays.
  function rename(id) {
    const pick = rowOf(id)?.querySelector(".pick");
    const e = model.elements.find((e) => e.id === id);
    if (!pick) {
      return;
    }
    const input = node("input", { type: "text", maxlength: 200, "aria-label": "Name of " + labelOf(e), autocomplete: "off" });
    input.value = e.name ?? "";
    input.placeholder = e.id;
    let over = false;
    const end = (keep) => {
      if (over) {
        return;
      }
      over = true;
      input.replaceWith(pick);
      const name = input.value.trim();
      if (keep && name !== (e.name ?? "")) {
        model.change({ document: change(model.document, model.page, [id], { name: name || undefined }) });
      }
      focus(id);
    };
    input.addEventListener("blur", () => end(true));
    input.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s") {
        end(true); // it is saved with all else
        return;
      }
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Escape") {
        end(event.key === "Enter");
      }
    });
    pick.replaceWith(input);
    input.focus();
    if (document.activeElement !== input) {
      end(false); // the list is folded
    }
    input.select();
  }

  function rowOf(id) {
    return list.querySelector(`li[data-id="${CSS.escape(id)}"]`);
  }

  function focus(id, action) {
    rowOf(id)?.querySelector(action ? `[data-act=${action}]` : ".pick")?.focus();
  }
}

function labelOf(e) {
  return e.name || (e.type === "text" && e.text?.trim().slice(0, 40)) || e.id;
}
