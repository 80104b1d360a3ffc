// The one algorithm that fits a text into its box, for the editor, the gallery
// and the screenshot. It reads sizes in CSS pixels before transforms, so a page
// that is shown smaller or turned is fitted alike, and it may run again at any
// time: after an edit, or when a font has arrived.

// fit gives every text under root that shrinks the largest size, in quarters of
// a pixel, at which it fits. A text that does not fit at its smallest size is
// cut with an ellipsis.
export function fit(root) {
  for (const text of root.querySelectorAll('[data-fit="shrink"]')) {
    shrink(text);
  }
}

function shrink(text) {
  const { size, minSize, maxLines, lineHeight } = text.dataset;
  const rule = {
    largest: Number(size),
    smallest: Number(minSize),
    lineHeight: Number(lineHeight),
    maxLines: maxLines ? Number(maxLines) : Infinity,
    width: text.parentElement.clientWidth,
    height: text.parentElement.clientHeight,
  };
  unclamp(text);
  if (fits(text, rule, rule.largest)) {
    return;
  }
  if (!fits(text, rule, rule.smallest)) {
    clamp(text, rule);
    return;
  }
  // The smallest size fits and the largest does not: halve what lies between.
  let good = Math.ceil(rule.smallest * 4);
  let bad = Math.ceil(rule.largest * 4);
  let best = rule.smallest;
  while (good < bad) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(text, rule, middle / 4)) {
      best = middle / 4;
      good = middle + 1;
    } else {
      bad = middle;
    }
  }
  text.style.fontSize = best + "px";
}

// fits tells whether no word is wider than the box and no line below it.
function fits(text, rule, size) {
  text.style.fontSize = size + "px";
  text.style.width = "min-content";
  const longest = text.offsetWidth;
  text.style.width = "100%";
  const lines = Math.round(text.offsetHeight / (size * rule.lineHeight));
  return longest <= rule.width && lines <= rule.maxLines && lines * size * rule.lineHeight <= rule.height + 0.5;
}

function unclamp(text) {
  Object.assign(text.style, {
    display: "block",
    overflow: "visible",
    overflowWrap: "normal",
    webkitLineClamp: "none",
  });
}

function clamp(text, rule) {
  const room = Math.floor((rule.height + 0.5) / (rule.smallest * rule.lineHeight));
  Object.assign(text.style, {
    display: "-webkit-box",
    overflowX: "visible",
    overflowY: "clip",
    overflowWrap: "anywhere",
    webkitBoxOrient: "vertical",
    webkitLineClamp: String(Math.max(1, Math.min(room, rule.maxLines))),
  });
}
