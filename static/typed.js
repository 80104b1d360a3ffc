// What is typed into the forms of a page outlives one reload of it.

const key = "typed " + location.pathname;

export function keepTyped() {
  const typed = fields().map(({ form, field }) => ({
    form: form.getAttribute("action"),
    name: field.name,
    value: field.value,
    checked: field.checked,
  }));
  sessionStorage.setItem(key, JSON.stringify(typed));
}

// restoreTyped puts it back, where the page still has a place for it.
export function restoreTyped() {
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "[]");
  sessionStorage.removeItem(key);
  for (const { form, field } of fields()) {
    const ticked = field.type === "checkbox" || field.type === "radio";
    const was = kept.find((k) => k.form === form.getAttribute("action") && k.name === field.name && (!ticked || k.value === field.value));
    if (!was) {
      continue;
    }
    if (ticked) {
      field.checked = was.checked;
    } else {
      field.value = was.value;
    }
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function fields() {
  const all = [];
  for (const form of document.forms) {
    for (const field of form.elements) {
      if (field.name && !["password", "file", "hidden", "submit"].includes(field.type)) {
        all.push({ form, field });
      }
    }
  }
  return all;
}
