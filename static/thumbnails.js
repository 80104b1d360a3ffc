// Thumbnails that are being made come into the gallery by themselves: while one is
// awaited the page is asked for again, ever less often.

import { request } from "./request.js";

const soonest = 1000;
const latest = 30_000;
let next;

export function awaitThumbnails(pause = soonest) {
  if (!document.querySelector("[data-awaited]")) {
    return;
  }
  clearTimeout(next);
  next = setTimeout(async () => {
    const seen = document.visibilityState === "visible";
    const came = seen && (await look());
    awaitThumbnails(seen && !came ? Math.min(pause * 1.5, latest) : soonest);
  }, pause);
}

// look brings those that are there, and tells whether there were any.
async function look() {
  let came = false;
  try {
    const text = await (await request(location.href)).text();
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const shown of document.querySelectorAll("[data-awaited]")) {
      const fresh = page.getElementById(shown.id);
      if (fresh && !("awaited" in fresh.dataset)) {
        shown.replaceWith(fresh);
        came = true;
      }
    }
  } catch {
    // The server cannot be reached; it is asked again.
  }
  return came;
}
