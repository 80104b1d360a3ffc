// What is selected: ids of elements of one page. A group is selected as a whole.

import { around, boxOf, holds, overlap } from "./geometry.js";

// touchable are the elements that a pointer finds.
export function touchable(elements) {
  return elements.filter((e) => !e.hidden && !e.locked);
}

// under is the uppermost element at a point.
export function under(elements, point, slack = 0) {
  return touchable(elements).findLast((e) => holds(e, point, slack));
}

// within are the ids of what a frame touches.
export function within(elements, frame) {
  const touched = touchable(elements).filter((e) => overlap(around([boxOf(e)]), frame));
  return wholeGroups(elements, touched.map((e) => e.id));
}

// wholeGroups adds to ids all that is grouped with them.
export function wholeGroups(elements, ids) {
  const chosen = new Set(ids);
  const groups = new Set(elements.filter((e) => e.group && chosen.has(e.id)).map((e) => e.group));
  return elements.filter((e) => chosen.has(e.id) || (e.group && groups.has(e.group))).map((e) => e.id);
}

// toggled adds ids to a selection, or takes them out when all are in it.
export function toggled(selection, ids) {
  if (ids.every((id) => selection.includes(id))) {
    return selection.filter((id) => !ids.includes(id));
  }
  return [...selection, ...ids.filter((id) => !selection.includes(id))];
}

// beside is the element that many steps further in the order drawn, round and round.
export function beside(elements, selection, step) {
  const all = elements.filter((e) => !e.hidden);
  if (all.length === 0) {
    return [];
  }
  const at = all.findIndex((e) => e.id === selection.at(-1));
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length;
  return [all[next].id];
}
