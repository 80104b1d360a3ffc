// What every page runs. Without it all pages work; with it they move by themselves.

import { watchBatch } from "./batch.js";
import { showCall } from "./call.js";
import { copies } from "./copy.js";
import { watchDraft } from "./draft.js";
import { fitWhenReady } from "./drawings.js";
import { search, upload } from "./fonts.js";
import { closeMenus, find, freshen } from "./gallery.js";
import { showLink } from "./link.js";
import { pickPictures } from "./picking.js";
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
watchBatch();
for (const form of document.querySelectorAll("form[data-preview]")) {
  preview(form);
}
for (const field of document.querySelectorAll("[data-picture]")) {
  pickPictures(field);
}
for (const form of document.querySelectorAll("form:has([data-call])")) {
  showCall(form);
}
for (const section of document.querySelectorAll("[data-link]")) {
  showLink(section);
}
for (const sample of document.querySelectorAll("[data-sample]")) {
  copies(sample.querySelector("[data-copy]"), sample.querySelector("code"));
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
freshen();
for (const form of document.querySelectorAll("form[data-draft]")) {
  watchDraft(form);
}
restoreTyped();
