// The fields of the inspector, one kind each. A field shows the values of all that
// is selected, and sets what is typed into it once that can be.

import { node } from "./dom.js";
import { isColor, numberFault } from "./properties.js";

let made = 0;

// createField makes the field of a property. Set is given the new value, undefined
// for none; show takes the values, one of each element.
export function createField(property, set, families) {
  return { number, line, lines, choice, flag, color, paint, shadow, font, weight }[property.kind](property, set, families);
}

// common is the value that all have, undefined when they differ or have none.
function common(values) {
  const [first, ...others] = values;
  return others.every((v) => JSON.stringify(v) === JSON.stringify(first)) ? first : undefined;
}

function mixed(values) {
  return values.length > 1 && common(values) === undefined && values.some((v) => v !== undefined);
}

function labelled(label, input, kind = "") {
  input.id = "field-" + ++made;
  const fault = node("p", { class: "fault", id: input.id + "-fault", role: "alert" });
  input.setAttribute("aria-describedby", fault.id);
  const element = node("div", { class: "field " + kind }, node("label", { for: input.id }, label), input, fault);
  const complain = (message) => {
    fault.textContent = message;
    input.toggleAttribute("aria-invalid", Boolean(message));
    if (message) {
      input.setAttribute("aria-invalid", "true");
    }
    return !message;
  };
  return { element, complain };
}

// put changes what an input holds, unless somebody is typing just that.
function put(input, text) {
  if (input.value !== text && !(document.activeElement === input && input.dataset.typed === "yes")) {
    input.value = text;
  }
}

// typed has an input tell each change, and forget its faults when it is left.
function typed(input, change, leave) {
  input.addEventListener("input", () => {
    input.dataset.typed = "yes";
    change();
  });
  input.addEventListener("change", () => {
    delete input.dataset.typed;
    leave();
  });
  input.addEventListener("blur", () => {
    delete input.dataset.typed;
    leave();
  });
}

function number(property, set) {
  const { label, scale = 1 } = property;
  const input = node("input", { type: "text", inputmode: "decimal", autocomplete: "off" });
  const { element, complain } = labelled(label, input);
  let values = [];
  let limits = property;
  const decimals = (v) => String(Math.round(v * 100) / 100);
  const show = () => {
    const v = common(values);
    put(input, v === undefined ? "" : decimals(v * scale));
    input.placeholder = mixed(values) ? "Mixed" : property.empty ? "any" : "";
  };
  const change = () => {
    if (input.value.trim() === "" && property.empty) {
      complain("");
      set(undefined);
    } else if (complain(numberFault(input.value, limits))) {
      set(Number(input.value) / scale);
    }
  };
  typed(input, change, () => {
    if (input.getAttribute("aria-invalid")) {
      complain("");
    }
    show();
    set.done();
  });
  input.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    const v = common(values);
    if (!way || v === undefined) {
      return;
    }
    event.preventDefault();
    const next = v * scale + way * property.step * (event.shiftKey ? 10 : 1);
    input.value = decimals(Math.min(limits.max, Math.max(limits.min, next)));
    change();
  });
  return {
    element,
    show(now, elements) {
      values = now;
      limits = property.line && elements.every((e) => e.type === "line") ? { ...property, ...property.line } : property;
      show();
    },
  };
}

function line({ label, least = 0, most }, set) {
  return written(label, node("input", { type: "text", autocomplete: "off", spellcheck: "false" }), least, most, set);
}

function lines({ label, most }, set) {
  return written(label, node("textarea", { rows: 3 }), 0, most, set);
}

function written(label, input, least, most, set) {
  const { element, complain } = labelled(label, input, "wide");
  let values = [];
  const show = () => {
    put(input, common(values) ?? "");
    input.placeholder = mixed(values) ? "Mixed" : "";
  };
  typed(input, () => {
    const n = Array.from(input.value).length;
    if (complain(n < least ? "Something must stand here." : n > most ? `${n} characters; at most ${most}.` : "")) {
      set(input.value);
    }
  }, () => {
    complain("");
    show();
    set.done();
  });
  return { element, show: (now) => { values = now; show(); } };
}

function choice({ label, choices, words = choices }, set) {
  const input = node("select", {}, ...choices.map((c, i) => node("option", { value: c }, words[i])));
  const { element } = labelled(label, input);
  input.addEventListener("change", () => {
    set(input.value);
    set.done();
  });
  return { element, show: (values) => { input.value = common(values) ?? ""; } };
}

function flag({ label }, set) {
  const input = node("input", { type: "checkbox" });
  const { element } = labelled(label, input, "tick");
  input.addEventListener("change", () => {
    set(input.checked);
    set.done();
  });
  return {
    element,
    show(values) {
      input.indeterminate = mixed(values);
      input.checked = common(values) === true;
    },
  };
}

function color(property, set) {
  const parts = colorParts(property.label, (v) => set(v), () => set.done(), property.none);
  const { element } = parts;
  return { element, show: (values) => parts.show(common(values), mixed(values)) };
}

// colorParts are a swatch to choose from and the colour as it is written.
function colorParts(label, change, done, none) {
  const input = node("input", { type: "text", class: "mono", autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
  const { element, complain } = labelled(label, input, "color");
  const swatch = node("input", { type: "color", "aria-label": label + ": choose" });
  const row = node("div", { class: "row" });
  input.replaceWith(row);
  row.append(swatch, input);
  let value;
  const show = (isMixed) => {
    put(input, value ?? "");
    input.placeholder = isMixed ? "Mixed" : none ? "none" : "#2563eb";
    swatch.value = opaque(value);
    swatch.toggleAttribute("data-none", value === undefined);
  };
  typed(input, () => {
    const text = input.value.trim();
    if (text === "" && none) {
      complain("");
      change(undefined);
    } else if (complain(isColor(text) ? "" : "A colour such as #2563eb or {{accent}}.")) {
      change(text);
    }
  }, () => {
    complain("");
    show();
    done();
  });
  swatch.addEventListener("input", () => change(swatch.value));
  swatch.addEventListener("change", done);
  return {
    element,
    show(v, isMixed) {
      value = v;
      show(isMixed);
    },
  };
}

// opaque is what a browser's colour chooser takes.
function opaque(color) {
  if (!/^#([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(color ?? "")) {
    return "#000000";
  }
  return color.length === 4 ? "#" + Array.from(color.slice(1), (c) => c + c).join("") : color.slice(0, 7);
}

// paint is a colour, a gradient with its stops, or nothing.
function paint({ label, none }, set) {
  const kinds = none ? ["none", "color", "linear", "radial"] : ["color", "linear", "radial"];
  const words = { none: "none", color: "one colour", linear: "gradient", radial: "round gradient" };
  const select = node("select", {}, ...kinds.map((k) => node("option", { value: k }, words[k])));
  const { element } = labelled(label, select, "wide");
  const parts = node("div", { class: "parts" });
  element.append(parts);
  let value;
  let shown = "";
  let fields = [];

  select.addEventListener("change", () => {
    set(begin(select.value));
    set.done();
  });
  return { element, show: (values) => { value = common(values); show(mixed(values)); } };

  function begin(kind) {
    const first = typeof value === "string" ? value : value?.stops[0][0] ?? "#2563eb";
    if (kind === "none") {
      return undefined;
    }
    if (kind === "color") {
      return first;
    }
    const stops = value?.stops ?? [[first, 0], ["#ffffff", 1]];
    return kind === "linear" ? { type: "linear", angle: 90, stops } : { type: "radial", stops };
  }

  function show(isMixed) {
    const kind = isMixed ? "" : value === undefined ? "none" : typeof value === "string" ? "color" : value.type;
    select.value = kind;
    const shape = kind + (value?.stops?.length ?? "");
    if (shape !== shown) {
      shown = shape;
      build(kind);
    }
    fields.forEach((f) => f());
  }

  function build(kind) {
    fields = [];
    parts.replaceChildren();
    if (kind === "color") {
      const c = colorParts("Colour", set, () => set.done());
      fields.push(() => c.show(value));
      parts.append(c.element);
    }
    if (kind === "linear") {
      const angle = number({ label: "Angle °", min: -36000, max: 36000, step: 15 }, follow((v) => set({ ...value, angle: v })));
      fields.push(() => angle.show([value.angle ?? 180], []));
      parts.append(angle.element);
    }
    for (const i of value?.stops?.keys() ?? []) {
      const stop = (at, v) => set({ ...value, stops: value.stops.map((s, j) => (j === i ? (at === 0 ? [v, s[1]] : [s[0], v]) : s)) });
      const c = colorParts(`Colour ${i + 1}`, (v) => stop(0, v), () => set.done());
      const place = number({ label: "At %", min: 0, max: 100, step: 5, scale: 100 }, follow((v) => {
        const [before, after] = [value.stops[i - 1]?.[1] ?? 0, value.stops[i + 1]?.[1] ?? 1];
        stop(1, Math.min(after, Math.max(before, v)));
      }));
      const remove = node("button", { type: "button", class: "plain", "aria-label": `Remove colour ${i + 1}`, onclick: () => { set({ ...value, stops: value.stops.filter((_, j) => j !== i) }); set.done(); } }, "×");
      remove.disabled = value.stops.length <= 2;
      fields.push(() => {
        c.show(value.stops[i][0]);
        place.show([value.stops[i][1]], []);
      });
      parts.append(node("div", { class: "stop" }, c.element, place.element, remove));
    }
    if (value?.stops && value.stops.length < 32) {
      parts.append(node("button", { type: "button", class: "plain", onclick: () => { set({ ...value, stops: [...value.stops, [value.stops.at(-1)[0], 1]] }); set.done(); } }, "Add a colour"));
    }
  }

  function follow(change) {
    return Object.assign(change, { done: () => set.done() });
  }
}

function shadow({ label }, set) {
  const on = node("input", { type: "checkbox" });
  const { element } = labelled(label, on, "wide tick");
  const parts = node("div", { class: "parts pairs" });
  element.append(parts);
  let value;
  const part = (name) => Object.assign((v) => set({ ...value, [name]: v }), { done: () => set.done() });
  const fields = [
    ["x", number({ label: "Right", min: -100000, max: 100000, step: 1 }, part("x")), 0],
    ["y", number({ label: "Down", min: -100000, max: 100000, step: 1 }, part("y")), 0],
    ["blur", number({ label: "Blur", min: 0, max: 1000, step: 1 }, part("blur")), 0],
    ["color", color({ label: "Colour" }, part("color")), "#00000040"],
  ];
  parts.append(...fields.map(([, f]) => f.element));
  on.addEventListener("change", () => {
    set(on.checked ? { x: 0, y: 4, blur: 12, color: "#00000040" } : undefined);
    set.done();
  });
  return {
    element,
    show(values) {
      value = common(values);
      on.indeterminate = mixed(values);
      on.checked = value !== undefined;
      parts.hidden = !value;
      for (const [name, field, usual] of fields) {
        field.show([value?.[name] ?? usual], []);
      }
    },
  };
}

// font opens a list in which each family is written in itself.
function font({ label }, set, families) {
  const button = node("button", { type: "button", class: "plain font", "aria-haspopup": "listbox", "aria-expanded": "false" });
  const { element } = labelled(label, button, "wide");
  const list = node("div", { class: "fonts", role: "listbox", "aria-label": "Fonts", tabindex: -1, hidden: true });
  element.append(list);
  let value;
  const close = () => {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
  };
  const choose = (name) => {
    set(name);
    set.done();
    close();
    button.focus();
  };
  const options = () => families.map((f) => {
    const option = node("div", { role: "option", tabindex: -1, "aria-selected": String(f.name === value), onclick: () => choose(f.name) }, f.name);
    option.style.fontFamily = `${f.css}, ${f.generic}`;
    option.dataset.name = f.name;
    return option;
  });
  button.addEventListener("click", () => {
    if (!list.hidden) {
      close();
      return;
    }
    list.replaceChildren(...options());
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    (list.querySelector("[aria-selected=true]") ?? list.firstChild).focus();
  });
  list.addEventListener("keydown", (event) => {
    const here = document.activeElement;
    const to = { ArrowDown: here.nextElementSibling, ArrowUp: here.previousElementSibling, Home: list.firstChild, End: list.lastChild }[event.key];
    const letter = /^[a-z]$/i.test(event.key) && Array.from(list.children).find((o) => o.textContent.toLowerCase().startsWith(event.key.toLowerCase()));
    if (event.key === "Escape") {
      close();
      button.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      choose(here.dataset.name);
    } else if (to || letter) {
      (to || letter).focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("focusout", (event) => {
    if (!list.contains(event.relatedTarget) && event.relatedTarget !== button) {
      close();
    }
  });
  return {
    element,
    show(values) {
      value = common(values);
      button.textContent = value ?? (mixed(values) ? "Mixed" : "");
      const family = families.find((f) => f.name === value);
      button.style.fontFamily = family ? `${family.css}, ${family.generic}` : "";
    },
  };
}

// weight offers the weights that the family has.
function weight({ label }, set, families) {
  const input = node("select");
  const { element } = labelled(label, input);
  const names = { 100: "Thin", 200: "Extra light", 300: "Light", 400: "Regular", 500: "Medium", 600: "Semibold", 700: "Bold", 800: "Extra bold", 900: "Black" };
  input.addEventListener("change", () => {
    set(Number(input.value));
    set.done();
  });
  return {
    element,
    show(values, elements) {
      const v = common(values);
      const family = families.find((f) => f.name === common(elements.map((e) => e.font ?? "Inter")));
      const weights = new Set(family?.weights ?? Object.keys(names).map(Number));
      values.forEach((w) => weights.add(w));
      const ordered = [...weights].sort((a, b) => a - b);
      input.replaceChildren(...ordered.map((w) => node("option", { value: w }, names[w] ? `${names[w]} ${w}` : String(w))));
      input.value = v ?? "";
    },
  };
}
