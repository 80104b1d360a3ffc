// The pointer on the stage, given to the tool that is in hand. Moves are told once
// a frame.

export function createPointer({ stage, toolFor }) {
  const { element } = stage;
  let tool = null;
  let last = null;
  let frame = 0;

  element.addEventListener("pointerdown", (event) => {
    if (tool || event.target.closest("[contenteditable]") || event.button === 2) {
      return;
    }
    event.preventDefault();
    element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    tool = toolFor(event);
    tool.down(told(event));
  });
  element.addEventListener("pointermove", (event) => {
    if (!tool) {
      return;
    }
    last = told(event, true);
    frame ||= requestAnimationFrame(move);
  });
  element.addEventListener("pointerup", (event) => finish(event, "up"));
  element.addEventListener("pointercancel", (event) => finish(event, "cancel"));
  element.addEventListener("dblclick", (event) => {
    if (!event.target.closest("[contenteditable]")) {
      toolFor(event).double?.(told(event));
    }
  });

  return {
    get busy() { return tool !== null; },
    // cancel gives up what is being dragged.
    cancel() {
      cancelAnimationFrame(frame);
      frame = 0;
      tool?.cancel();
      tool = null;
    },
  };

  function move() {
    frame = 0;
    tool?.move(last);
  }

  function finish(event, how) {
    if (!tool) {
      return;
    }
    if (frame) {
      cancelAnimationFrame(frame);
      move();
    }
    const used = tool;
    tool = null;
    used[how](told(event));
  }

  function told(event, dragging) {
    return {
      ...stage.toPage(event, dragging),
      clientX: event.clientX,
      clientY: event.clientY,
      shift: event.shiftKey,
      alt: event.altKey,
      ctrl: event.ctrlKey || event.metaKey,
      handle: event.target.dataset?.handle,
    };
  }
}
