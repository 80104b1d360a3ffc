// Renders under way show their progress by themselves: a stream brings the card of
// a render anew until it is finished. A browser has six connections to a server,
// so only some are followed at once; each that ends lets the next one in.

const atOnce = 3;
const following = new Set();

export function follow(root) {
  for (const card of root.querySelectorAll("[data-events]")) {
    if (following.size >= atOnce) {
      return;
    }
    if (!following.has(card.id)) {
      stream(card.id, card.dataset.events);
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
      const response = await fetch(form.action, { method: "POST" });
      renew(form.closest("[data-render]").id, await response.text()).querySelector("a").focus();
    } catch {
      form.submit();
    }
  });
}

// renew puts the card of a render, which html has, in the place of the one shown.
function renew(id, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById(id);
  document.getElementById(id).replaceWith(fresh);
  return fresh;
}

function stream(id, address) {
  following.add(id);
  const events = new EventSource(address);
  const end = () => {
    events.close();
    following.delete(id);
    follow(document);
  };
  events.addEventListener("render", ({ data }) => {
    if (!renew(id, data).dataset.events) {
      end();
    }
  });
  events.addEventListener("error", () => {
    // A stream that is cut connects again by itself; one that is refused does not.
    if (events.readyState === EventSource.CLOSED) {
      document.getElementById(id).removeAttribute("data-events");
      end();
    }
  });
}
