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

function stream(id, address) {
  following.add(id);
  const events = new EventSource(address);
  const end = () => {
    events.close();
    following.delete(id);
    follow(document);
  };
  events.addEventListener("render", ({ data }) => {
    const fresh = new DOMParser().parseFromString(data, "text/html").body.firstElementChild;
    document.getElementById(id).replaceWith(fresh);
    if (!fresh.dataset.events) {
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
