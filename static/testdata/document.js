import {
  add, addPage, align, change, distribute, group, movePage, order, place, remove, removePage, renewed, sizeFault, ungroup, unused, valueOf,
} from "../editor/document.js";
import { is } from "./is.js";

const square = (id, x, y, more) => ({ id, type: "rect", x, y, width: 10, height: 10, ...more });
const page = (...elements) => ({ version: 1, pages: [{ width: 100, height: 80, elements }] });
const abc = page(square("a", 0, 0), square("b", 30, 5), square("c", 90, 40));
const ids = (doc, p = 0) => doc.pages[p].elements.map((e) => e.id).join("");
const spots = (doc) => doc.pages[0].elements.map((e) => [e.x, e.y]);

export const tests = {
  "nothing changes the document it is given"() {
    const before = JSON.stringify(abc);
    change(abc, 0, ["a"], { x: 5, name: undefined });
    order(abc, 0, ["a"], "front");
    align(abc, 0, ["a", "b"], "left");
    remove(abc, 0, ["a"]);
    is(JSON.stringify(abc), before);
  },
  "what is undefined is left out"() {
    const doc = change(page(square("a", 0, 0, { name: "n" })), 0, ["a"], { name: undefined, x: 3 });
    is(doc.pages[0].elements, [{ id: "a", type: "rect", x: 3, y: 0, width: 10, height: 10 }]);
  },
  "what is not given counts as its default"() {
    is([valueOf({ type: "text" }, "font"), valueOf({ type: "rect" }, "opacity"), valueOf({ type: "rect" }, "font")], ["Inter", 1, undefined]);
  },
  "order goes to the ends, or past one"() {
    is(["front", "back", "forward", "backward"].map((to) => ids(order(abc, 0, ["b"], to))), ["acb", "bac", "acb", "bac"]);
    is(ids(order(abc, 0, ["a", "b"], "forward")), "cab");
    is(ids(order(abc, 0, ["b", "c"], "forward")), "abc");
    is(ids(order(abc, 0, ["b", "c"], "backward")), "bca");
    is(ids(place(abc, 0, "a", 2)), "bca");
  },
  "copies have ids and groups of their own"() {
    const doc = page(square("a-1", 0, 0, { group: "g" }), square("a-2", 0, 0, { group: "g" }));
    const copies = renewed(doc, 0, doc.pages[0].elements, 10);
    is(copies.map((e) => [e.id, e.group, e.x]), [["a-3", "g-2", 10], ["a-4", "g-2", 10]]);
    is(ids(add(doc, 0, copies)), "a-1a-2a-3a-4");
    is(unused(new Set(), "free"), "free");
  },
  "a group is a name that nobody has"() {
    const doc = group(group(abc, 0, ["a"]), 0, ["b", "c"]);
    is(doc.pages[0].elements.map((e) => e.group), ["group-1", "group-2", "group-2"]);
    is(ungroup(doc, 0, ["a", "b", "c"]), abc);
  },
  "several are aligned among themselves, one on its page"() {
    is(spots(align(abc, 0, ["a", "b", "c"], "right")), [[90, 0], [90, 5], [90, 40]]);
    is(spots(align(abc, 0, ["a", "b", "c"], "middle")), [[0, 20], [30, 20], [90, 20]]);
    is(spots(align(abc, 0, ["b"], "center"))[1], [45, 5]);
    is(spots(align(abc, 0, ["b"], "bottom"))[1], [30, 70]);
  },
  "a group is aligned as one"() {
    const doc = page(square("a", 0, 0, { group: "g" }), square("b", 20, 0, { group: "g" }), square("c", 90, 0));
    is(spots(align(doc, 0, ["a", "b", "c"], "right")), [[70, 0], [90, 0], [90, 0]]);
  },
  "gaps become equal, in whatever order"() {
    const doc = page(square("c", 90, 0), square("a", 0, 0), square("b", 15, 0));
    is(spots(distribute(doc, 0, ["a", "b", "c"], "x")), [[90, 0], [0, 0], [45, 0]]);
    is(distribute(doc, 0, ["a", "b"], "x"), doc);
  },
  "pages come, go and move"() {
    const two = addPage(abc, 0, { width: 5, height: 5, elements: [] });
    is(two.pages.map((p) => p.width), [100, 5]);
    is([movePage(two, 0, 1).pages[0].width, removePage(two, 0).pages.length], [5, 1]);
  },
  "a page is as large as a browser paints"() {
    is([sizeFault(100, 100), sizeFault(0, 5) !== "", sizeFault(5000, 5001) !== "", sizeFault(1.5, 2) !== ""], ["", true, true, true]);
  },
};
