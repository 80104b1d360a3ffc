// The inspector shows the properties of what is selected, or of the page when
// nothing is.

import { change, sizeFault, valueOf, withPage } from "./document.js";
import { node } from "./dom.js";
import { createField } from "./fields.js";
import { sectionsFor } from "./properties.js";

const presets = [
  ["Social card", 1200, 630], ["Square post", 1080, 1080], ["Story", 1080, 1920], ["Banner", 1500, 500], ["Thumbnail", 1280, 720],
  ["Presentation", 1920, 1080], ["A4", 794, 1123], ["A5", 559, 794], ["Business card", 336, 192], ["Badge", 400, 600],
];

// createInspector fills the panel, beside the buttons that act on a selection.
export function createInspector({ panel, actions, title, model, families, trouble }) {
  let shape = "";
  let fields = [];
  model.listen(show);
  show();

  function show() {
    const elements = model.chosen;
    actions.hidden = elements.length === 0;
    actions.querySelector("[data-command=crop]").hidden = elements.length !== 1 || elements[0].type !== "image";
    const fixed = elements.length > 0 && elements.every((e) => e.locked);
    panel.disabled = fixed;
    title.textContent = (elements.length === 0 ? "Page" : elements.length === 1 ? elements[0].name || elements[0].id : `${elements.length} elements`) + (fixed ? " (locked)" : "");
    const sections = elements.length ? sectionsFor(elements) : [];
    const now = model.page + " " + elements.map((e) => e.id + Boolean(e.locked)).join(" ") + sections.map((s) => s.fields.map((f) => f.name + f.kind)).join();
    if (now !== shape) {
      shape = now;
      build(elements, sections);
    }
    fields.forEach((f) => f());
  }

  function build(elements, sections) {
    const loose = elements.filter((e) => !e.locked).map((e) => e.id);
    fields = [];
    panel.replaceChildren();
    if (elements.length === 0) {
      buildPage();
      return;
    }
    for (const section of sections) {
      const grid = node("div", { class: "grid" });
      for (const property of section.fields) {
        const field = createField(property, setter(property.name, (value) => change(model.document, model.page, loose, { [property.name]: value })), families);
        fields.push(() => field.show(model.chosen.map((e) => valueOf(e, property.name)), model.chosen));
        field.element.dataset.property = property.name;
        grid.append(field.element);
      }
      panel.append(node("section", { "aria-label": section.title }, node("h3", {}, section.title), grid));
    }
  }

  function buildPage() {
    const preset = node("select", { id: "page-preset" }, node("option", { value: "" }, "Choose a size …"),
      ...presets.map(([name, w, h], i) => node("option", { value: i }, `${name} · ${w} × ${h}`)));
    preset.addEventListener("change", () => {
      if (preset.value !== "") {
        const [, width, height] = presets[preset.value];
        model.change({ document: withPage(model.document, model.page, { width, height }) });
        preset.value = "";
      }
    });
    const grid = node("div", { class: "grid" });
    for (const name of ["width", "height"]) {
      const label = name === "width" ? "Width" : "Height";
      const field = createField({ kind: "number", label, min: 1, max: 16384, step: 1, whole: true }, setter("page " + name, (v) => {
        const page = { ...model.document.pages[model.page], [name]: v };
        const fault = sizeFault(page.width, page.height);
        trouble(fault);
        return fault ? model.document : withPage(model.document, model.page, { [name]: v });
      }), families);
      field.element.dataset.property = name;
      fields.push(() => field.show([model.document.pages[model.page][name]], []));
      grid.append(field.element);
    }
    const background = createField({ kind: "paint", label: "Background" }, setter("background", (v) => withPage(model.document, model.page, { background: v })), families);
    background.element.dataset.property = "background";
    fields.push(() => background.show([model.document.pages[model.page].background ?? "#ffffff"]));
    grid.append(background.element);
    panel.append(node("section", { "aria-label": "Page" },
      node("div", { class: "field" }, node("label", { for: "page-preset" }, "Size"), preset), grid));
  }

  // setter makes what is typed into one field one step.
  function setter(name, by) {
    const gesture = "field " + name + " " + model.page + " " + model.selection.join(" ");
    return Object.assign((value) => model.change({ document: by(value) }, gesture), { done: () => model.settle() });
  }
}
