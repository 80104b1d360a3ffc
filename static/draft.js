// The page of a table that becomes a batch: whatever is chosen is checked and drawn
// at once. Its address says what was chosen, for a reload.

import { redraw } from "./drawings.js";
import { renewLive } from "./live.js";
import { request } from "./request.js";

export function watchDraft(form) {
  let timer, last;

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, 250);
  });
  form.addEventListener("submit", (event) => {
    // Enter in a field is the first button, which shows what was typed and renders nothing.
    if (event.submitter?.formMethod === "get") {
      event.preventDefault();
      check();
    }
  });

  async function check() {
    clearTimeout(timer);
    last?.abort();
    last = new AbortController();
    const message = document.getElementById("draft-message");
    try {
      const address = form.getAttribute("action") + "?" + new URLSearchParams(new FormData(form));
      const response = await request(address, { signal: last.signal });
      if (response.redirected || !response.ok) {
        location.assign(response.redirected ? response.url : address);
        return;
      }
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      renewLive(page);
      redraw(document.getElementById("drawing"), page.getElementById("drawing").innerHTML);
      for (const field of form.elements) {
        const fresh = field.id && page.getElementById(field.id);
        if (fresh) {
          field.toggleAttribute("aria-invalid", false);
          if (fresh.hasAttribute("aria-invalid")) {
            field.setAttribute("aria-invalid", "true");
          }
        }
      }
      history.replaceState(null, "", address);
    } catch (error) {
      if (error.name !== "AbortError") {
        message.textContent = "The server cannot be reached; what is shown is not up to date.";
      }
    }
  }
}
