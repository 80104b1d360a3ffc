// The page of a workspace's fonts: files are taken as they are dropped or chosen,
// and the families are looked through as one types.

import { request } from "./request.js";

const accept = "text/html, application/problem+json";

export function upload(form) {
  const input = form.querySelector("input[type=file]");
  const message = form.querySelector("[data-message]");
  const progress = form.querySelector("[data-progress]");
  let queue = Promise.resolve();

  input.multiple = true;
  form.querySelector("button").hidden = true;
  form.dataset.ready = "";
  input.addEventListener("change", () => take(input.files));
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.dataset.over = "";
  });
  form.addEventListener("dragleave", () => delete form.dataset.over);
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    delete form.dataset.over;
    take(event.dataTransfer.files);
  });

  // take sends files one after the other, those of an earlier choice first.
  function take(files) {
    const all = [...files];
    queue = queue.then(async () => {
      message.textContent = "";
      const faults = [];
      for (const file of all) {
        progress.textContent = `Uploading ${file.name} …`;
        const fault = await send(file);
        if (fault) {
          faults.push(`${file.name}: ${fault}`);
        }
      }
      progress.textContent = "";
      message.textContent = faults.join("\n");
      input.value = "";
    });
  }

  // send answers with what is wrong, if anything is.
  async function send(file) {
    try {
      const body = new FormData();
      body.append("file", file);
      const response = await request(form.action, { method: "POST", body, headers: { Accept: accept } });
      if (response.redirected && new URL(response.url).pathname === "/signin") {
        location.assign(response.url); // the session has ended
        return "";
      }
      if (!response.ok) {
        return (await response.json()).detail;
      }
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      document.getElementById(form.dataset.upload).replaceWith(page.getElementById(form.dataset.upload));
      loadFonts();
      return "";
    } catch {
      return "it did not arrive; a font may have 10 MiB, and the server must be there";
    }
  }
}

// loadFonts asks anew for the sheet that names the workspace's fonts.
function loadFonts() {
  const sheet = document.querySelector('link[rel=stylesheet][href*="/fonts.css"]');
  const fresh = sheet.cloneNode();
  fresh.href = new URL(sheet.href).pathname + "?" + Date.now();
  fresh.addEventListener("load", () => sheet.remove());
  sheet.after(fresh);
}

export function search(form) {
  const input = form.querySelector("input[type=search]");
  const families = [...document.getElementById(form.dataset.filter).children];
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let n = 0;
    for (const family of families) {
      family.hidden = !family.dataset.words.includes(wanted);
      n += family.hidden ? 0 : 1;
    }
    form.querySelector("[data-count]").textContent = `${n} of ${families.length} families`;
  });
}
