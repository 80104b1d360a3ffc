// What is being edited: the document with its history, the page and the elements
// that one is at. Whoever shows a part of it listens.

import { chosen, elementsOf } from "./document.js";
import { begin, everywhere, push, redo, settle, undo } from "./history.js";
import { same } from "./merging.js";

export function createModel(name, document) {
  let history = begin({ name, document, page: 0, selection: [] });
  const listeners = [];
  const become = (next) => {
    const before = history.present;
    history = next;
    if (before !== history.present) {
      for (const listen of listeners) {
        try {
          listen(history.present, before);
        } catch (error) {
          reportError(error); // who shows a part, and fails, must not keep the others from saving
        }
      }
    }
  };
  const model = {
    get history() { return history; },
    get name() { return history.present.name; },
    get document() { return history.present.document; },
    get page() { return history.present.page; },
    get selection() { return history.present.selection; },
    get elements() { return elementsOf(model.document, model.page); },
    get chosen() { return chosen(model.document, model.page, model.selection); },

    // listen is told the state and the one before.
    listen: (listener) => listeners.push(listener),

    // restore goes on where a history was kept.
    restore: (kept) => become(sound(kept)),

    // change is one step, or part of the step of a gesture.
    change: (by, gesture) => become(sound(push(history, { ...history.present, ...by }, gesture))),

    // edit changes the document by a function of document.js on what is selected.
    edit: (by, ...rest) => model.change({ document: by(model.document, model.page, model.selection, ...rest) }),

    // see changes what one looks at, which is no step.
    see: (by) => become(sound(settled({ ...history, present: { ...history.present, ...by } }))),
    select: (selection) => model.see({ selection }),
    settle: () => become(settled(history)),

    // rename has it always been called so, where it was called otherwise: that is no step.
    rename: (was, name) => become(everywhere(history, (state) => (state.name === was ? { ...state, name } : state))),

    undo: () => become(sound(undo(history))),
    redo: () => become(sound(redo(history))),
  };
  return model;
}

function settled(history) {
  return settle(history, (before, now) => before.name === now.name && same(before.document, now.document));
}

// sound looks at a page that is there, with elements that are.
function sound(history) {
  const { document, page, selection } = history.present;
  const p = Math.min(page, document.pages.length - 1);
  const there = new Set(elementsOf(document, p).map((e) => e.id));
  if (p === page && selection.every((id) => there.has(id))) {
    return history;
  }
  return { ...history, present: { ...history.present, page: p, selection: p === page ? selection.filter((id) => there.has(id)) : [] } };
}
