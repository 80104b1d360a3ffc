// The design editor. It works on the drawing that the server makes, changes a
// document, and saves it by itself; this file puts the parts together.

import { fault } from "./clipboard.js";
import { createCommands } from "./commands.js";
import { add, remove, renewed } from "./document.js";
import { pictureOf } from "./cropping.js";
import { createDrawing } from "./drawing.js";
import { createExchange } from "./exchange.js";
import { around, boxOf } from "./geometry.js";
import { createHands } from "./hands.js";
import { showHelp } from "./help.js";
import { createInspector } from "./inspector.js";
import { createKeep } from "./keep.js";
import { createLayers } from "./layers.js";
import { commandsOf } from "./list.js";
import { createModel } from "./model.js";
import { createOverlay } from "./overlay.js";
import { createPages } from "./pages.js";
import { createSamples } from "./samples.js";
import { createSaving } from "./saving.js";
import { createStage } from "./stage.js";
import { createStanding } from "./standing.js";
import { createTextEdit, typing } from "./text-edit.js";
import { request } from "../request.js";

const root = document.querySelector("[data-editor]");
const part = (name) => root.querySelector(`[data-part=${name}]`);
const design = JSON.parse(root.dataset.design);
const { address, assets, back } = root.dataset;
const troubles = new Map(); // what is wrong, by its matter

const model = createModel(design.name, design.document);
const keep = await createKeep(`${root.dataset.person} ${design.id}`);
const stage = createStage(part("stage"), part("board"));
const overlay = createOverlay(part("overlay"), stage);
const samples = createSamples({
  list: part("samples"), table: part("table"), place: part("rows"), given: JSON.parse(root.dataset.samples), address: address + "/samples", assets,
  key: `samples ${root.dataset.person} ${design.id}`, model, changed: () => drawing.ask(), trouble,
});
const drawing = createDrawing({ board: part("board"), address: address + "/draw", model, samples: samples.all, tell: trouble("drawing") });
const text = createTextEdit({ model, drawing, tell: trouble("text"), ended });
const stand = createStanding({ part, model, saving: () => saving, newest, address, back, gone: keep.drop, say, trouble: trouble("saving") });
const saving = createSaving({
  address, version: design.version, newest, say: stand,
  state: () => ({ name: model.name, document: model.document }),
  keep: (record) => keep.put({ ...record, history: model.history }).catch(() => trouble("keeping")("This browser keeps nothing here; what is not saved is lost with the page.")),
});

const view = {
  // hold shows elements as a gesture has them. How a line lies in its box only the
  // server knows.
  hold(elements) {
    drawing.hold(elements);
    frame([...elements.values()]);
    if ([...elements.values()].some((e) => e.type === "line")) {
      drawing.ask();
    }
  },
  release() {
    drawing.release();
    frame();
  },
  guide: overlay.guide,
  pull: overlay.pull,
  open,
};
const hands = createHands({ model, stage, view, made, size: drawing.size, buttons: root.querySelectorAll("[data-command][aria-pressed]") });

createInspector({ panel: part("properties"), actions: part("actions"), title: part("title"), model, families: JSON.parse(document.getElementById("families").textContent), trouble: trouble("page") });
const layers = createLayers({ list: part("layers"), signs: part("signs"), model });
const pages = createPages({ list: part("pages"), model });
createExchange({ stage, file: part("file"), model, assets, insert, say, trouble: trouble("exchange") });
const list = commandsOf({
  model, stage, tools: hands, pages, layers, saving, open, escape, say,
  upload: () => part("file").click(), help: () => showHelp(part("help"), part("keys"), list),
});
createCommands(list, { root, stage: stage.element, blocked: () => document.querySelector("dialog[open]") !== null || hands.busy });
sheets();

part("done").addEventListener("click", async (event) => {
  if (saving.standing === "changed" || saving.standing === "saving") {
    event.preventDefault();
    await saving.now();
    location.assign(event.target.href);
  }
});
const name = part("name");
name.addEventListener("input", () => name.value.trim() && model.change({ name: name.value }, "name"));
name.addEventListener("change", () => {
  model.settle();
  name.value = model.name;
});

model.listen((now, before) => {
  const moved = now.page !== before.page;
  if (now.document !== before.document || now.name !== before.name) {
    saving.changed();
  }
  if ((now.document !== before.document && text.id === null) || moved) {
    drawing.ask();
  }
  const [page, was] = [now.document.pages[now.page], before.document.pages[before.page]];
  if (moved || page.width !== was.width || page.height !== was.height) {
    stage.show(page);
  }
  if (now.name !== before.name && document.activeElement !== name) {
    name.value = now.name;
  }
  if (now.selection !== before.selection) {
    const [first, ...others] = model.chosen;
    say(!first ? "Nothing selected." : others.length ? `${others.length + 1} elements selected.` : (first.name || first.id) + " selected.");
  }
  enable();
  frame();
});
stage.listen(() => {
  part("zoom").textContent = Math.round(stage.zoom * 100) + " %";
  frame();
});
new ResizeObserver(() => stage.show(model.document.pages[model.page])).observe(stage.element);

const kept = await keep.find().catch(() => null);
if (kept && (kept.version === design.version || !kept.saved)) {
  model.restore(kept.history);
  saving.resume(kept);
}
name.value = model.name;
enable();
root.dataset.built = ""; // the panels are filled, and move no more
await drawing.ask();
root.dataset.ready = "";

// frame puts the frame round what is selected, or round what a gesture makes of it.
function frame(elements = model.chosen) {
  const shown = elements.filter((e) => !e.hidden);
  const boxes = shown.map(boxOf);
  const cropped = hands.tool === "crop" && shown.length === 1 && drawing.size(shown[0].id);
  overlay.select({
    box: boxes.length === 1 ? boxes[0] : around(boxes),
    line: shown.length === 1 && shown[0].type === "line" ? shown[0] : null,
    boxes: cropped ? [pictureOf(shown[0], cropped)] : boxes.length > 1 && (elements.length <= 20 || !hands.busy) ? boxes : [],
    fixed: shown.every((e) => e.locked) || text.id !== null || Boolean(cropped),
  });
}

function enable() {
  const { past, future } = model.history;
  root.querySelector("[data-command=undo]").disabled = past.length === 0;
  root.querySelector("[data-command=redo]").disabled = future.length === 0;
}

// open goes into an element: to type its text, to move its picture.
function open(id) {
  const e = model.elements.find((e) => e.id === id);
  if (e?.type === "image" && !e.locked && !e.hidden) {
    hands.take("crop");
    say("Drag or use the arrows to move the picture in its box, plus and minus to zoom. Enter ends.");
  } else {
    text.start(id);
  }
}

// made adds what a tool has drawn.
function made(type, box) {
  const looks = {
    rect: { fill: "#2563eb" },
    ellipse: { fill: "#2563eb" },
    line: { stroke: "#111827", stroke_width: 2 },
    text: { text: "", size: 32, color: "#111827" },
  };
  const [id] = insert([{ id: type + "-1", type, ...box, ...looks[type] }], 0, type === "text" && typing);
  hands.take("select");
  if (type === "text" && id) {
    text.begin(id);
  }
}

// insert adds elements under ids that are free, and selects them. Gesture names the
// one that begins with the first of them, if any.
function insert(elements, by = 0, gesture = null) {
  const message = fault("", elements, model.document.pages.reduce((n, p) => n + (p.elements?.length ?? 0), 0));
  trouble("insert")(message);
  if (message) {
    return [];
  }
  const fresh = renewed(model.document, model.page, elements, by);
  model.change({ document: add(model.document, model.page, fresh), selection: fresh.map((e) => e.id) }, gesture ? gesture(fresh[0].id) : undefined);
  return fresh.map((e) => e.id);
}

// ended has a text drawn that was typed; an empty one goes.
function ended(id) {
  if (model.elements.some((e) => e.id === id && e.text === "")) {
    model.change({ document: remove(model.document, model.page, [id]) }, typing(id));
  }
  drawing.ask();
  frame();
  stage.element.focus({ preventScroll: true });
}

function escape() {
  if (hands.tool !== "select") {
    hands.take("select");
  } else {
    model.select([]);
  }
}

// newest is the design as the server has it.
async function newest() {
  const page = new DOMParser().parseFromString(await (await request(location.href)).text(), "text/html");
  return JSON.parse(page.querySelector("[data-editor]").dataset.design);
}

// sheets opens and closes the panels where there is no room beside the stage.
function sheets() {
  const buttons = root.querySelectorAll("[data-sheet]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      root.dataset.open = root.dataset.open === button.dataset.sheet ? "" : button.dataset.sheet;
      for (const b of buttons) {
        b.setAttribute("aria-expanded", String(b.dataset.sheet === root.dataset.open));
      }
    });
  }
}

// trouble tells what is wrong, of one matter at a time.
function trouble(matter) {
  return (message) => {
    troubles.set(matter, message ?? "");
    const all = [...new Set(troubles.values())].filter(Boolean).join(" ");
    if (part("trouble").textContent !== all) {
      part("trouble").textContent = all;
    }
  };
}

function say(message) {
  part("said").textContent = message;
}
