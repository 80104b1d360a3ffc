// A page that another release has made offers to load itself again. It never does
// so by itself, and what was typed is there again afterwards.

import { keepTyped } from "./typed.js";

const { release, generation, version } = document.documentElement.dataset;
let asking = false;

// watchRelease looks whenever somebody comes back to the page.
export function watchRelease() {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      look();
    }
  });
}

// heardOf is told which release has answered.
export function heardOf(other) {
  if (other && other !== release) {
    look();
  }
}

// look asks who serves the page: of a workspace that may be an older release than
// the one that has the port. While one release takes over from another both answer,
// and only a generation younger than the page's is news.
async function look() {
  if (asking) {
    return;
  }
  asking = true;
  try {
    const now = await (await fetch(version)).json();
    if (now.release !== release && now.generation > Number(generation)) {
      offer();
    }
  } catch {
    // Not now, then: the next answer brings us here again.
  } finally {
    asking = false;
  }
}

function offer() {
  const place = document.querySelector("[data-offer]");
  const template = place.querySelector("template");
  if (!template) {
    return; // it is offered already
  }
  template.replaceWith(template.content);
  place.querySelector("button").addEventListener("click", () => {
    keepTyped();
    location.reload();
  });
}
