// What is to be seen of a page in a browser, and whether everybody can see it.

const look = {
  // shift is how far what was there has moved by itself since the page began.
  shift: () => new Promise((tell) => {
    const moved = (entries) => entries.filter((e) => !e.hadRecentInput).map((e) =>
      e.value.toFixed(4) + " " + e.sources.map((s) => (s.node ? nameOf(s.node) : "?")).join(", "));
    const observer = new PerformanceObserver(() => {});
    observer.observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => setTimeout(() => tell(moved(observer.takeRecords()))));
  }),

  // weight is what came over the network before pictures and fonts, in bytes.
  weight: () => performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource"))
    .filter((e) => !["img", "css", "fetch"].includes(e.initiatorType) || e.name.endsWith(".css"))
    .filter((e) => e.initiatorType !== "other" && !/\.svg$/.test(e.name))
    .reduce((sum, e) => sum + (e.encodedBodySize || 0), 0),

  // wider are the things that stand out at the right, where the page scrolls sideways.
  wider: () => document.documentElement.scrollWidth <= innerWidth ? [] : Array.from(document.body.querySelectorAll("*"))
    .filter((n) => n.getBoundingClientRect().right > innerWidth + 0.5 && n.checkVisibility()).map(nameOf).slice(0, 5),

  // faint are the texts that stand out less from what is behind them than WCAG's AA asks for.
  faint() {
    const found = new Set();
    for (const [n, style, text] of texts()) {
      const back = behind(n);
      const front = over(back, style.color, faded(n));
      const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
      const by = contrast(front, back);
      if (by < (large ? 3 : 4.5)) {
        found.add(`${nameOf(n)} “${text.trim().slice(0, 30)}”: ${by.toFixed(2)}`);
      }
    }
    return [...found];
  },

  // seen counts the texts that faint looks at.
  seen: () => [...texts()].length,

  // reachable gives each control that is to be seen a number.
  reachable() {
    const top = document.querySelector("dialog[open]") ?? document;
    const all = Array.from(top.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0'], [contenteditable]"))
      .filter((n) => n.checkVisibility({ visibilityProperty: true }) && !n.disabled && n.tabIndex >= 0 && !n.closest("[data-page]"));
    all.forEach((n, i) => (n.dataset.number = i));
    return all.map(nameOf);
  },

  // followed are the numbers of what has had the focus, and whether one saw that.
  followed: [],
  follow() {
    document.addEventListener("focusin", () => look.followed.push(look.here()));
  },

  here() {
    const n = document.activeElement;
    const { outlineStyle, outlineWidth, opacity } = getComputedStyle(n);
    const r = n.getBoundingClientRect();
    const inView = r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth;
    return { number: Number(n.dataset?.number ?? -1), name: nameOf(n), shown: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && opacity > 0 && inView };
  },
};

function nameOf(n) {
  const e = n.nodeType === 1 ? n : n.parentElement;
  const label = e.getAttribute?.("aria-label") ?? e.name ?? e.dataset?.part ?? "";
  return e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.classList.length ? "." + [...e.classList].join(".") : "") + (label ? ` (${label})` : "");
}

// texts are all that is to be read, but the drawings: those are somebody's own.
function* texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const n = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() && seen(n) && !["SCRIPT", "STYLE", "OPTION", "TEMPLATE"].includes(n.tagName) && !n.closest(":disabled, [aria-disabled=true]")) {
      yield [n, getComputedStyle(n), walker.currentNode.data];
    }
  }
  for (const n of document.querySelectorAll("input:not([type=hidden], [type=checkbox], [type=radio], [type=color], [type=file]), textarea, select")) {
    if (seen(n) && !n.disabled) {
      yield [n, getComputedStyle(n), n.value || "value"];
      if (n.placeholder) {
        yield [n, getComputedStyle(n, "::placeholder"), n.placeholder];
      }
    }
  }
}

function seen(n) {
  const r = n.getBoundingClientRect();
  return n.checkVisibility({ visibilityProperty: true }) && r.width > 1 && r.height > 1 && !n.closest("[data-page], .unseen, .away, .skip:not(:focus)");
}

// behind is the colour of what an element stands on.
function behind(n) {
  const above = [];
  for (let e = n; e; e = e.parentElement) {
    above.unshift(e);
  }
  return above.reduce((back, e) => over(back, getComputedStyle(e).backgroundColor, faded(e)), rgba("Canvas").slice(0, 3));
}

// faded is the opacity of an element and all that it stands in.
function faded(n) {
  let opacity = 1;
  for (let e = n; e; e = e.parentElement) {
    opacity *= getComputedStyle(e).opacity;
  }
  return opacity;
}

function over(back, color, opacity) {
  const [r, g, b, a] = rgba(color);
  return [r, g, b].map((v, i) => v * a * opacity + back[i] * (1 - a * opacity));
}

const known = new Map();
const ink = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });

function rgba(color) {
  if (!known.has(color)) {
    ink.clearRect(0, 0, 1, 1);
    ink.fillStyle = color === "Canvas" ? (matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff") : color;
    ink.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = ink.getImageData(0, 0, 1, 1).data;
    known.set(color, [r, g, b, a / 255]);
  }
  return known.get(color);
}

function contrast(a, b) {
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [dark, bright] = [light(a), light(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
}
