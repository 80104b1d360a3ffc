// Every command of the editor, in the order of the help.

import { add, align, change, chosen, distribute, group, order, remove, renewed, ungroup } from "./document.js";
import { neat } from "./geometry.js";
import { beside } from "./selection.js";

export function commandsOf({ model, stage, tools, pages, layers, saving, open, escape, help, upload, say }) {
  const loose = () => model.chosen.filter((e) => !e.locked).map((e) => e.id);
  const edit = (by, ...rest) => () => loose().length > 0 && model.change({ document: by(model.document, model.page, loose(), ...rest) });
  const nudge = (x, y) => () => {
    if (tools.tool === "crop") {
      tools.crop.pan(x, y);
    } else if (loose().length > 0) {
      const moved = change(model.document, model.page, loose(), (e) => ({ x: neat(e.x + x), y: neat(e.y + y) }));
      model.change({ document: moved }, "nudge " + model.selection.join(" "));
    }
  };
  const zoom = (by) => () => (tools.tool === "crop" ? tools.crop.zoom(by) : stage.zoomBy(by));
  const flip = (name) => () => {
    const all = model.chosen.every((e) => e[name]);
    model.edit(change, { [name]: all ? undefined : true });
  };
  const page = () => model.document.pages[model.page];
  const tool = (name, title, key) => ({ name, title, keys: [key], section: "Tools", run: () => tools.take(name) });
  const arrows = [["ArrowLeft", -1, 0, "left"], ["ArrowRight", 1, 0, "right"], ["ArrowUp", 0, -1, "up"], ["ArrowDown", 0, 1, "down"]];

  return [
    tool("select", "Select and move", "v"),
    tool("text", "Text", "t"),
    tool("rect", "Rectangle", "r"),
    tool("ellipse", "Ellipse", "o"),
    tool("line", "Line", "l"),
    { name: "image", title: "Picture from a file", keys: ["i"], section: "Tools", run: upload },
    tool("pan", "Move the page (or hold Space)", "h"),

    { name: "undo", title: "Undo", keys: ["ctrl+z"], section: "Edit", run: model.undo },
    { name: "redo", title: "Redo", keys: ["ctrl+shift+z", "ctrl+y"], section: "Edit", run: model.redo },
    { name: "all", title: "Select all", keys: ["ctrl+a"], section: "Edit", run: () => model.select(model.elements.filter((e) => !e.hidden && !e.locked).map((e) => e.id)) },
    { name: "next", title: "Select the next element", keys: ["j"], section: "Edit", run: () => model.select(beside(model.elements, model.selection, 1)) },
    { name: "previous", title: "Select the previous element", keys: ["k"], section: "Edit", run: () => model.select(beside(model.elements, model.selection, -1)) },
    { name: "open", title: "Edit the text, crop the picture; with a drawing tool: place one", keys: ["Enter"], section: "Edit", run: enter },
    { name: "crop", title: "Crop the picture", run: enter },
    { name: "escape", title: "Leave the tool or the selection", keys: ["Escape"], section: "Edit", run: escape },
    { name: "duplicate", title: "Duplicate", keys: ["ctrl+d"], section: "Edit", run: duplicate },
    { name: "delete", title: "Delete", keys: ["Delete", "Backspace"], section: "Edit", run: () => loose().length > 0 && edit(remove)() },
    { name: "copy", title: "Copy", keys: ["ctrl+c"], section: "Edit" },
    { name: "cut", title: "Cut", keys: ["ctrl+x"], section: "Edit" },
    { name: "paste", title: "Paste elements, text or a picture", keys: ["ctrl+v"], section: "Edit" },
    { name: "save", title: "Save at once (it saves by itself)", keys: ["ctrl+s"], section: "Edit", always: true, run: saving.now },

    ...arrows.map(([key, x, y, way]) => ({ name: "nudge-" + way, title: `Move ${way} by 1`, keys: [key], section: "Arrange", run: nudge(x, y) })),
    ...arrows.map(([key, x, y, way]) => ({ name: "push-" + way, title: `Move ${way} by 10`, keys: ["shift+" + key], section: "Arrange", run: nudge(10 * x, 10 * y) })),
    { name: "group", title: "Group", keys: ["ctrl+g"], section: "Arrange", run: () => model.selection.length > 1 && model.edit(group) },
    { name: "ungroup", title: "Ungroup", keys: ["ctrl+shift+g"], section: "Arrange", run: () => model.edit(ungroup) },
    { name: "lock", title: "Lock or unlock", keys: ["ctrl+l"], section: "Arrange", run: flip("locked") },
    { name: "hide", title: "Hide or show", keys: ["ctrl+h"], section: "Arrange", run: flip("hidden") },
    { name: "rename", title: "Rename", keys: ["F2"], section: "Arrange", run: () => model.selection.length > 0 && layers.rename(model.selection[0]) },
    { name: "front", title: "To the front", keys: ["ctrl+shift+ArrowUp"], section: "Arrange", run: edit(order, "front") },
    { name: "forward", title: "Forward", keys: ["ctrl+ArrowUp"], section: "Arrange", run: edit(order, "forward") },
    { name: "backward", title: "Backward", keys: ["ctrl+ArrowDown"], section: "Arrange", run: edit(order, "backward") },
    { name: "back", title: "To the back", keys: ["ctrl+shift+ArrowDown"], section: "Arrange", run: edit(order, "back") },
    ...[["left", "a"], ["center", "c"], ["right", "d"], ["top", "w"], ["middle", "m"], ["bottom", "s"]].map(([side, key]) => ({
      name: "align-" + side, title: "Align " + side.replace("center", "centre"), keys: ["alt+" + key], section: "Arrange", run: edit(align, side),
    })),
    { name: "distribute-x", title: "Distribute across", keys: ["alt+h"], section: "Arrange", run: edit(distribute, "x") },
    { name: "distribute-y", title: "Distribute down", keys: ["alt+v"], section: "Arrange", run: edit(distribute, "y") },

    { name: "zoom-in", title: "Larger", keys: ["+", "="], section: "View", run: zoom(1.25) },
    { name: "zoom-out", title: "Smaller", keys: ["-"], section: "View", run: zoom(0.8) },
    ...arrows.map(([key, x, y, way]) => ({ name: "pan-" + way, title: `Look further ${way}`, keys: ["alt+" + key], section: "View", run: () => stage.pan(-80 * x, -80 * y) })),
    { name: "zoom-fit", title: "The whole page", keys: ["0"], section: "View", run: () => stage.show(page()) },
    { name: "zoom-full", title: "Actual size", keys: ["1"], section: "View", run: () => stage.show(page(), 1) },
    { name: "page-next", title: "Next page", keys: ["PageDown"], section: "View", run: () => pages.go(1) },
    { name: "page-previous", title: "Previous page", keys: ["PageUp"], section: "View", run: () => pages.go(-1) },
    { name: "help", title: "This help", keys: ["?"], section: "View", run: help },

    { name: "page-add", title: "Add a page", run: pages.add },
    { name: "page-duplicate", title: "Duplicate the page", run: pages.duplicate },
    { name: "page-remove", title: "Delete the page", run: pages.remove },
    { name: "page-up", title: "Move the page up", run: () => pages.move(-1) },
    { name: "page-down", title: "Move the page down", run: () => pages.move(1) },
  ];

  function enter() {
    if (tools.tool === "crop") {
      tools.take("select");
    } else if (tools.tool !== "select" && tools.tool !== "pan") {
      tools.place();
    } else if (model.selection.length === 1) {
      open(model.selection[0]);
    }
  }

  function duplicate() {
    const copies = renewed(model.document, model.page, chosen(model.document, model.page, model.selection), 10);
    if (copies.length > 0) {
      model.change({ document: add(model.document, model.page, copies), selection: copies.map((e) => e.id) });
      say(copies.length === 1 ? "Duplicated." : `${copies.length} elements duplicated.`);
    }
  }
}
