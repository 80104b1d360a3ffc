import { begin, everywhere, push, redo, settle, undo } from "../editor/history.js";
import { is } from "./is.js";

export const tests = {
  "back and forth"() {
    let h = push(push(begin(1), 2), 3);
    h = undo(h);
    is([h.present, undo(h).present, redo(h).present], [2, 1, 3]);
    is([undo(begin(1)).present, redo(begin(1)).present], [1, 1]);
  },
  "a new step forgets those taken back"() {
    is(redo(push(undo(push(begin(1), 2)), 5)).present, 5);
  },
  "a gesture is one step"() {
    const h = push(push(push(begin(0), 1, "drag"), 2, "drag"), 3, "drag");
    is([h.present, undo(h).present], [3, 0]);
  },
  "two gestures are two, and so is one after it has settled"() {
    is(undo(push(push(begin(0), 1, "a"), 2, "b")).present, 1);
    is(undo(push(settle(push(begin(0), 1, "a")), 2, "a")).present, 1);
  },
  "a gesture that has come to nothing is no step"() {
    const alike = (a, b) => a === b;
    is(settle(push(push(begin(1), 2, "a"), 1, "a"), alike).past, []);
    is(settle(push(push(begin(1), 2, "a"), 3, "a"), alike).past, [1]);
    is(settle(push(begin(1), 1), alike).past, [1]);
  },
  "what holds everywhere holds after each step back and forth"() {
    const h = everywhere(undo(push(push(begin(1), 2), 3)), (v) => v * 10);
    is([undo(h).present, h.present, redo(h).present], [10, 20, 30]);
  },
  "a step taken back ends the gesture"() {
    const h = push(undo(push(push(begin(0), 1), 2, "a")), 3, "a");
    is(undo(h).present, 1);
  },
  "a hundred steps are kept"() {
    let h = begin(0);
    for (let i = 1; i <= 150; i++) {
      h = push(h, i);
    }
    is([h.past.length, h.past[0]], [100, 50]);
  },
};
