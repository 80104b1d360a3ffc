import {
  angleOf, around, boxOf, carried, cornersOf, endsOf, handles, holds, neat, resize, spanned, toSteps, turn, turned, upright,
} from "../editor/geometry.js";
import { is, near } from "./is.js";

const box = { x: 100, y: 50, width: 80, height: 40, rotation: 0 };

export const tests = {
  "a line that runs backwards has a box"() {
    is(boxOf({ x: 50, y: 60, width: -30, height: 40 }), { x: 20, y: 60, width: 30, height: 40, rotation: 0 });
  },
  "a quarter turn is clockwise"() {
    near(turn({ x: 1, y: 0 }, { x: 0, y: 0 }, 90), { x: 0, y: 1 });
  },
  "a turned box is framed by its corners"() {
    near(around([{ x: 0, y: 0, width: 100, height: 20, rotation: 90 }]), { x: 40, y: -40, width: 20, height: 100 });
    is(around([]), null);
    is(cornersOf(box)[2], { x: 180, y: 90 });
  },
  "a point is on what is turned, and not beside it"() {
    const e = { type: "rect", x: 0, y: 0, width: 100, height: 20, rotation: 90 };
    is([holds(e, { x: 50, y: 55 }, 0), holds(e, { x: 5, y: 10 }, 0)], [true, false]);
  },
  "a line is held near its stroke only"() {
    const line = { type: "line", x: 0, y: 0, width: 100, height: 100, stroke_width: 2 };
    is([holds(line, { x: 50, y: 52 }, 4), holds(line, { x: 80, y: 20 }, 4)], [true, false]);
    is(holds({ ...line, stroke_width: 60 }, { x: 70, y: 40 }, 4), true);
  },
  "each handle moves its side and leaves the other"() {
    is(resize(box, "e", { x: 10, y: 99 }), { ...box, width: 90 });
    is(resize(box, "w", { x: 10, y: 99 }), { ...box, x: 110, width: 70 });
    is(resize(box, "nw", { x: -10, y: -5 }), { ...box, x: 90, y: 45, width: 90, height: 45 });
    is(resize(box, "s", { x: 9, y: 5 }), { ...box, height: 45 });
  },
  "the opposite corner stays, however the box is turned"() {
    const opposite = { nw: 2, ne: 3, se: 0, sw: 1 };
    for (const rotation of [0, 30, 90, 137, -60]) {
      for (const [handle, corner] of Object.entries(opposite)) {
        const from = { ...box, rotation };
        const to = resize(from, handle, { x: 7, y: -11 });
        near(cornersOf(to)[corner], cornersOf(from)[corner]);
      }
    }
  },
  "the corner follows the pointer, however the box is turned"() {
    const from = { ...box, rotation: 30 };
    const [was, now] = [from, resize(from, "se", { x: 7, y: 11 })].map((b) => cornersOf(b)[2]);
    near(now, { x: was.x + 7, y: was.y + 11 });
  },
  "with shift the proportion stays, with alt the middle"() {
    is(resize(box, "se", { x: 40, y: 0 }, { proportional: true }), { ...box, width: 120, height: 60 });
    is(resize(box, "e", { x: 40, y: 0 }, { proportional: true }), { ...box, y: 40, width: 120, height: 60 });
    is(resize(box, "e", { x: 10, y: 0 }, { centred: true }), { ...box, x: 90, width: 100 });
  },
  "a box does not turn inside out"() {
    const to = resize(box, "e", { x: -500, y: 0 });
    is([to.width, to.x], [1, 100]);
  },
  "there are eight handles"() {
    is(Object.keys(handles).length, 8);
  },
  "elements are carried with the box around them"() {
    const to = { x: 0, y: 0, width: 200, height: 100, rotation: 0 };
    const from = { x: 0, y: 0, width: 100, height: 100, rotation: 0 };
    is(carried({ x: 10, y: 10, width: 20, height: 20 }, from, to), { x: 20, y: 10, width: 40, height: 20 });
    is(carried({ x: 50, y: 0, width: -50, height: 0 }, { ...from, height: 0 }, { ...to, height: 0 }), { x: 100, y: 0, width: -100, height: 0 });
  },
  "angles count from straight up, in steps, between -180 and 180"() {
    is([angleOf({ x: 0, y: 0 }, { x: 0, y: -5 }), angleOf({ x: 0, y: 0 }, { x: 5, y: 0 })], [0, 90]);
    is([toSteps(38, 15), toSteps(-8, 15)], [45, -15]);
    is([upright(190), upright(-190), upright(540), upright(-180)], [-170, 170, 180, 180]);
  },
  "turning about another middle moves a box"() {
    near(turned({ x: 90, y: -10, width: 20, height: 20 }, { x: 0, y: 0 }, 90), { x: -10, y: 90, rotation: 90 });
  },
  "a line's ends are where they are drawn"() {
    const [from, to] = endsOf({ x: 0, y: 0, width: 100, height: 0, rotation: 90 });
    near(from, { x: 50, y: -50 });
    near(to, { x: 50, y: 50 });
  },
  "numbers are neat, and never -0"() {
    is([neat(1.23456), Object.is(neat(-0.001), 0)], [1.23, true]);
    is(spanned({ x: 5, y: 9 }, { x: 1, y: 2 }), { x: 1, y: 2, width: 4, height: 7, rotation: 0 });
  },
};
