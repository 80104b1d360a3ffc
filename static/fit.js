// The one algorithm that fits texts into their boxes, for the editor, the
// gallery and the screenshot. It measures in CSS pixels before transforms, so a
// page that is shown smaller or turned is fitted alike. It may run again at any
// time: after an edit, or when a font has arrived.

// fit gives every text under root that shrinks the largest size, in quarters of
// a pixel, at which it fits. What does not fit at its smallest size, or may not
// shrink, is cut and ends in an ellipsis.
//
// All texts go in step: all change, then all are measured, and the page is laid
// out once a step, not once for each text (2,000 of them took minutes).
export function fit(root) {
  const texts = Array.from(root.querySelectorAll("[data-fit]"), (text) => ({ text, rule: ruleOf(text) }));
  let steps = texts.map(({ text, rule }) => fitOne(text, rule));
  while (steps.length > 0) {
    steps = steps.filter((step) => !step.next().done);
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

function* fitOne(text, rule) {
  restore(text);
  if (!(yield* shrink(text, rule))) {
    yield* cut(text, rule);
  }
}

// measure changes a text in one step and reads in the next; every text is at the
// same kind of step at the same time.
function* measure(change, read) {
  change();
  yield;
  const value = read();
  yield;
  return value;
}

// restore brings back a text that was cut, unless it has been edited since.
function restore(text) {
  if (text.dataset.cut === text.textContent) {
    text.textContent = text.dataset.full;
  }
  delete text.dataset.cut;
  delete text.dataset.full;
}

function* shrink(text, rule) {
  if (yield* fits(text, rule, rule.largest)) {
    return true;
  }
  if (rule.smallest === rule.largest || !(yield* fits(text, rule, rule.smallest))) {
    return false;
  }
  // The smallest size fits and the largest does not: halve what lies between.
  let best = rule.smallest;
  let low = Math.floor(rule.smallest * 4) + 1;
  let high = Math.ceil(rule.largest * 4) - 1;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    if (yield* fits(text, rule, middle / 4)) {
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
function* fits(text, rule, size) {
  const longest = yield* measure(
    () => {
      text.style.fontSize = size + "px";
      text.style.overflowWrap = rule.breaks ? "anywhere" : "normal";
      text.style.width = "min-content"; // as wide as the longest word
    },
    () => text.offsetWidth,
  );
  const lines = yield* measure(
    () => (text.style.width = "100%"),
    () => linesOf(text, rule, size),
  );
  return (rule.breaks || longest <= rule.width) && lines <= room(rule, size);
}

// cut keeps as many characters, whole as a person sees them, as there is room
// for. CSS line-clamp would leave a centred line off its centre and paint what
// the next line lets stick out.
function* cut(text, rule) {
  const full = text.textContent;
  const size = rule.smallest;
  const most = Math.max(1, room(rule, size));
  const linesWith = (content) =>
    measure(
      () => (text.textContent = content),
      () => linesOf(text, rule, size),
    );
  text.style.fontSize = size + "px";
  text.style.overflowWrap = "anywhere";
  if ((yield* linesWith(full)) <= most) {
    return;
  }
  const ends = Array.from(new Intl.Segmenter("en").segment(full), (s) => s.index);
  const shorten = (n) => full.slice(0, ends[n]).trimEnd() + "…";
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((yield* linesWith(shorten(middle))) <= most) {
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
