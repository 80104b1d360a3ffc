// Two people's work on one design, put together. Base is what both began with.

import { unused } from "./document.js";

// merge answers with {name, document}, and with clashes: what both have changed, each
// in another way, in words. There mine counts.
export function merge(base, mine, theirs) {
  const clashes = [];
  const either = (b, m, t, what) => {
    if (same(m, t) || same(t, b)) {
      return m;
    }
    if (!same(m, b)) {
      clashes.push(what);
      return m;
    }
    return t;
  };
  const name = either(base.name, mine.name, theirs.name, "the name");
  return { name, document: documentOf(base.document, mine.document, theirs.document), clashes };

  // Pages have no names: only where they are as many as before, it is clear which is which.
  function documentOf(b, m, t) {
    const alike = b.pages.length === m.pages.length && m.pages.length === t.pages.length;
    if (!alike || same(m, b) || same(t, b)) {
      return either(b, m, t, "the pages");
    }
    return { ...m, pages: b.pages.map((page, i) => pageOf(page, m.pages[i], t.pages[i], b.pages.length > 1 ? ` of page ${i + 1}` : "")) };
  }

  function pageOf(b, m, t, where) {
    const page = { ...m };
    for (const [key, what] of [["width", "the width"], ["height", "the height"], ["background", "the background"]]) {
      page[key] = either(b[key], m[key], t[key], what + where);
      if (page[key] === undefined) {
        delete page[key];
      }
    }
    return { ...page, elements: elementsOf(b.elements ?? [], m.elements ?? [], t.elements ?? [], where) };
  }

  function elementsOf(b, m, t, where) {
    const [was, my, their] = [b, m, t].map((elements) => new Map(elements.map((e) => [e.id, e])));
    const merged = new Map();
    for (const id of new Set([...my.keys(), ...their.keys()])) {
      if (was.has(id) || !my.has(id) || !their.has(id)) {
        const e = either(was.get(id), my.get(id), their.get(id), nameOf(was.get(id) ?? my.get(id) ?? their.get(id)));
        if (e) {
          merged.set(id, e);
        }
      } else { // both have made it, under one id
        const taken = new Set([...my.keys(), ...their.keys(), ...merged.keys()]);
        merged.set(id, their.get(id));
        if (!same(my.get(id), their.get(id))) {
          const other = unused(taken, id);
          merged.set(other, { ...my.get(id), id: other });
          my.set(other, merged.get(other));
        }
      }
    }
    const common = (elements) => elements.map((e) => e.id).filter((id) => was.has(id) && my.has(id) && their.has(id));
    const order = either(common(b), common(m), common(t), "the order" + where);
    const [first, second] = same(order, common(t)) ? [their, my] : [my, their];
    return inOrder([...first.keys()], [...second.keys()]).filter((id) => merged.has(id)).map((id) => merged.get(id));
  }
}

// inOrder puts what only the second list has behind what it follows there.
function inOrder(first, second) {
  const order = [...first];
  for (const [i, id] of second.entries()) {
    if (!order.includes(id)) {
      order.splice(order.indexOf(second[i - 1]) + 1, 0, id);
    }
  }
  return order;
}

function nameOf(e) {
  return `“${e.name || e.id}”`;
}

// same compares what JSON can say, whatever the order of fields.
export function same(a, b) {
  return JSON.stringify(a, ordered) === JSON.stringify(b, ordered);
}

function ordered(_, v) {
  return v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v;
}
