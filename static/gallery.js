// What the gallery and the page of renders show is found as one types, and their menus close as menus do.

import { follow } from "./renders.js";
import { request } from "./request.js";
import { awaitThumbnails } from "./thumbnails.js";

export function find(form) {
  const list = () => document.getElementById(form.dataset.find);
  let timer, last;
  form.querySelector("button").hidden = true;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 200);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });

  async function look() {
    clearTimeout(timer);
    last?.abort();
    last = new AbortController();
    const address = form.action + "?" + new URLSearchParams(new FormData(form));
    try {
      const response = await request(address, { signal: last.signal });
      const found = new DOMParser().parseFromString(await response.text(), "text/html").getElementById(form.dataset.find);
      if (!found) {
        location.assign(address); // the session has ended, or something is wrong: the page says what
        return;
      }
      list().replaceChildren(...found.childNodes);
      history.replaceState(null, "", address);
      awaitThumbnails();
      follow();
    } catch (error) {
      if (error.name !== "AbortError") {
        location.assign(address);
      }
    }
  }
}

export function closeMenus() {
  const opened = () => document.querySelector(".menu[open]");
  document.addEventListener("keydown", (event) => {
    const menu = opened();
    if (menu && event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  for (const away of ["pointerdown", "focusin"]) {
    document.addEventListener(away, (event) => {
      const menu = opened();
      if (menu && !menu.contains(event.target)) {
        menu.open = false;
      }
    });
  }
}

// freshen loads the gallery anew when one comes back to it: what it shows may have changed.
export function freshen() {
  addEventListener("pageshow", (event) => event.persisted && document.querySelector("ul.gallery") && location.reload());
}
