import { linesOf, snap, snapPoint } from "../editor/snapping.js";
import { is } from "./is.js";

const lines = linesOf([{ x: 0, y: 0, width: 400, height: 300 }, { x: 100, y: 40, width: 50, height: 20 }]);
const box = (x, y) => ({ x, y, width: 30, height: 10 });

export const tests = {
  "lines are edges and middles, each once and in order"() {
    is([...lines.x], [0, 100, 125, 150, 200, 400]);
    is([...linesOf([box(0, 0), box(0, 0)]).y], [0, 5, 10]);
  },
  "the nearest of edges and middle is drawn"() {
    is(snap(box(153, 200), lines, 6), { x: -3, y: 0, guides: [{ axis: "x", at: 150 }] });
    is(snap(box(183, 142), lines, 6), { x: 2, y: -2, guides: [{ axis: "x", at: 200 }, { axis: "y", at: 150 }] });
  },
  "nothing is drawn from afar"() {
    is(snap(box(300, 200), lines, 6), { x: 0, y: 0, guides: [] });
  },
  "only the side that moves is drawn"() {
    is(snapPoint({ x: 148, y: undefined }, lines, 6), { x: 2, y: 0, guides: [{ axis: "x", at: 150 }] });
  },
  "what lies exactly on a line shows it"() {
    is(snapPoint({ x: 100 }, lines, 6), { x: 0, y: 0, guides: [{ axis: "x", at: 100 }] });
  },
};
