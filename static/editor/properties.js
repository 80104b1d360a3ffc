// The properties of elements as the inspector offers them, in its order.

const length = { min: -100000, max: 100000, step: 1 };
const side = { min: 0.01, max: 100000, step: 1 };
const of = (...types) => types;

export const sections = [
  {
    title: "Place",
    fields: [
      { name: "x", label: "X", kind: "number", ...length },
      { name: "y", label: "Y", kind: "number", ...length },
      { name: "width", label: "Width", kind: "number", ...side, line: length },
      { name: "height", label: "Height", kind: "number", ...side, line: length },
      { name: "rotation", label: "Rotation °", kind: "number", min: -36000, max: 36000, step: 1 },
      { name: "opacity", label: "Opacity %", kind: "number", min: 0, max: 100, step: 1, scale: 100 },
    ],
  },
  {
    title: "Text",
    types: of("text"),
    fields: [
      { name: "text", label: "Text", kind: "lines", most: 20000 },
      { name: "font", label: "Font", kind: "font" },
      { name: "size", label: "Size", kind: "number", min: 1, max: 4000, step: 1 },
      { name: "weight", label: "Weight", kind: "weight" },
      { name: "italic", label: "Italic", kind: "flag" },
      { name: "color", label: "Colour", kind: "color" },
      { name: "align", label: "Align", kind: "choice", choices: ["left", "center", "right"] },
      { name: "valign", label: "Stands at", kind: "choice", choices: ["top", "middle", "bottom"] },
      { name: "line_height", label: "Line height", kind: "number", min: 0.1, max: 10, step: 0.1 },
      { name: "letter_spacing", label: "Spacing", kind: "number", min: -1000, max: 1000, step: 0.5 },
      { name: "fit", label: "When too long", kind: "choice", choices: ["none", "shrink", "ellipsis"], words: ["runs over", "shrinks", "is cut …"] },
      { name: "min_size", label: "Smallest size", kind: "number", min: 1, max: 4000, step: 1, when: (e) => e.fit === "shrink" },
      { name: "max_lines", label: "Most lines", kind: "number", min: 1, max: 1000, step: 1, whole: true, empty: true, when: (e) => e.fit && e.fit !== "none" },
    ],
  },
  {
    title: "Picture",
    types: of("image"),
    fields: [
      { name: "asset", label: "Asset, address or {{variable}}", kind: "line", least: 1, most: 2000 },
      { name: "object_fit", label: "Fills its box", kind: "choice", choices: ["cover", "contain", "fill"], words: ["cropped", "whole", "stretched"] },
      { name: "zoom", label: "Zoom %", kind: "number", min: 100, max: 2000, step: 10, scale: 100 },
      { name: "focus_x", label: "Shows, across %", kind: "number", min: 0, max: 100, step: 1, scale: 100 },
      { name: "focus_y", label: "Shows, down %", kind: "number", min: 0, max: 100, step: 1, scale: 100 },
    ],
  },
  {
    title: "Look",
    fields: [
      { name: "fill", label: "Fill", kind: "paint", none: true, types: of("rect", "ellipse") },
      { name: "stroke", label: "Stroke", kind: "color", none: true, types: of("rect", "ellipse") },
      { name: "stroke", label: "Stroke", kind: "color", types: of("line") },
      { name: "stroke_width", label: "Stroke width", kind: "number", min: 0, max: 100000, step: 1, types: of("rect", "ellipse", "line") },
      { name: "radius", label: "Radius", kind: "number", min: 0, max: 100000, step: 1, types: of("rect", "image") },
      { name: "shadow", label: "Shadow", kind: "shadow" },
    ],
  },
];

// sectionsFor are the sections and fields that elements have in common.
export function sectionsFor(elements) {
  const suits = (part, e) => (!part.types || part.types.includes(e.type)) && (!part.when || part.when(e));
  return sections
    .map((s) => ({ ...s, fields: s.fields.filter((f) => elements.every((e) => suits(s, e) && suits(f, e))) }))
    .filter((s) => s.fields.length > 0);
}

// isColor takes a colour, or what becomes one when its variables have values.
export function isColor(text) {
  return /^#([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(text) || /\{\{ *[A-Za-z_][A-Za-z0-9_.-]* *\}\}/.test(text);
}

// numberFault says why a number, in plain decimals, cannot be; nothing when it can.
export function numberFault(text, { min, max, whole }) {
  const v = Number(text);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text.trim()) || (whole && !Number.isInteger(v))) {
    return whole ? "A whole number, please." : "A number, please.";
  }
  return v < min || v > max ? `From ${min} to ${max}.` : "";
}
