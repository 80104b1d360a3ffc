// A picture in its box: how large it is drawn, and which part of it shows.

import { valueOf } from "./document.js";
import { boxOf, middle, neat, turn } from "./geometry.js";

export const mostZoom = 20;

// pictureOf is the box that the whole picture would take, of a natural size, turned
// about the middle of its element's box.
export function pictureOf(e, natural) {
  const box = boxOf(e);
  const { width, height } = sizeOf(e, natural);
  const m = middle(box);
  const at = { x: box.x + (box.width - width) * valueOf(e, "focus_x"), y: box.y + (box.height - height) * valueOf(e, "focus_y") };
  const now = turn({ x: at.x + width / 2, y: at.y + height / 2 }, m, box.rotation);
  return { x: now.x - width / 2, y: now.y - height / 2, width, height, rotation: box.rotation };
}

// panned is the focus after the picture was drawn by a way on the page.
export function panned(e, natural, way) {
  const box = boxOf(e);
  const size = sizeOf(e, natural);
  const local = turn(way, { x: 0, y: 0 }, -box.rotation);
  const along = (focus, gap, by) => (Math.abs(gap) < 0.01 ? focus : fraction(focus + by / gap));
  return {
    focus_x: along(valueOf(e, "focus_x"), box.width - size.width, local.x),
    focus_y: along(valueOf(e, "focus_y"), box.height - size.height, local.y),
  };
}

// zoomed draws the picture so many times as large.
export function zoomed(e, by) {
  return { zoom: neat(Math.min(mostZoom, Math.max(1, valueOf(e, "zoom") * by))) };
}

function sizeOf(e, natural) {
  const box = boxOf(e);
  const [across, down] = [box.width / natural.width, box.height / natural.height];
  const times = { cover: Math.max(across, down), contain: Math.min(across, down) }[valueOf(e, "object_fit")];
  const zoom = valueOf(e, "zoom");
  return { width: natural.width * (times ?? across) * zoom, height: natural.height * (times ?? down) * zoom };
}

function fraction(v) {
  return Math.round(Math.min(1, Math.max(0, v)) * 1e4) / 1e4;
}
