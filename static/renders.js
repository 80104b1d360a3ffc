// Renders and batches under way show their progress by themselves: a stream brings
// the card of one anew until it is finished.
//
// Over HTTP/1.1 a browser has six connections to a server for all its tabs
// together, and a stream keeps one. So there are three places for streams in the
// whole browser, by its locks; a page that gets none asks every few seconds.

import { request } from "./request.js";

const places = ["renders 1", "renders 2", "renders 3"];
const pause = 3000;
const following = new Set();
let asking;

export async function follow() {
  for (const card of document.querySelectorAll("[data-events]")) {
    if (!following.has(card.id) && !(await stream(card))) {
      asking ??= setTimeout(ask, pause);
      return;
    }
  }
}

// A cancel stays on the page: the answer has the card as it then is, and where it
// has none, or does not come, the form goes the way of every form.
export function cancelHere() {
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-cancel]");
    if (!form) {
      return;
    }
    event.preventDefault();
    form.querySelector("button").disabled = true;
    try {
      const response = await request(form.action, { method: "POST" });
      const { id } = form.closest("[data-render]");
      const answer = parse(await response.text());
      renew(answer.getElementById(id)).querySelector("a").focus();
    } catch {
      form.submit();
    }
  });
}

// stream follows a card where there is a place for it, and tells whether there is.
async function stream(card) {
  following.add(card.id);
  for (const place of navigator.locks ? places : []) {
    const taken = await new Promise((tell) => {
      navigator.locks.request(place, { ifAvailable: true }, (lock) => {
        tell(lock);
        return lock && events(card);
      });
    });
    if (taken) {
      return true;
    }
  }
  following.delete(card.id);
  return false;
}

// events ends when the render is finished, or nothing more will come of it.
function events(card) {
  return new Promise((ended) => {
    const source = new EventSource(card.dataset.events);
    const end = () => {
      source.close();
      following.delete(card.id);
      ended();
      setTimeout(follow); // when the place is free
    };
    const take = ({ data }) => {
      if (!renew(parse(data).getElementById(card.id)).dataset.events) {
        end();
      }
    };
    source.addEventListener("render", take);
    source.addEventListener("batch", take);
    source.addEventListener("error", () => {
      // A stream that is cut connects again by itself; one that is refused does not.
      if (source.readyState === EventSource.CLOSED) {
        document.getElementById(card.id).removeAttribute("data-events");
        end();
      }
    });
  });
}

// ask brings all cards that no stream follows by loading their page once.
async function ask() {
  try {
    const page = parse(await (await request(location.href)).text());
    for (const card of document.querySelectorAll("[data-events]")) {
      const fresh = page.getElementById(card.id);
      if (fresh && !following.has(card.id)) {
        renew(fresh);
      }
    }
  } catch {
    // The server cannot be reached; it is asked again.
  }
  asking = undefined;
  follow();
}

// renew puts the card of a render in the place of the one shown, unless nothing
// has changed: somebody may be about to press its button.
function renew(fresh) {
  const shown = document.getElementById(fresh.id);
  if (shown.dataset.status === fresh.dataset.status) {
    return shown;
  }
  shown.replaceWith(fresh);
  return fresh;
}

function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}
