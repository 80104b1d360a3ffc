// Parts of a page that are named data-live are brought up to date from a fresh one.

// renewLive leaves those alone that are as they were: somebody may be at them.
export function renewLive(page) {
  for (const shown of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(shown.id);
    if (fresh && shown.innerHTML !== fresh.innerHTML) {
      shown.replaceChildren(...fresh.childNodes);
    }
  }
}
