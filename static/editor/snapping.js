// Snapping draws what is moved to the lines that a person sees: the edges and the
// middle of the page and of what else stands on it.

// linesOf are the places that draw, across and down, each once and in order.
export function linesOf(boxes) {
  const lines = { x: new Set(), y: new Set() };
  for (const b of boxes) {
    for (const part of [0, 0.5, 1]) {
      lines.x.add(b.x + b.width * part);
      lines.y.add(b.y + b.height * part);
    }
  }
  const ordered = (set) => Float64Array.from(set).sort();
  return { x: ordered(lines.x), y: ordered(lines.y) };
}

// snap says how far to move a box further, and along which lines it then lies.
export function snap(box, lines, reach) {
  const x = nearest([box.x, box.x + box.width / 2, box.x + box.width], lines.x, reach);
  const y = nearest([box.y, box.y + box.height / 2, box.y + box.height], lines.y, reach);
  return found(x, y);
}

// snapPoint does so for a point; what does not move along an axis has no place there.
export function snapPoint(point, lines, reach) {
  return found(
    point.x === undefined ? undefined : nearest([point.x], lines.x, reach),
    point.y === undefined ? undefined : nearest([point.y], lines.y, reach),
  );
}

function found(x, y) {
  const guides = [];
  if (x) {
    guides.push({ axis: "x", at: x.line });
  }
  if (y) {
    guides.push({ axis: "y", at: y.line });
  }
  return { x: x?.by ?? 0, y: y?.by ?? 0, guides };
}

// nearest is the shortest way from any of the places to a line within reach.
function nearest(places, lines, reach) {
  let best;
  for (const place of places) {
    const i = after(lines, place);
    for (const line of [lines[i - 1], lines[i]]) {
      const by = line - place;
      if (Math.abs(by) <= reach && (!best || Math.abs(by) < Math.abs(best.by))) {
        best = { by, line };
      }
    }
  }
  return best;
}

// after is the index of the first line at a place or after it.
function after(lines, place) {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const half = (low + high) >> 1;
    if (lines[half] < place) {
      low = half + 1;
    } else {
      high = half;
    }
  }
  return low;
}
