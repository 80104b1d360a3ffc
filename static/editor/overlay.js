// The overlay lies above the drawing: the frame around what is selected with its
// handles, guides, and the frame that is being pulled open.

import { endsOf, handles } from "./geometry.js";

const outlined = 200; // more are not outlined one by one

export function createOverlay(element, stage) {
  const frame = make("frame");
  for (const name of [...Object.keys(handles), "turn"]) {
    frame.append(handle(name));
  }
  const ends = ["from", "to"].map(handle);
  const outlines = make("outlines");
  const guides = make("guides");
  const marquee = make("marquee");
  element.replaceChildren(outlines, frame, ...ends, guides, marquee);
  hide(frame, marquee, ...ends);

  return {
    // select frames a box, with handles unless it is locked; a line has only ends.
    select({ box, line, boxes = [], fixed = false }) {
      const ended = line && !fixed;
      for (const [i, end] of ends.entries()) {
        end.hidden = !ended;
        if (ended) {
          const p = stage.toScreen(endsOf(line)[i]);
          end.style.translate = `${p.x}px ${p.y}px`;
        }
      }
      frame.hidden = !box || Boolean(ended);
      frame.toggleAttribute("data-fixed", fixed);
      if (box) {
        lay(frame, box);
      }
      const shown = boxes.slice(0, outlined);
      while (outlines.children.length > shown.length) {
        outlines.lastChild.remove();
      }
      while (outlines.children.length < shown.length) {
        outlines.append(make("outline"));
      }
      shown.forEach((b, i) => lay(outlines.children[i], b));
    },

    guide(list) {
      guides.replaceChildren(...list.map(({ axis, at }) => {
        const line = make("guide");
        line.dataset.axis = axis;
        const p = stage.toScreen({ x: at, y: at });
        line.style.translate = axis === "x" ? `${p.x}px 0` : `0 ${p.y}px`;
        return line;
      }));
    },

    pull(box) {
      marquee.hidden = !box;
      if (box) {
        lay(marquee, box);
      }
    },
  };

  function lay(node, box) {
    const p = stage.toScreen(box);
    const { style } = node;
    style.width = box.width * stage.zoom + "px";
    style.height = box.height * stage.zoom + "px";
    style.transform = `translate(${p.x}px, ${p.y}px) rotate(${box.rotation}deg)`;
  }
}

function make(kind) {
  const node = document.createElement("div");
  node.className = kind;
  return node;
}

function handle(name) {
  const node = make("handle");
  node.dataset.handle = name;
  return node;
}

function hide(...nodes) {
  for (const node of nodes) {
    node.hidden = true;
  }
}
