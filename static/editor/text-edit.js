// A text is typed in its place, in the very node that is drawn, with its variables
// as they are written.

import { change, limits } from "./document.js";

// typing is the gesture in which a text is typed, from the moment it is made.
export const typing = (id) => "text " + id;

// createTextEdit tells ended when a text is left, while that is still of the same step.
export function createTextEdit({ model, drawing, ended, tell }) {
  let editing = null;
  let awaited = null; // the id of a text that is made, and not drawn yet
  let early = ""; // what is typed into it meanwhile

  document.addEventListener("keydown", (event) => {
    const letter = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (awaited === null || event.target.closest("input, textarea, select") || !(letter || event.key === "Escape")) {
      return;
    }
    event.preventDefault();
    if (letter) {
      early += event.key;
    } else {
      leave(awaited);
    }
  }, { capture: true });

  return {
    get id() { return editing?.id ?? null; },

    // begin starts with a text that was just made, as soon as it is drawn.
    async begin(id) {
      awaited = id;
      early = "";
      await drawing.ask();
      if (awaited === id) {
        awaited = null;
        this.start(id);
        if (!editing) {
          model.settle(); // it cannot be drawn now, and is written in the inspector
        } else if (early) {
          document.execCommand("insertText", false, early);
        }
      }
    },

    start(id) {
      const e = model.elements.find((e) => e.id === id);
      const node = drawing.node(id)?.firstElementChild;
      if (e?.type !== "text" || e.locked || !node || editing) {
        return;
      }
      editing = { id, node };
      drawing.keep(id);
      delete node.dataset.fit;
      node.textContent = e.text;
      node.style.fontSize = (e.size ?? 16) + "px";
      // The drawing's reset takes away what makes a node editable.
      node.style.webkitUserModify = "read-write-plaintext-only";
      node.style.userSelect = "text";
      node.style.cursor = "text";
      node.style.outline = "none";
      node.style.minHeight = "1em";
      node.contentEditable = "plaintext-only";
      node.setAttribute("role", "textbox");
      node.setAttribute("aria-multiline", "true");
      node.setAttribute("aria-label", "Text of " + (e.name || e.id));
      node.addEventListener("input", typed);
      node.addEventListener("blur", end);
      node.addEventListener("keydown", pressed);
      node.focus({ preventScroll: true });
      getSelection().selectAllChildren(node);
    },

    end,
  };

  function typed() {
    // A line that ends the text is kept open by a line break of the browser's.
    const text = editing.node.textContent.replace(/\n$/, "");
    if (Array.from(text).length > limits.text) {
      tell(`A text has at most ${limits.text} characters; the rest is left out.`);
    }
    const cut = Array.from(text).slice(0, limits.text).join("");
    model.change({ document: change(model.document, model.page, [editing.id], { text: cut }) }, typing(editing.id));
  }

  function pressed(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      return; // it saves, as elsewhere
    }
    event.stopPropagation();
    if (event.key === "Escape") {
      event.preventDefault();
      end();
    }
  }

  function end() {
    if (!editing) {
      return;
    }
    const { id, node } = editing;
    editing = null;
    node.removeEventListener("blur", end);
    node.contentEditable = "false";
    node.removeAttribute("contenteditable");
    drawing.keep(null);
    leave(id);
  }

  function leave(id) {
    awaited = null;
    ended(id);
    model.settle();
  }
}
