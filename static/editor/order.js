// A list in an order of its own: its rows are dragged to other places, or go there
// step by step, with Alt and an arrow. The arrows alone lead from row to row.

// createOrder tells of two rows' data-id, dropped on each other, and of one's step
// down (1) or up (-1) the list.
export function createOrder(list, { drop, step }) {
  let dragged = null;

  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li");
    event.dataTransfer.setData("text/x-row", dragged.dataset.id);
  });
  list.addEventListener("dragover", (event) => {
    if (dragged) {
      event.preventDefault();
      mark(event.target.closest("li"));
    }
  });
  list.addEventListener("drop", (event) => {
    const over = event.target.closest("li");
    event.preventDefault();
    if (dragged && over && over !== dragged) {
      drop(dragged.dataset.id, over.dataset.id);
    }
  });
  list.addEventListener("dragend", () => {
    dragged = null;
    mark(null);
  });
  list.addEventListener("keydown", (event) => {
    const row = event.target.closest("li");
    const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!row || !way || event.target.tagName === "INPUT") {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const next = way > 0 ? row.nextElementSibling : row.previousElementSibling;
    if (event.altKey) {
      step(row.dataset.id, way);
    } else {
      next?.querySelector(".pick").focus();
    }
  });

  function mark(row) {
    list.querySelector("[data-into]")?.removeAttribute("data-into");
    row?.setAttribute("data-into", row.compareDocumentPosition(dragged) & Node.DOCUMENT_POSITION_FOLLOWING ? "above" : "below");
  }
}
