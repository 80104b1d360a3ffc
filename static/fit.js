// The one algorithm that fits texts into their boxes, for the editor, the
// gallery and the screenshot. It measures in CSS pixels before transforms, so a
// page that is shown smaller or turned is fitted alike. It may run again at any
// time: after an edit, or when a font has arrived.

// fit gives every text under root that shrinks the largest size, in quarters of
// a pixel, at which it fits. What does not fit at its smallest size, or may not
// shrink, is cut and ends in an ellipsis.
export function fit(root) {
  for (const text of root.querySelectorAll("[data-fit]")) {
    const rule = ruleOf(text);
    restore(text);
    if (!shrink(text, rule)) {
      cut(text, rule);
    }
  }
}

function ruleOf(text) {
  const { size, minSize, maxLines, lineHeight } = text.dataset;
  return {
    largest: Number(size),
    smallest: Number(minSize ?? size),
    lineHeight: Number(lineHeight),
    maxLines: maxLines ? Number(maxLines) : Infinity,
    breaks: text.dataset.fit === "ellipsis",
    width: text.parentElement.clientWidth,
    height: text.parentElement.clientHeight + 0.5, // clientHeight is rounded
  };
}

// restore brings back a text that was cut, unless it has been edited since.
function restore(text) {
  if (text.dataset.cut === text.textContent) {
    text.textContent = text.dataset.full;
  }
  delete text.dataset.cut;
  delete text.dataset.full;
}

function shrink(text, rule) {
  if (fits(text, rule, rule.largest)) {
    return true;
  }
  if (rule.smallest === rule.largest || !fits(text, rule, rule.smallest)) {
    return false;
  }
  // The smallest size fits and the largest does not: halve what lies between.
  let best = rule.smallest;
  let low = Math.floor(rule.smallest * 4) + 1;
  let high = Math.ceil(rule.largest * 4) - 1;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    if (fits(text, rule, middle / 4)) {
      best = middle / 4;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  text.style.fontSize = best + "px";
  return true;
}

// fits tells whether no word is wider than the box and no line below it.
function fits(text, rule, size) {
  text.style.fontSize = size + "px";
  text.style.overflowWrap = rule.breaks ? "anywhere" : "normal";
  if (!rule.breaks) {
    text.style.width = "min-content"; // as wide as the longest word
    const longest = text.offsetWidth;
    text.style.width = "100%";
    if (longest > rule.width) {
      return false;
    }
  }
  return linesOf(text, rule, size) <= room(rule, size);
}

// cut keeps as many characters, whole as a person sees them, as there is room
// for. CSS line-clamp would leave a centred line off its centre and paint what
// the next line lets stick out.
function cut(text, rule) {
  const full = text.textContent;
  const size = rule.smallest;
  const most = Math.max(1, room(rule, size));
  text.style.fontSize = size + "px";
  text.style.overflowWrap = "anywhere";
  if (linesOf(text, rule, size) <= most) {
    return;
  }
  const ends = Array.from(new Intl.Segmenter("en").segment(full), (s) => s.index);
  const shorten = (n) => full.slice(0, ends[n]).trimEnd() + "…";
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    text.textContent = shorten(middle);
    if (linesOf(text, rule, size) <= most) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  text.textContent = shorten(low);
  text.dataset.full = full;
  text.dataset.cut = text.textContent;
}

function linesOf(text, rule, size) {
  return Math.round(text.offsetHeight / (size * rule.lineHeight));
}

function room(rule, size) {
  return Math.min(rule.maxLines, Math.floor(rule.height / (size * rule.lineHeight)));
}
