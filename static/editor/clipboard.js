// Copying within a design and to others: elements travel as text.

import { limits } from "./document.js";

const mark = "majestic/elements";

export function written(elements) {
  return JSON.stringify({ [mark]: 1, elements });
}

// read is what a text brings: elements that were copied, or the text itself. What
// only looks like elements is text.
export function read(text) {
  if (text.includes(mark)) {
    try {
      const found = JSON.parse(text);
      if (found[mark] === 1 && Array.isArray(found.elements) && found.elements.every(isElement)) {
        return { elements: found.elements };
      }
    } catch {
      // It is a text that happens to hold our mark.
    }
  }
  return { text };
}

// fault says why so much cannot be pasted.
export function fault(text, elements, there) {
  if (text && Array.from(text).length > limits.text) {
    return `The text has ${Array.from(text).length} characters; a text on a page has at most ${limits.text}.`;
  }
  if (elements && there + elements.length > limits.elements) {
    return `With these the design would have ${there + elements.length} elements; it has at most ${limits.elements}.`;
  }
  return "";
}

function isElement(e) {
  const numbers = [e?.x, e?.y, e?.width, e?.height];
  return typeof e?.id === "string" && ["text", "image", "rect", "ellipse", "line"].includes(e.type) && numbers.every(Number.isFinite) &&
    (e.type !== "text" || typeof e.text === "string");
}
