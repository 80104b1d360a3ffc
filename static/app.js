// What every page runs. Without it all pages work; with it they move by themselves.

import { fitWhenReady } from "./drawings.js";
import { preview } from "./preview.js";
import { watchRelease } from "./release.js";
import { cancelHere, follow } from "./renders.js";
import { restoreTyped } from "./typed.js";

fitWhenReady();
follow();
cancelHere();
watchRelease();
for (const form of document.querySelectorAll("form[data-preview]")) {
  preview(form);
}
restoreTyped();
