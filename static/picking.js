// Pictures for a field that takes one: a file that is sent, or one that is here already.
// What the field then holds is its id; an https address may be typed as well.

import { node } from "./editor/dom.js";
import { upload } from "./editor/pictures.js";
import { reasons, request } from "./request.js";

const types = "image/png,image/jpeg,image/gif,image/webp,image/svg+xml";

export function pickPictures(field) {
  const input = field.querySelector("input");
  offerPictures(input, { name: field.querySelector("label").textContent, assets: field.dataset.picture, uploads: "uploads" in field.dataset });
}

// offerPictures puts the ways to a picture behind an input that is read-only or not.
export function offerPictures(input, { name, assets, uploads }) {
  const file = node("input", { type: "file", accept: types, hidden: true, "aria-label": "Picture for " + name });
  const said = node("p", { class: "hint", role: "status" });
  file.addEventListener("change", () => {
    const [picture] = file.files;
    tell(`Sending ${picture.name} …`);
    take(upload(assets, picture), picture.name + ": ");
    file.value = "";
  });
  input.after(node("div", { class: "ways" },
    uploads && node("button", { type: "button", class: "plain", "aria-label": "Upload a picture for " + name, onclick: () => file.click() }, "Upload …"),
    node("button", { type: "button", class: "plain", "aria-label": "Choose a picture for " + name, onclick: pick }, "Choose …"),
    file), said);

  async function pick({ target }) {
    target.disabled = true; // once is enough
    await take(choose(assets));
    target.disabled = false;
    target.focus();
  }

  // take puts a picture into the field as if its id had been typed.
  async function take(coming, what = "") {
    try {
      const picture = await coming;
      if (picture) {
        input.value = picture.id;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        tell(picture.name + " is in place.");
      }
    } catch (error) {
      tell(what + error.message, true);
    }
  }

  function tell(text, wrong = false) {
    said.className = wrong ? "fault" : "hint";
    said.textContent = text;
  }
}

// choose has one of the latest pictures chosen, and answers with it, or with nothing.
async function choose(assets) {
  const response = await request(assets + "?limit=60", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!response?.ok) {
    throw new Error(response ? reasons(await response.json()) : "The server cannot be reached; the pictures cannot be shown.");
  }
  const { data } = await response.json();
  const shown = data.map((picture) => node("li", {}, node("button", { class: "plain", value: picture.id },
    node("img", { src: `${assets}/${picture.id}`, alt: "", width: picture.width, height: picture.height, loading: "lazy" }), node("span", {}, picture.name))));
  const dialog = node("dialog", { class: "pictures", "aria-label": "Choose a picture" }, node("form", { method: "dialog" },
    node("div", { class: "row" }, node("h2", {}, "Choose a picture"), node("button", { class: "plain", value: "" }, "Close")),
    shown.length > 0 ? node("ul", {}, ...shown) : node("p", { class: "quiet" }, "No picture is here yet. Upload one first.")));
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  dialog.remove();
  return data.find((picture) => picture.id === dialog.returnValue);
}
