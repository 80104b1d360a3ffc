// Drawings are designs shown on a page. Their texts are fitted as soon as their
// fonts are there, and again whenever another font has arrived.

import { fit } from "./fit.js";

export function fitWhenReady() {
  fit(document);
  document.fonts.addEventListener("loadingdone", () => fit(document));
}

// redraw puts newly drawn pages in the place of a drawing.
export function redraw(drawing, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  drawing.replaceChildren(...fresh.childNodes);
  fit(drawing);
}
