// What can be done by name: by its keys, by a button with data-command, and as the
// help lists it.

// createCommands takes a list of {name, title, keys, section, run}, and puts them to
// work; one without run is the browser's own. Letters alone count only while nothing
// but the stage has the focus.
export function createCommands(list, { root, stage, blocked }) {
  const byKey = new Map();
  for (const command of list) {
    for (const key of command.run ? command.keys ?? [] : []) {
      byKey.set(key, command);
    }
  }
  const byName = new Map(list.map((c) => [c.name, c]));

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox], [type=color]), textarea, select, [contenteditable]");
    const key = keyOf(event);
    const command = byKey.get(key);
    if (!command || event.defaultPrevented || blocked() || (typing && !command.always)) {
      return;
    }
    const bare = !key.includes("+") || key === "+" || key.startsWith("shift+");
    if (bare && event.target !== stage && event.target !== document.body && !(key === "Delete" && !typing)) {
      return;
    }
    event.preventDefault();
    command.run(event);
  });
  root.addEventListener("click", (event) => {
    byName.get(event.target.closest("[data-command]")?.dataset.command)?.run(event);
  });

  for (const button of root.querySelectorAll("[data-command]")) {
    const command = byName.get(button.dataset.command);
    const keys = command.keys?.[0];
    button.title ||= command.title + (keys ? ` (${readable(keys)})` : "");
    if (keys) {
      button.setAttribute("aria-keyshortcuts", ariaKeys(keys));
    }
  }
}

// helpOf is the list for people: sections of titles and keys.
export function helpOf(list) {
  const sections = new Map();
  for (const { section, title, keys } of list) {
    if (keys) {
      sections.set(section, [...(sections.get(section) ?? []), { title, keys: keys.slice(0, 2).map(readable) }]);
    }
  }
  return sections;
}

// keyOf names a key with what is held down: ctrl also stands for a Mac's command.
// A sign is named as it is written, however it is reached.
function keyOf(event) {
  const sign = event.key.length === 1 && !/^[a-z ]$/i.test(event.key);
  const held = [
    (event.ctrlKey || event.metaKey) && "ctrl",
    event.altKey && "alt",
    event.shiftKey && !sign && "shift",
  ].filter(Boolean);
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return [...held, key].join("+");
}

function readable(keys) {
  const names = { ctrl: "Ctrl", shift: "Shift", alt: "Alt", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };
  return keys.split(/(?<=.)\+(?=.)/).map((k) => names[k] ?? (k.length === 1 ? k.toUpperCase() : k)).join(" ");
}

function ariaKeys(keys) {
  return keys.replace("ctrl+", "Control+").replace("alt+", "Alt+").replace("shift+", "Shift+");
}
