// The page of a batch: a stream brings its progress, and what else is on the page is
// asked for again every few seconds while rows are drawn.

import { renewLive } from "./live.js";
import { request } from "./request.js";

const pause = 3000;

export function watchBatch() {
  if (document.querySelector("[data-batch] [data-events]")) {
    setTimeout(look, pause);
  }
}

// look goes on until it has seen the end.
async function look() {
  let ended = false;
  try {
    if (document.visibilityState === "visible") {
      const page = new DOMParser().parseFromString(await (await request(location.href)).text(), "text/html");
      renewLive(page);
      ended = page.querySelector("[data-batch]") && !page.querySelector("[data-batch] [data-events]");
    }
  } catch {
    // The server cannot be reached; it is asked again.
  }
  if (!ended) {
    setTimeout(look, pause);
  }
}
