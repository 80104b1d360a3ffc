// How saving stands, in words, and what to do when somebody else was first.

import { merge, same } from "./merging.js";
import { request } from "../request.js";

const words = {
  saved: "Saved", changed: "Changed", saving: "Saving …", offline: "Offline: kept here, sent later",
  signedout: "Signed out: kept here", refused: "Not saved", conflict: "Somebody else saved: yours is kept",
};

// createStanding shows each state that it is told. In a conflict a dialog says who was
// first, and asks whether to put both together, to take theirs, or to keep one's own as
// a copy; in any way nothing is lost.
export function createStanding({ part, model, saving, newest, address, back, gone, say, trouble }) {
  const dispute = part("dispute");
  let theirs = null;
  let merged = null;
  part("decide").addEventListener("click", quarrel);
  dispute.addEventListener("close", async () => {
    const choice = dispute.returnValue;
    dispute.returnValue = "";
    try {
      await { both, theirs: take, copy }[choice]?.();
    } catch (error) {
      trouble("That did not work; yours is still here. " + error.message);
    }
  });

  return function stand(how, why) {
    if (how === "conflict" && (renamed(why) || joined(why))) {
      return;
    }
    const state = part("state");
    state.dataset.state = how;
    if (state.textContent !== words[how]) {
      state.textContent = words[how];
    }
    part("decide").hidden = how !== "conflict";
    if (how !== "saving") { // it is tried again and again, and the way in stays meanwhile
      part("signin").hidden = how !== "signedout";
    }
    trouble(how === "refused" ? why : "");
    if (how === "conflict") {
      theirs = why;
      quarrel();
    }
  };

  // renamed goes on where they have only given it another name.
  function renamed(now) {
    const { base } = saving();
    if (!base || !same(base.document, now.document)) {
      return false;
    }
    model.rename(base.name, now.name);
    saving().settle(now);
    return true;
  }

  // joined puts theirs under a new name of mine, where that is all that is mine.
  function joined(now) {
    const { base } = saving();
    if (!base || !same(base.document, model.document) || base.name.trim() !== now.name || document.activeElement?.isContentEditable) {
      return false;
    }
    theirs = now;
    merged = { name: model.name, document: now.document };
    both();
    return true;
  }

  // quarrel says what happened, as far as it goes by now.
  function quarrel() {
    if (part("state").dataset.state !== "conflict") {
      return;
    }
    if (document.activeElement?.isContentEditable) { // what is typed must not become an answer
      document.activeElement.addEventListener("blur", quarrel, { once: true });
      return;
    }
    const { base, version } = saving();
    merged = base && merge(base, { name: model.name, document: model.document }, theirs);
    part("theirs").textContent = `${theirs.saved_by || "Somebody"} saved version ${theirs.version} of “${theirs.name}” ${when(theirs.updated_at)}, while you worked on version ${version}.`;
    part("clashes").textContent = merged?.clashes.length ? `You have both changed ${listed(merged.clashes)}.` : "";
    part("both").hidden = !merged || merged.clashes.length > 0;
    dispute.showModal();
  }

  function both() {
    model.change({ name: merged.name, document: merged.document });
    saving().settle(theirs);
    say("Both are here now. Undo brings yours back.");
  }

  async function take() {
    const now = await newest();
    model.change({ name: now.name, document: now.document, selection: [] });
    saving().settle(now);
    say("This is theirs now. Undo brings yours back.");
  }

  async function copy() {
    const body = JSON.stringify({ name: Array.from(model.name).slice(0, 190).join("") + " (copy)", document: model.document });
    const response = await request(address + "/copies", { method: "POST", body, headers: { "Content-Type": "application/json", Accept: "application/json" } });
    const answer = await response.json();
    if (!response.ok) {
      throw new Error(answer.detail);
    }
    await gone();
    location.assign(back + answer.id + "/edit");
  }
}

// when is a time of today, or the day as well.
function when(text) {
  const time = new Date(text);
  const today = time.toDateString() === new Date().toDateString();
  return "at " + time.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

function listed(names) {
  const some = names.slice(0, 5);
  const rest = names.length - some.length;
  return some.join(", ") + (rest ? ` and ${rest} more` : "");
}
