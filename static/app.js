// What every page runs. Without it all pages work; with it they move by themselves.

import { showCall } from "./call.js";
import { fitWhenReady } from "./drawings.js";
import { search, upload } from "./fonts.js";
import { closeMenus, find } from "./gallery.js";
import { preview } from "./preview.js";
import { watchRelease } from "./release.js";
import { cancelHere, follow } from "./renders.js";
import { awaitThumbnails } from "./thumbnails.js";
import { restoreTyped } from "./typed.js";

fitWhenReady();
follow();
cancelHere();
awaitThumbnails();
watchRelease();
for (const form of document.querySelectorAll("form[data-preview]")) {
  preview(form);
}
for (const form of document.querySelectorAll("form:has([data-call])")) {
  showCall(form);
}
for (const form of document.querySelectorAll("form[data-upload]")) {
  upload(form);
}
for (const form of document.querySelectorAll("form[data-filter]")) {
  search(form);
}
for (const form of document.querySelectorAll("form[data-find]")) {
  find(form);
}
closeMenus();
restoreTyped();
