// The drawing on the board is the server's: after a change it draws the page anew,
// and the elements that came out otherwise take the places of the old ones. Only
// while something is being dragged does the page itself move boxes.

import { valueOf } from "./document.js";
import { fit } from "../fit.js";
import { reasons, request } from "../request.js";

const accept = "text/html, application/problem+json";

// createDrawing keeps a board up to date. Samples gives the values of variables;
// tell hears what is wrong with the drawing, or nothing when all is well.
export function createDrawing({ board, address, model, samples, tell }) {
  const drawn = new Map(); // what the server wrote, by id
  let nodes = new Map(); // by id
  const moved = new Set(); // ids of boxes that have been moved since
  let held = new Map(); // elements as a gesture has them, by id
  let kept = null; // the id of a text that is being typed
  let asked = false;
  let asking = null;
  let stale = false;
  let again;
  document.addEventListener("visibilitychange", () => stale && document.visibilityState === "visible" && drawing.ask());

  const drawing = {
    node: (id) => nodes.get(id),

    // size is a picture's own, when it is there.
    size(id) {
      const picture = imageIn(nodes.get(id));
      return picture?.naturalWidth ? { width: picture.naturalWidth, height: picture.naturalHeight } : null;
    },

    // ask has the page drawn as it is now. What comes meanwhile is drawn after it.
    ask() {
      asked = true;
      return (asking ??= drawAll());
    },

    // hold shows elements as a gesture has them.
    hold(elements) {
      for (const [id, e] of elements) {
        const node = drawing.node(id);
        if (node) {
          place(node, e, held.get(id));
          moved.add(id);
        }
      }
      held = elements;
    },

    release() {
      held = new Map();
    },

    // keep leaves an element alone, until another is kept or none.
    keep(id) {
      if (kept !== null) {
        moved.add(kept);
      }
      kept = id;
    },
  };
  return drawing;

  async function drawAll() {
    while (asked) {
      asked = false;
      await draw();
    }
    asking = null;
  }

  async function draw() {
    const document = { version: 1, pages: [model.document.pages[model.page]] };
    const body = JSON.stringify({ document, variables: samples() });
    try {
      const response = await request(address, { method: "POST", body, headers: { "Content-Type": "application/json", Accept: accept } });
      stale = !response.ok;
      if (response.ok) {
        swap(await response.text());
        tell("");
      } else {
        tell(await complaint(response));
      }
    } catch {
      tell("The server cannot be reached; the drawing is not up to date.");
      clearTimeout(again);
      again = setTimeout(drawing.ask, 2000);
    }
  }

  function swap(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-page]");
    let page = board.querySelector("[data-page]");
    if (!page) {
      page = fresh.cloneNode(false);
      board.replaceChildren(page);
    }
    if (page.getAttribute("style") !== fresh.getAttribute("style")) {
      page.setAttribute("style", fresh.getAttribute("style"));
    }
    const old = new Map(Array.from(page.children, (node) => [node.dataset.element, node]));
    nodes = new Map();
    const changed = [];
    let before = page.firstElementChild;
    for (const node of Array.from(fresh.children)) {
      const id = node.dataset.element;
      const was = old.get(id);
      old.delete(id);
      const written = node.outerHTML;
      let now = was;
      if (id !== kept && (!was || moved.has(id) || drawn.get(id) !== written)) {
        now = renew(was, node);
        changed.push(now);
        if (before === was) {
          before = now;
        }
      }
      nodes.set(id, now);
      drawn.set(id, written);
      moved.delete(id);
      if (now === before) {
        before = before?.nextElementSibling;
      } else {
        page.insertBefore(now, before);
      }
    }
    for (const [id, node] of old) {
      node.remove();
      drawn.delete(id);
    }
    fitAll(page, changed);
    const still = held;
    held = new Map();
    drawing.hold(still);
  }
}

// place puts a box where an element is, as app/canvas does. Before is the element
// that it was put for last: what is the same is not set again.
function place(node, e, before) {
  const { style } = node;
  if (e.x !== before?.x || e.width !== before.width) {
    style.left = px(Math.min(e.x, e.x + e.width));
    style.width = px(Math.abs(e.width));
  }
  if (e.y !== before?.y || e.height !== before.height) {
    style.top = px(Math.min(e.y, e.y + e.height));
    style.height = px(Math.abs(e.height));
  }
  if (!before || e.rotation !== before.rotation) {
    style.transform = e.rotation ? `rotate(${number(e.rotation)}deg)` : "";
  }
  if (e.type === "image" && (e.focus_x !== before?.focus_x || e.focus_y !== before?.focus_y)) {
    look(node, e);
  }
}

// look shows another part of a picture.
function look(node, e) {
  const [x, y, zoom] = ["focus_x", "focus_y", "zoom"].map((name) => valueOf(e, name));
  const picture = imageIn(node);
  picture.style.objectPosition = `${percent(x)} ${percent(y)}`;
  if (picture !== node) {
    picture.style.left = percent((1 - zoom) * x);
    picture.style.top = percent((1 - zoom) * y);
  }
}

// imageIn is the picture of an element's node, which is it or holds it.
function imageIn(node) {
  return node?.tagName === "IMG" ? node : node?.querySelector(":scope > img");
}

// renew puts what was drawn in the place of what is there. A picture keeps its
// node, and does not flicker.
function renew(was, node) {
  const [old, fresh] = [imageIn(was), imageIn(node)];
  if (was?.tagName !== node.tagName || !old || !fresh) {
    was?.replaceWith(node);
    return node;
  }
  copy(was, node);
  copy(old, fresh);
  return was;
}

function copy(to, from) {
  for (const { name, value } of from.attributes) {
    if (to.getAttribute(name) !== value) {
      to.setAttribute(name, value);
    }
  }
}

// fitAll fits many texts in step, and few without measuring all the others.
function fitAll(page, changed) {
  const texts = changed.filter((node) => node.querySelector("[data-fit]"));
  if (texts.length > 8) {
    fit(page);
  } else {
    texts.forEach(fit);
  }
}

async function complaint(response) {
  return reasons(await response.json());
}

function percent(v) {
  return number(v * 100) + "%";
}

function px(v) {
  return number(v) + "px";
}

function number(v) {
  return String(Math.round(v * 1e4) / 1e4 || 0);
}
