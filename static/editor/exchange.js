// What comes from outside the page and goes there: files that are chosen or
// dropped, and the clipboard.

import { fault, read, written } from "./clipboard.js";
import { remove } from "./document.js";
import { boxFor, upload } from "./pictures.js";

// createExchange inserts what comes by insert(elements, shifted by).
export function createExchange({ stage, file, model, assets, insert, say, trouble }) {
  const page = () => model.document.pages[model.page];

  file.addEventListener("change", async () => {
    await bring([...file.files]);
    file.value = "";
  });
  stage.element.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
  stage.element.addEventListener("drop", (event) => {
    event.preventDefault();
    bring([...event.dataTransfer.files], stage.toPage(event));
  });
  for (const name of ["dragover", "drop"]) { // beside the page as well, where the browser would leave for the file
    document.addEventListener(name, (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
  }
  document.addEventListener("copy", carry);
  document.addEventListener("cut", (event) => {
    const loose = model.chosen.filter((e) => !e.locked).map((e) => e.id);
    if (carry(event) && loose.length > 0) {
      model.change({ document: remove(model.document, model.page, loose) });
    }
  });
  document.addEventListener("paste", (event) => {
    if (elsewhere(event)) {
      return;
    }
    event.preventDefault();
    const files = [...event.clipboardData.files];
    if (files.length > 0) {
      bring(files);
    } else {
      paste(event.clipboardData.getData("text/plain"));
    }
  });

  async function bring(files, at) {
    trouble("");
    for (const f of files) {
      say("Sending " + f.name + " …");
      try {
        const asset = await upload(assets, f);
        const box = boxFor(asset, page(), at ?? { x: page().width / 2, y: page().height / 2 });
        insert([{ id: "image-1", type: "image", ...box, asset: asset.id, ...(f.name && { name: f.name.slice(0, 200) }) }]);
        say(f.name + " is on the page.");
      } catch (error) {
        trouble(`${f.name}: ${error.message}`);
      }
    }
  }

  function carry(event) {
    if (elsewhere(event) || model.selection.length === 0 || !getSelection().isCollapsed) {
      return false;
    }
    event.preventDefault();
    event.clipboardData.setData("text/plain", written(model.chosen));
    return true;
  }

  function paste(pasted) {
    const { elements, text } = read(pasted);
    if (elements) {
      const there = new Set(model.elements.map((e) => e.id));
      insert(elements, elements.some((e) => there.has(e.id)) ? 10 : 0);
    } else if (text.trim()) {
      const message = fault(text);
      trouble(message);
      if (!message) {
        const [width, height] = [Math.ceil(page().width / 2), Math.ceil(page().height / 2)];
        insert([{ id: "text-1", type: "text", x: Math.round(width / 2), y: Math.round(height / 2), width, height, text, size: 24, color: "#111827" }]);
      }
    }
  }
}

// elsewhere tells whether the clipboard is for a field that has the focus.
function elsewhere(event) {
  return Boolean(event.target.closest?.("input, textarea, select, [contenteditable], dialog"));
}
