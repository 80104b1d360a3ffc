// The tool that moves a picture within its box: idle, panning. A press beside the box
// ends it.

import { change, changed } from "./document.js";
import { panned, zoomed } from "./cropping.js";
import { holds } from "./geometry.js";
import { machine } from "./select-tool.js";

// cropTool works on the one element that is selected. Size gives its picture's natural
// size, null until that has arrived.
export function cropTool({ model, view, size, done }) {
  const idle = {
    down(start) {
      const [e] = model.chosen;
      if (!e || !holds(e, start, 0)) {
        done();
        return idle;
      }
      const natural = size(e.id);
      let now = null;
      return {
        move(p) {
          if (natural) {
            now = changed(e, panned(e, natural, { x: p.x - start.x, y: p.y - start.y }));
            view.hold(new Map([[e.id, now]]));
          }
          return this;
        },
        up() {
          if (now) {
            set(now);
          }
          view.release();
          return idle;
        },
        cancel() {
          view.hold(new Map([[e.id, e]]));
          view.release();
          return idle;
        },
      };
    },
    double() {
      done();
      return idle;
    },
  };
  return {
    ...machine(idle),

    // pan and zoom do without a pointer.
    pan(x, y) {
      const [e] = model.chosen;
      const natural = size(e.id);
      if (natural) {
        set(panned(e, natural, { x, y }), "pan " + e.id);
      }
    },
    zoom(by) {
      const [e] = model.chosen;
      set(zoomed(e, by), "zoom " + e.id);
    },
  };

  function set({ focus_x, focus_y, zoom }, gesture) {
    const by = Object.fromEntries(Object.entries({ focus_x, focus_y, zoom }).filter(([, v]) => v !== undefined));
    model.change({ document: change(model.document, model.page, model.selection, by) }, gesture);
  }
}
