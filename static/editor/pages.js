// The pages of the design, one after the other.

import { addPage, limits, movePage, removePage } from "./document.js";
import { node } from "./dom.js";
import { createOrder } from "./order.js";

export function createPages({ list, model }) {
  let shown = "";
  model.listen(show);
  createOrder(list, { drop: (from, to) => move(Number(from), Number(to)), step: (from, by) => move(Number(from), Number(from) + by) });
  show();

  return {
    add() {
      const { width, height, background } = model.document.pages[model.page];
      insert(background === undefined ? { width, height, elements: [] } : { width, height, background, elements: [] });
    },
    duplicate: () => insert(model.document.pages[model.page]),
    remove() {
      if (model.document.pages.length > 1) {
        model.change({ document: removePage(model.document, model.page), page: Math.max(0, model.page - 1), selection: [] });
      }
    },
    move: (by) => move(model.page, model.page + by),
    go(by) {
      const to = model.page + by;
      if (to >= 0 && to < model.document.pages.length) {
        model.see({ page: to, selection: [] });
      }
    },
  };

  function move(from, to) {
    if (to >= 0 && to < model.document.pages.length) {
      model.change({ document: movePage(model.document, from, to), page: to, selection: from === model.page ? model.selection : [] });
    }
  }

  function insert(page) {
    if (model.document.pages.length < limits.pages) {
      model.change({ document: addPage(model.document, model.page, page), page: model.page + 1, selection: [] });
    }
  }

  function show() {
    const now = model.page + JSON.stringify(model.document.pages.map((p) => [p.width, p.height]));
    if (now === shown) {
      return;
    }
    shown = now;
    const had = list.contains(document.activeElement);
    list.replaceChildren(...model.document.pages.map((page, i) =>
      node("li", { draggable: "true", "data-id": i }, node("button", {
        type: "button", class: "pick", "aria-current": i === model.page ? "page" : false, onclick: () => model.see({ page: i, selection: [] }),
      }, `Page ${i + 1}`, node("span", { class: "quiet" }, `${page.width} × ${page.height}`)))));
    if (had) {
      list.querySelector("[aria-current]").focus();
    }
  }
}
