// The tools that draw something new: idle, pressed, drawing. A click without a
// drag makes one of a usual size.

import { neat, spanned } from "./geometry.js";
import { machine } from "./select-tool.js";

// usual are the sizes of what is placed by a click, or by Enter.
export const usual = {
  rect: { width: 200, height: 120 },
  ellipse: { width: 160, height: 160 },
  line: { width: 200, height: 0 },
  text: { width: 360, height: 60 },
};

// drawTool makes elements of a type; made is told the box, and what was drawn of it.
export function drawTool(type, { stage, view, made }) {
  const idle = {
    down: (start) => ({
      move(p) {
        const end = held(start, p);
        if (Math.hypot(end.x - start.x, end.y - start.y) * stage.zoom < 3) {
          return this;
        }
        this.end = end;
        view.pull(spanned(start, end));
        return this;
      },
      up() {
        view.pull(null);
        made(type, this.end ? boxFrom(start, this.end) : { x: neat(start.x), y: neat(start.y), ...usual[type] });
        return idle;
      },
      cancel() {
        view.pull(null);
        return idle;
      },
    }),
  };
  return machine(idle);

  // held makes squares and circles with shift, and straight lines.
  function held(start, p) {
    if (!p.shift) {
      return p;
    }
    const [x, y] = [p.x - start.x, p.y - start.y];
    if (type === "line") {
      return Math.abs(x) > Math.abs(y) ? { x: p.x, y: start.y } : { x: start.x, y: p.y };
    }
    const side = Math.max(Math.abs(x), Math.abs(y));
    return { x: start.x + side * (Math.sign(x) || 1), y: start.y + side * (Math.sign(y) || 1) };
  }

  function boxFrom(start, end) {
    if (type === "line") {
      return { x: neat(start.x), y: neat(start.y), width: neat(end.x - start.x), height: neat(end.y - start.y) };
    }
    const { x, y, width, height } = spanned(start, end);
    return { x: neat(x), y: neat(y), width: neat(Math.max(1, width)), height: neat(Math.max(1, height)) };
  }
}
