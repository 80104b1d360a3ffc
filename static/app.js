// What every page runs. Without it all pages work; with it they move by themselves.

import { fitWhenReady } from "./drawings.js";
import { preview } from "./preview.js";
import { follow } from "./renders.js";

fitWhenReady();
follow(document);
for (const form of document.querySelectorAll("form[data-preview]")) {
  preview(form);
}
