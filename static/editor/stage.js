// The stage shows the board larger or smaller, and moved about. Places on it are
// those of the page; those of the screen count from the stage's corner.

const least = 0.05;
const most = 16;

export function createStage(element, board) {
  let view = { x: 0, y: 0, zoom: 1 };
  let size = { width: 1, height: 1 };
  let corner = { left: 0, top: 0 };
  const listeners = [];
  const look = (next) => {
    view = next;
    board.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
    listeners.forEach((listen) => listen(view));
  };
  const stage = {
    element,
    get zoom() { return view.zoom; },
    listen: (listener) => listeners.push(listener),

    // toPage is where on the page something of the window is. While one drags, the
    // stage stays: to measure it again would lay the page out in every frame.
    toPage({ clientX, clientY }, dragging = false) {
      if (!dragging) {
        corner = element.getBoundingClientRect();
      }
      return { x: (clientX - corner.left - view.x) / view.zoom, y: (clientY - corner.top - view.y) / view.zoom };
    },
    toScreen: (p) => ({ x: p.x * view.zoom + view.x, y: p.y * view.zoom + view.y }),

    pan: (x, y) => look({ ...view, x: view.x + x, y: view.y + y }),

    // zoomBy keeps what is under the pointer there; without one, the middle.
    zoomBy(factor, pointer) {
      const r = element.getBoundingClientRect();
      const at = pointer ? { x: pointer.clientX - r.left, y: pointer.clientY - r.top } : { x: r.width / 2, y: r.height / 2 };
      const zoom = Math.min(most, Math.max(least, view.zoom * factor));
      const by = zoom / view.zoom;
      look({ zoom, x: at.x - (at.x - view.x) * by, y: at.y - (at.y - view.y) * by });
    },

    // show centres a page of a size: all of it, or at a zoom.
    show(page, zoom) {
      size = page;
      const r = element.getBoundingClientRect();
      const room = r.width < 500 ? 16 : 48;
      const all = Math.min((r.width - 2 * room) / size.width, (r.height - 2 * room) / size.height, 1);
      const z = zoom ?? Math.max(least, all);
      look({ zoom: z, x: (r.width - size.width * z) / 2, y: (r.height - size.height * z) / 2 });
    },
  };
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      stage.zoomBy(Math.exp(-event.deltaY / 300), event);
    } else if (event.shiftKey && !event.deltaX) {
      stage.pan(-event.deltaY, 0);
    } else {
      stage.pan(-event.deltaX, -event.deltaY);
    }
  }, { passive: false });
  return stage;
}
