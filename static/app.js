// What every page runs. Without it all pages work; with it they move by themselves.

import { fitWhenReady } from "./drawings.js";
import { preview } from "./preview.js";
import { cancelHere, follow } from "./renders.js";

fitWhenReady();
follow(document);
cancelHere();
for (const form of document.querySelectorAll("form[data-preview]")) {
  preview(form);
}
