// The API call for what a form asks for is written anew as the form is filled in; see
// http/views/call.go, which writes the first.

import { copies } from "./copy.js";

export function showCall(form) {
  const code = form.querySelector("[data-call]");
  form.addEventListener("input", () => (code.textContent = write(form, code.dataset)));
  copies(form.querySelector("[data-copy]"), code);
}

function write(form, { design, address }) {
  const body = { design, variables: {} };
  const format = form.elements.namedItem("format").value;
  for (const [name, value] of new FormData(form)) {
    const of = form.elements.namedItem(name).closest("[data-of]")?.dataset.of.split(" ");
    if (name.startsWith("var.")) {
      body.variables[name.slice("var.".length)] = value;
    } else if (value !== "" && (!of || of.includes(format))) {
      body[name] = value === "true" ? true : ["scale", "page", "quality"].includes(name) ? Number(value) : value;
    }
  }
  const text = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl ${address} \\\n  -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\\n  -d '${text}'`;
}
