// Geometry on a page: boxes that may be turned about their middle, in CSS pixels,
// angles in degrees clockwise. Nothing here knows of the screen.

// boxOf is the box that an element is drawn in; a line's may run backwards.
export function boxOf(e) {
  return {
    x: Math.min(e.x, e.x + e.width),
    y: Math.min(e.y, e.y + e.height),
    width: Math.abs(e.width),
    height: Math.abs(e.height),
    rotation: e.rotation ?? 0,
  };
}

export function middle(box) {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

// turn moves a point round another.
export function turn(point, around, degrees) {
  const a = (degrees * Math.PI) / 180;
  const x = point.x - around.x;
  const y = point.y - around.y;
  return { x: around.x + x * Math.cos(a) - y * Math.sin(a), y: around.y + x * Math.sin(a) + y * Math.cos(a) };
}

// cornersOf go round from the top left, as they lie when the box is turned.
export function cornersOf(box) {
  const { x, y, width, height, rotation } = box;
  const corners = [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ];
  return rotation ? corners.map((c) => turn(c, middle(box), rotation)) : corners;
}

// around is the upright box around several; null around none.
export function around(boxes) {
  if (boxes.length === 0) {
    return null;
  }
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const box of boxes) {
    for (const c of cornersOf(box)) {
      left = Math.min(left, c.x);
      top = Math.min(top, c.y);
      right = Math.max(right, c.x);
      bottom = Math.max(bottom, c.y);
    }
  }
  return { x: left, y: top, width: right - left, height: bottom - top, rotation: 0 };
}

// spanned is the upright box between two points.
export function spanned(a, b) {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y), rotation: 0 };
}

export function overlap(a, b) {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}

// holds tells whether a point is on an element, or as near as slack.
export function holds(e, point, slack) {
  const box = boxOf(e);
  const p = turn(point, middle(box), -box.rotation);
  if (e.type === "line") {
    const [from, to] = [{ x: e.x, y: e.y }, { x: e.x + e.width, y: e.y + e.height }];
    return distance(p, from, to) <= Math.max(slack, (e.stroke_width ?? 1) / 2);
  }
  return p.x >= box.x - slack && p.x <= box.x + box.width + slack && p.y >= box.y - slack && p.y <= box.y + box.height + slack;
}

// The handles: which side of the box each moves, -1 the left or upper.
export const handles = {
  nw: [-1, -1], n: [0, -1], ne: [1, -1], e: [1, 0], se: [1, 1], s: [0, 1], sw: [-1, 1], w: [-1, 0],
};

// resize draws a side or corner of a box by a way on the page. The side opposite
// stays where it is, also of a box that is turned; centred, the middle does.
export function resize(box, handle, way, { proportional = false, centred = false, least = 1 } = {}) {
  const [h, v] = handles[handle];
  const local = turn(way, { x: 0, y: 0 }, -box.rotation);
  const both = centred ? 2 : 1;
  let width = Math.max(least, box.width + h * local.x * both);
  let height = Math.max(least, box.height + v * local.y * both);
  if (proportional) {
    const [across, down] = [width / box.width, height / box.height];
    const scale = h === 0 ? down : v === 0 ? across : Math.max(across, down);
    width = box.width * scale;
    height = box.height * scale;
  }
  const was = middle(box);
  const shift = centred ? { x: 0, y: 0 } : { x: (h * (width - box.width)) / 2, y: (v * (height - box.height)) / 2 };
  const now = turn({ x: was.x + shift.x, y: was.y + shift.y }, was, box.rotation);
  return { ...box, x: now.x - width / 2, y: now.y - height / 2, width, height };
}

// carried is where an element stands when the box around it and others has
// become another.
export function carried(e, from, to) {
  const [across, down] = [from.width ? to.width / from.width : 1, from.height ? to.height / from.height : 1];
  const m = middle(boxOf(e));
  const [x, y] = [to.x + (m.x - from.x) * across, to.y + (m.y - from.y) * down];
  const [width, height] = [e.width * across, e.height * down];
  return { x: x - width / 2, y: y - height / 2, width, height };
}

// angleOf is that of a handle above the middle: 0 straight up.
export function angleOf(centre, point) {
  return (Math.atan2(point.x - centre.x, centre.y - point.y) * 180) / Math.PI;
}

export function toSteps(angle, step) {
  return Math.round(angle / step) * step;
}

// upright writes an angle between -180 and 180.
export function upright(angle) {
  const a = ((((angle + 180) % 360) + 360) % 360) - 180;
  return a === -180 ? 180 : a;
}

// turned are a box and its rotation after a turn about any point.
export function turned(e, centre, degrees) {
  const box = boxOf(e);
  const was = middle(box);
  const now = turn(was, centre, degrees);
  return { x: e.x + now.x - was.x, y: e.y + now.y - was.y, rotation: upright(box.rotation + degrees) };
}

// endsOf are where a line begins and ends on the page.
export function endsOf(e) {
  const box = boxOf(e);
  return [
    { x: e.x, y: e.y },
    { x: e.x + e.width, y: e.y + e.height },
  ].map((p) => turn(p, middle(box), box.rotation));
}

// neat has no more decimals than a person would type.
export function neat(v) {
  const r = Math.round(v * 100) / 100;
  return r === 0 ? 0 : r;
}

function distance(p, from, to) {
  const [x, y] = [to.x - from.x, to.y - from.y];
  const length = x * x + y * y;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((p.x - from.x) * x + (p.y - from.y) * y) / length));
  return Math.hypot(p.x - from.x - along * x, p.y - from.y - along * y);
}
