// The tool that selects, moves, resizes and turns. It is always in one state; a
// state answers to the pointer with the next one.

import { change, changed } from "./document.js";
import {
  angleOf, around, boxOf, carried, endsOf, middle, neat, resize, spanned, toSteps, turned, upright,
} from "./geometry.js";
import { toggled, touchable, under, wholeGroups, within } from "./selection.js";
import { linesOf, snap, snapPoint } from "./snapping.js";

const threshold = 3; // pixels of the screen that make a drag of a press
const reach = 6; // likewise, at which lines draw

// selectTool works on a model and shows what happens by view: hold(map), release(), guide(list), pull(box), and open(id) for a double click.
export function selectTool({ model, stage, view }) {
  const idle = {
    down(p) {
      const loose = model.chosen.filter((e) => !e.locked);
      if (p.handle === "turn") {
        return turning(loose, p);
      }
      if (p.handle === "from" || p.handle === "to") {
        return stretching(loose[0], p);
      }
      if (p.handle) {
        return resizing(loose, p);
      }
      const hit = under(model.elements, p, 4 / stage.zoom);
      if (!hit) {
        const before = p.shift ? model.selection : [];
        model.select(before);
        return framing(p, before);
      }
      const ids = wholeGroups(model.elements, [hit.id]);
      if (!model.selection.includes(hit.id)) {
        model.select(p.shift ? toggled(model.selection, ids) : ids);
        return pressed(p, null);
      }
      return pressed(p, p.shift ? toggled(model.selection, ids) : ids);
    },

    // double goes into a group, or into a text.
    double(p) {
      const hit = under(model.elements, p, 4 / stage.zoom);
      if (hit) {
        model.select([hit.id]);
        view.open(hit.id);
      }
      return idle;
    },
  };

  // pressed turns into a move, or, let go, into another selection if there is one.
  function pressed(start, others) {
    return {
      move(p) {
        if (Math.hypot(p.x - start.x, p.y - start.y) * stage.zoom < threshold) {
          return this;
        }
        const loose = model.chosen.filter((e) => !e.locked);
        return loose.length > 0 ? moving(loose, start).move(p) : this;
      },
      up() {
        if (others) {
          model.select(others);
        }
        return idle;
      },
    };
  }

  function moving(elements, start) {
    const from = around(elements.map(boxOf));
    const lines = linesBeside(elements);
    return gesture(elements, (p) => {
      const way = { x: p.x - start.x, y: p.y - start.y };
      if (p.shift) {
        way[Math.abs(way.x) < Math.abs(way.y) ? "x" : "y"] = 0;
      }
      const drawn = p.ctrl ? none : snap({ ...from, x: from.x + way.x, y: from.y + way.y }, lines, reach / stage.zoom);
      view.guide(drawn.guides);
      return (e) => ({ x: neat(e.x + way.x + drawn.x), y: neat(e.y + way.y + drawn.y) });
    });
  }

  function resizing(elements, start) {
    const alone = elements.length === 1 ? elements[0] : null;
    const from = alone ? boxOf(alone) : around(elements.map(boxOf));
    const lines = linesBeside(elements);
    return gesture(elements, (p) => {
      const way = { x: p.x - start.x, y: p.y - start.y };
      const options = { proportional: p.shift, centred: p.alt };
      let to = resize(from, start.handle, way, options);
      let drawn = none;
      if (!p.ctrl && !p.shift && from.rotation === 0) {
        const side = (at, size, name) => (start.handle.includes(name[0]) ? at : start.handle.includes(name[1]) ? at + size : undefined);
        drawn = snapPoint({ x: side(to.x, to.width, "we"), y: side(to.y, to.height, "ns") }, lines, reach / stage.zoom);
        to = resize(from, start.handle, { x: way.x + drawn.x, y: way.y + drawn.y }, options);
      }
      view.guide(drawn.guides);
      return (e) => rounded(alone ? to : carried(e, from, to));
    });
  }

  // stretching moves an end of a line.
  function stretching(line, start) {
    const [from, to] = endsOf(line);
    const [still, moved] = start.handle === "from" ? [to, from] : [from, to];
    const lines = linesBeside([line]);
    return gesture([line], (p) => {
      const end = { x: moved.x + p.x - start.x, y: moved.y + p.y - start.y };
      let drawn = none;
      if (p.shift) {
        const angle = (toSteps(angleOf(still, end), 15) * Math.PI) / 180;
        const length = Math.hypot(end.x - still.x, end.y - still.y);
        Object.assign(end, { x: still.x + Math.sin(angle) * length, y: still.y - Math.cos(angle) * length });
      } else if (!p.ctrl) {
        drawn = snapPoint(end, lines, reach / stage.zoom);
        Object.assign(end, { x: end.x + drawn.x, y: end.y + drawn.y });
      }
      view.guide(drawn.guides);
      const [a, b] = start.handle === "from" ? [end, still] : [still, end];
      return () => ({ ...rounded({ x: a.x, y: a.y, width: b.x - a.x, height: b.y - a.y }), rotation: undefined });
    });
  }

  function turning(elements, start) {
    const centre = middle(elements.length === 1 ? boxOf(elements[0]) : around(elements.map(boxOf)));
    const first = angleOf(centre, start);
    const base = elements.length === 1 ? boxOf(elements[0]).rotation : 0;
    return gesture(elements, (p) => {
      let by = angleOf(centre, p) - first;
      if (p.shift) {
        by = toSteps(base + by, 15) - base;
      }
      return (e) => {
        const now = turned(e, centre, by);
        return { x: neat(now.x), y: neat(now.y), rotation: neat(upright(now.rotation)) || undefined };
      };
    });
  }

  function framing(start, before) {
    return {
      move(p) {
        const frame = spanned(start, p);
        view.pull(frame);
        const found = within(model.elements, frame);
        model.select([...before, ...found.filter((id) => !before.includes(id))]);
        return this;
      },
      up() {
        view.pull(null);
        return idle;
      },
      cancel() {
        view.pull(null);
        model.select(before);
        return idle;
      },
    };
  }

  // gesture shows what a pointer's way would make of elements, and makes it so
  // when it ends. By says of a pointer what changes in each.
  function gesture(elements, by) {
    let now = null;
    const end = () => {
      view.guide([]);
      view.release();
      return idle;
    };
    return {
      move(p) {
        const to = by(p);
        now = new Map(elements.map((e) => [e.id, changed(e, to(e))]));
        view.hold(now);
        return this;
      },
      up() {
        if (now) {
          model.change({ document: change(model.document, model.page, [...now.keys()], (e) => now.get(e.id)) });
        }
        return end();
      },
      cancel() {
        view.hold(new Map(elements.map((e) => [e.id, e])));
        return end();
      },
    };
  }

  function linesBeside(elements) {
    const moved = new Set(elements.map((e) => e.id));
    const { width, height } = model.document.pages[model.page];
    const others = touchable(model.elements).filter((e) => !moved.has(e.id));
    return linesOf([{ x: 0, y: 0, width, height }, ...others.map((e) => around([boxOf(e)]))]);
  }

  return machine(idle);
}

const none = { x: 0, y: 0, guides: [] };

// machine is a tool that begins, and is again after each gesture, in a state.
export function machine(idle) {
  let state = idle;
  const hear = (event) => (p) => {
    state = state[event]?.(p) ?? state;
  };
  return { down: hear("down"), move: hear("move"), up: hear("up"), cancel: hear("cancel"), double: hear("double") };
}

function rounded(box) {
  return { x: neat(box.x), y: neat(box.y), width: neat(box.width), height: neat(box.height) };
}
