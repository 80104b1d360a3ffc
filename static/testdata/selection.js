import { beside, toggled, under, wholeGroups, within } from "../editor/selection.js";
import { is } from "./is.js";

const square = (id, x, more) => ({ id, type: "rect", x, y: 0, width: 10, height: 10, ...more });
const all = [square("a", 0), square("b", 5), square("c", 50, { group: "g" }), square("d", 90, { group: "g" }), square("l", 50, { locked: true }), square("h", 0, { hidden: true })];

export const tests = {
  "the uppermost is found, neither locked nor hidden"() {
    is(under(all, { x: 7, y: 5 }).id, "b");
    is(under(all, { x: 55, y: 5 }).id, "c");
    is(under(all, { x: 30, y: 5 }), undefined);
  },
  "a frame finds what it touches, and the rest of its group"() {
    is(within(all, { x: 12, y: 2, width: 40, height: 2 }), ["b", "c", "d"]);
  },
  "a group is whole"() {
    is(wholeGroups(all, ["d", "a"]), ["a", "c", "d"]);
  },
  "shift adds, and takes out what is in already"() {
    is(toggled(["a"], ["c", "d"]), ["a", "c", "d"]);
    is(toggled(["a", "c", "d"], ["c", "d"]), ["a"]);
    is(toggled(["a", "c"], ["c", "d"]), ["a", "c", "d"]);
  },
  "one after the other, round and round"() {
    is([beside(all, [], 1), beside(all, ["a"], 1), beside(all, ["a"], -1), beside(all, ["l"], 1), beside([], [], 1)], [["a"], ["b"], ["l"], ["a"], []]);
  },
};
