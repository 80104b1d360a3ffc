// The form of a design: what is typed is drawn at once, and a render is asked for
// without leaving the page.

import { redraw } from "./drawings.js";
import { follow } from "./renders.js";
import { reasons, request } from "./request.js";

const accept = "text/html, application/problem+json";

export function preview(form) {
  const drawing = document.getElementById(form.dataset.drawing);
  let timer, last;

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(draw, 200);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    render();
  });

  async function draw() {
    last?.abort();
    last = new AbortController();
    try {
      const address = form.dataset.preview + "?" + new URLSearchParams(new FormData(form));
      const response = await request(address, { headers: { Accept: accept }, signal: last.signal });
      if (await complain(form, response)) {
        return;
      }
      redraw(drawing, await response.text());
    } catch (error) {
      if (error.name !== "AbortError") {
        say(form, "The server cannot be reached; the drawing is not up to date.");
      }
    }
  }

  async function render() {
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    try {
      const body = new URLSearchParams(new FormData(form));
      const response = await request(form.action, { method: "POST", body, headers: { Accept: accept } });
      if (await complain(form, response)) {
        return;
      }
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const card = page.querySelector("[data-render]");
      if (!card) {
        location.assign(response.url);
        return;
      }
      const list = document.getElementById(form.dataset.renders);
      list.querySelector("[data-empty]")?.remove();
      list.prepend(card);
      follow();
    } catch {
      say(form, "The server cannot be reached; try again in a moment.");
    } finally {
      button.disabled = false;
    }
  }
}

// complain shows what a response says is wrong, each fault beside its input, and
// tells whether there was anything.
async function complain(form, response) {
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    fault(input, "");
  }
  say(form, "");
  if (response.redirected && new URL(response.url).pathname === "/signin") {
    location.assign(response.url); // the session has ended
    return true;
  }
  if (response.ok) {
    return false;
  }
  const problem = await response.json();
  let unplaced = !problem.errors?.length;
  for (const { field, message } of problem.errors ?? []) {
    const input = form.elements.namedItem(field.replace(/^variables\./, "var."));
    if (input) {
      fault(input, message);
    } else {
      unplaced = true;
    }
  }
  if (unplaced) {
    say(form, reasons(problem));
  }
  return true;
}

function fault(input, message) {
  const place = document.getElementById(input.getAttribute("aria-describedby"));
  place.textContent = message;
  if (message) {
    input.setAttribute("aria-invalid", "true");
  } else {
    input.removeAttribute("aria-invalid");
  }
}

function say(form, message) {
  form.querySelector("[data-message]").textContent = message;
}
