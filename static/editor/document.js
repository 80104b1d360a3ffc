// What can be done to a design document. Each function answers with another
// document and leaves the one it was given as it is.

import { around, boxOf, neat } from "./geometry.js";

export const limits = { pages: 50, elements: 2000, text: 20000, pixels: 25e6, side: 16384 };

const defaults = {
  text: {
    font: "Inter", size: 16, weight: 400, italic: false, color: "#000000", align: "left", valign: "top",
    line_height: 1.2, letter_spacing: 0, fit: "none", min_size: 12,
  },
  image: { object_fit: "cover", radius: 0, zoom: 1, focus_x: 0.5, focus_y: 0.5 },
  rect: { radius: 0, stroke_width: 1 },
  ellipse: { stroke_width: 1 },
  line: { stroke_width: 1 },
};

// valueOf is what a property counts as, given or not.
export function valueOf(e, name) {
  return e[name] ?? { rotation: 0, opacity: 1, hidden: false, locked: false, ...defaults[e.type] }[name];
}

export function withPage(doc, p, page) {
  return { ...doc, pages: doc.pages.map((old, i) => (i === p ? { ...old, ...page } : old)) };
}

export function elementsOf(doc, p) {
  return doc.pages[p].elements ?? [];
}

export function chosen(doc, p, ids) {
  const set = new Set(ids);
  return elementsOf(doc, p).filter((e) => set.has(e.id));
}

// change gives elements other properties: those of an object, or of a function's
// answer for each. An undefined one is left out of the document.
export function change(doc, p, ids, by) {
  const set = new Set(ids);
  const elements = elementsOf(doc, p).map((e) => (set.has(e.id) ? changed(e, typeof by === "function" ? by(e) : by) : e));
  return withPage(doc, p, { elements });
}

export function changed(e, by) {
  const next = { ...e, ...by };
  for (const name of Object.keys(next)) {
    if (next[name] === undefined) {
      delete next[name];
    }
  }
  return next;
}

export function add(doc, p, elements) {
  return withPage(doc, p, { elements: [...elementsOf(doc, p), ...elements] });
}

export function remove(doc, p, ids) {
  return withPage(doc, p, { elements: elementsOf(doc, p).filter((e) => !ids.includes(e.id)) });
}

// renewed are elements under ids and groups that a page does not have yet.
export function renewed(doc, p, elements, by = 0) {
  const taken = new Set(elementsOf(doc, p).map((e) => e.id));
  const groups = new Set(elementsOf(doc, p).map((e) => e.group));
  const renamed = new Map();
  return elements.map((e) => {
    const next = { ...e, id: unused(taken, e.id), x: neat(e.x + by), y: neat(e.y + by) };
    if (e.group) {
      if (!renamed.has(e.group)) {
        renamed.set(e.group, unused(groups, e.group));
      }
      next.group = renamed.get(e.group);
    }
    return next;
  });
}

// order moves elements among those they overlap or not, as drawn: "front" and
// "back" to the end, "forward" and "backward" past the next one.
export function order(doc, p, ids, to) {
  const set = new Set(ids);
  const all = elementsOf(doc, p);
  const [moved, others] = [all.filter((e) => set.has(e.id)), all.filter((e) => !set.has(e.id))];
  if (to === "front" || to === "back") {
    return withPage(doc, p, { elements: to === "front" ? [...others, ...moved] : [...moved, ...others] });
  }
  const elements = [...all];
  const indexes = [...elements.keys()];
  for (const i of to === "forward" ? indexes.reverse() : indexes) {
    const next = to === "forward" ? i + 1 : i - 1;
    if (set.has(elements[i].id) && elements[next] && !set.has(elements[next].id)) {
      [elements[i], elements[next]] = [elements[next], elements[i]];
    }
  }
  return withPage(doc, p, { elements });
}

// place moves one element to an index of the order drawn.
export function place(doc, p, id, index) {
  const others = elementsOf(doc, p).filter((e) => e.id !== id);
  const [e] = chosen(doc, p, [id]);
  return withPage(doc, p, { elements: [...others.slice(0, index), e, ...others.slice(index)] });
}

export function group(doc, p, ids) {
  const name = unused(new Set(elementsOf(doc, p).map((e) => e.group)), "group-1");
  return change(doc, p, ids, { group: name });
}

export function ungroup(doc, p, ids) {
  return change(doc, p, ids, { group: undefined });
}

// align brings elements to a side of what is around them all; one alone to the
// side of its page. A group moves as one.
export function align(doc, p, ids, side) {
  const units = unitsOf(doc, p, ids);
  const page = doc.pages[p];
  const frame = units.length === 1 ? { x: 0, y: 0, width: page.width, height: page.height } : around(units.map((u) => u.box));
  const part = { left: 0, center: 0.5, right: 1, top: 0, middle: 0.5, bottom: 1 }[side];
  const across = ["left", "center", "right"].includes(side);
  return shift(doc, p, units, ({ box }) => ({
    x: across ? frame.x + (frame.width - box.width) * part - box.x : 0,
    y: across ? 0 : frame.y + (frame.height - box.height) * part - box.y,
  }));
}

// distribute makes the gaps between three or more equal; the outermost stay.
export function distribute(doc, p, ids, axis) {
  const size = axis === "x" ? "width" : "height";
  const units = unitsOf(doc, p, ids).sort((a, b) => a.box[axis] + a.box[size] / 2 - b.box[axis] - b.box[size] / 2);
  if (units.length < 3) {
    return doc;
  }
  const frame = around(units.map((u) => u.box));
  const gap = (frame[size] - units.reduce((sum, u) => sum + u.box[size], 0)) / (units.length - 1);
  let at = frame[axis];
  return shift(doc, p, units, ({ box }) => {
    const by = at - box[axis];
    at += box[size] + gap;
    return { x: axis === "x" ? by : 0, y: axis === "y" ? by : 0 };
  });
}

export function addPage(doc, after, page) {
  return { ...doc, pages: [...doc.pages.slice(0, after + 1), page, ...doc.pages.slice(after + 1)] };
}

export function removePage(doc, p) {
  return { ...doc, pages: doc.pages.filter((_, i) => i !== p) };
}

export function movePage(doc, from, to) {
  const pages = doc.pages.filter((_, i) => i !== from);
  return { ...doc, pages: [...pages.slice(0, to), doc.pages[from], ...pages.slice(to)] };
}

// sizeFault says why a page cannot be of a size; nothing when it can.
export function sizeFault(width, height) {
  if (![width, height].every((v) => Number.isInteger(v) && v >= 1 && v <= limits.side)) {
    return `A side has 1 to ${limits.side} whole pixels.`;
  }
  if (width * height > limits.pixels) {
    return `${width} × ${height} is ${(width * height / 1e6).toFixed(1)} megapixels; a page has at most 25.`;
  }
  return "";
}

// unused is the name itself, or as it counts on until nobody has it; it is then taken.
export function unused(taken, name) {
  const [, stem, digits] = /^(.*?)(?:-(\d+))?$/s.exec(name);
  let next = name;
  for (let n = Number(digits ?? 1) + 1; taken.has(next); n++) {
    next = `${stem.slice(0, 90)}-${n}`;
  }
  taken.add(next);
  return next;
}

// unitsOf are the elements and groups among ids, each with the box around it.
function unitsOf(doc, p, ids) {
  const units = new Map();
  for (const e of chosen(doc, p, ids)) {
    const key = e.group ? "group " + e.group : "element " + e.id;
    units.set(key, [...(units.get(key) ?? []), e]);
  }
  return Array.from(units.values(), (elements) => ({ ids: elements.map((e) => e.id), box: around(elements.map(boxOf)) }));
}

function shift(doc, p, units, by) {
  const moves = new Map();
  for (const unit of units) {
    const way = by(unit);
    for (const id of unit.ids) {
      moves.set(id, way);
    }
  }
  return change(doc, p, [...moves.keys()], (e) => ({ x: neat(e.x + moves.get(e.id).x), y: neat(e.y + moves.get(e.id).y) }));
}
