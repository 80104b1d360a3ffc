import { merge } from "/editor/merging.js";
import { is } from "./is.js";

const box = (id, x = 0, more = {}) => ({ id, type: "rect", x, y: 0, width: 10, height: 10, ...more });
const design = (elements, more = {}) => ({ name: "Card", document: { version: 1, pages: [{ width: 100, height: 100, elements, ...more }] } });
const base = design([box("a"), box("b"), box("c")]);
const ids = (merged) => merged.document.pages[0].elements.map((e) => e.id);
const at = (merged, id) => merged.document.pages[0].elements.find((e) => e.id === id)?.x;

export const tests = {
  "different elements"() {
    const m = merge(base, design([box("a", 5), box("b"), box("c")]), design([box("a"), box("b", 7), box("c")]));
    is(m.clashes, []);
    is([at(m, "a"), at(m, "b"), at(m, "c")], [5, 7, 0]);
  },

  "the same element"() {
    const m = merge(base, design([box("a", 5), box("b"), box("c")]), design([box("a", 6, { name: "Sun" }), box("b", 1), box("c")]));
    is(m.clashes, ["“a”"]);
    is([at(m, "a"), at(m, "b")], [5, 1]);
  },

  "the same change is none too many"() {
    const both = design([box("a", 5), box("b"), box("c")]);
    is(merge(base, both, structuredClone(both)).clashes, []);
    const turned = design([{ height: 10, width: 10, y: 0, x: 0, type: "rect", id: "a" }, box("b"), box("c")]);
    is(merge(base, turned, design([box("a", 2), box("b"), box("c")])).clashes, []);
  },

  "taken away here, kept there"() {
    const m = merge(base, design([box("a"), box("c")]), design([box("a", 3), box("b"), box("c")]));
    is(m.clashes, []);
    is(ids(m), ["a", "c"]);
    is(merge(base, design([box("a"), box("c")]), design([box("a"), box("b", 1), box("c")])).clashes, ["“b”"]);
    is(ids(merge(base, design([box("a"), box("b"), box("c")], { background: "#000" }), design([box("a"), box("c")]))), ["a", "c"]);
  },

  "new here and there, in their places"() {
    const m = merge(base, design([box("a"), box("mine"), box("b"), box("c")]), design([box("theirs"), box("a"), box("b"), box("c")]));
    is(m.clashes, []);
    is(ids(m), ["theirs", "a", "mine", "b", "c"]);
  },

  "new under one id"() {
    const m = merge(base, design([...base.document.pages[0].elements, box("rect-1", 1)]), design([...base.document.pages[0].elements, box("rect-1", 2)]));
    is(m.clashes, []);
    is(ids(m).sort(), ["a", "b", "c", "rect-1", "rect-2"]);
    is([at(m, "rect-1"), at(m, "rect-2")], [2, 1]);
  },

  "another order"() {
    const m = merge(base, design([box("c"), box("a"), box("b")]), design([box("a"), box("b", 4), box("c")]));
    is(m.clashes, []);
    is(ids(m), ["c", "a", "b"]);
    is(ids(merge(base, design([box("a", 1), box("b"), box("c")]), design([box("b"), box("c"), box("a")]))), ["b", "c", "a"]);
    is(merge(base, design([box("c"), box("a"), box("b")]), design([box("b"), box("a"), box("c")])).clashes, ["the order"]);
  },

  "name, size and pages"() {
    const longer = (d, ...pages) => ({ ...d, document: { ...d.document, pages: [...d.document.pages, ...pages] } });
    const renamed = merge(base, { ...base, name: "Mine" }, design([box("a", 2)], { width: 200 }));
    is([renamed.name, renamed.document.pages[0].width, renamed.clashes], ["Mine", 200, []]);
    is(merge(base, { ...base, name: "Mine" }, { ...base, name: "Theirs" }).clashes, ["the name"]);
    const page = { width: 1, height: 1 };
    is(merge(base, longer(base, page), { ...base, name: "Theirs" }).document.pages.length, 2);
    is(merge(base, longer(base, page), design([box("a", 1)])).clashes, ["the pages"]);
    const two = longer(base, page);
    const m = merge(two, longer(design([box("a", 1)]), page), longer(base, { ...page, background: "#fff" }));
    is([m.clashes, at(m, "a"), m.document.pages[1].background], [[], 1, "#fff"]);
    is(merge(two, longer(base, { ...page, width: 2 }), longer(base, { ...page, width: 3 })).clashes, ["the width of page 2"]);
  },
};
