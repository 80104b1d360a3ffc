// The signed address of what a form asks for is written anew as the form is filled
// in; only the server can sign it.

import { copies } from "./copy.js";
import { reasons, request } from "./request.js";

export function showLink(section) {
  const form = document.getElementById(section.dataset.form);
  const [address, tags, message] = ["address", "tags", "message"].map((name) => section.querySelector(`[data-${name}]`));
  let timer, last;
  copies(section.querySelector("[data-copy-address]"), address);
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(write, 200);
  });

  async function write() {
    last?.abort();
    last = new AbortController();
    try {
      const response = await request(section.dataset.link + "?" + new URLSearchParams(new FormData(form)), {
        headers: { Accept: "application/json" },
        signal: last.signal,
      });
      const said = await response.json();
      message.textContent = response.ok ? "" : reasons(said);
      if (response.ok) {
        address.textContent = said.address;
        tags.textContent = said.tags;
      }
    } catch (error) {
      if (error.name !== "AbortError") {
        message.textContent = "The server cannot be reached; the address is of the values before.";
      }
    }
  }
}
