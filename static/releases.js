// The operators' page of releases moves by itself: it is loaded again, every second
// while there is something to see, and not at all while nobody looks.

import { request } from "./request.js";

let timer;
let asking = false;

document.addEventListener("visibilitychange", plan);
plan();

// plan is when to look next. Who comes back to the page sees at once how things stand.
function plan(event) {
  clearTimeout(timer);
  if (document.visibilityState === "visible" && !asking) {
    timer = setTimeout(look, event ? 0 : Number(document.querySelector("[data-pause]").dataset.pause));
  }
}

async function look() {
  asking = true;
  try {
    const response = await request(location.href);
    if (response.redirected) {
      location.assign(response.url); // the session has ended
      return;
    }
    renew(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch {
    // The server cannot be reached; it is asked again.
  }
  asking = false;
  plan();
}

// renew brings the parts that have changed. The places themselves stay, so that a
// screen reader hears of a change where it listens.
function renew(page) {
  for (const shown of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(shown.id);
    if (!fresh) {
      continue; // an error, or another release: it offers a reload
    }
    Object.assign(shown.dataset, fresh.dataset);
    if (shown.innerHTML !== fresh.innerHTML) {
      shown.replaceChildren(...fresh.childNodes);
    }
  }
}
