// The tools, one of which is in hand; with Space held down, or the middle button,
// it is the hand that moves the page.

import { cropTool } from "./crop-tool.js";
import { drawTool, usual } from "./draw-tool.js";
import { panTool } from "./pan-tool.js";
import { createPointer } from "./pointer.js";
import { selectTool } from "./select-tool.js";

export function createHands({ model, stage, view, made, size, buttons }) {
  const crop = cropTool({ model, view, size, done: () => take("select") });
  const tools = { select: selectTool({ model, stage, view }), pan: panTool({ stage }), crop };
  for (const type of ["rect", "ellipse", "line", "text"]) {
    tools[type] = drawTool(type, { stage, view, made });
  }
  let held = "select";
  let spaced = false;
  const pointer = createPointer({ stage, toolFor: (event) => tools[spaced || event.button === 1 ? "pan" : held] });

  document.addEventListener("keydown", (event) => {
    if (event.key === " " && [stage.element, document.body].includes(event.target)) {
      event.preventDefault();
      spaced = true;
      show();
    } else if (event.key === "Escape" && pointer.busy) {
      event.preventDefault();
      pointer.cancel();
    }
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") {
      spaced = false;
      show();
    }
  });

  // Whatever takes the picture out of the selection ends that it is moved about.
  model.listen((now, before) => held === "crop" && now.selection !== before.selection && take("select"));
  stage.element.addEventListener("wheel", (event) => {
    if (held === "crop") {
      event.preventDefault();
      event.stopImmediatePropagation();
      crop.zoom(Math.exp(-event.deltaY / 300));
    }
  }, { capture: true, passive: false });

  return {
    get busy() { return pointer.busy; },
    get tool() { return held; },
    take,
    crop,
    // place draws without a pointer, in the middle of the page.
    place() {
      const { width, height } = model.document.pages[model.page];
      const box = usual[held];
      made(held, { x: Math.round((width - box.width) / 2), y: Math.round((height - box.height) / 2), ...box });
    },
  };

  function take(name) {
    held = name;
    show();
    view.release();
  }

  function show() {
    stage.element.dataset.tool = spaced ? "pan" : held;
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.command === held));
    }
  }
}
