// The variables of a document, found as the server finds them.

// variablesOf are the names that a document asks for, in order of first
// appearance; hidden elements ask for nothing.
export function variablesOf(doc) {
  const names = new Set();
  const look = (value) => {
    if (typeof value === "string") {
      namesIn(value).forEach((name) => names.add(name));
    } else if (value?.stops) {
      value.stops.forEach(([color]) => look(color));
    }
  };
  for (const page of doc.pages) {
    look(page.background);
    for (const e of page.elements ?? []) {
      if (!e.hidden) {
        [e.text, e.color, e.asset, e.fill, e.stroke, e.shadow?.color].forEach(look);
      }
    }
  }
  return [...names];
}

// picturesOf are the names of those that stand for a picture.
export function picturesOf(doc) {
  const shown = doc.pages.flatMap((page) => page.elements ?? []).filter((e) => e.asset && !e.hidden);
  return new Set(shown.flatMap((e) => namesIn(e.asset)));
}

export function namesIn(text) {
  return Array.from(text.matchAll(/\{\{ *([A-Za-z_][A-Za-z0-9_.-]*) *\}\}/g), (m) => m[1]);
}
