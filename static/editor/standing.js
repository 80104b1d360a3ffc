// How saving stands, in words, and what to do when somebody else was first.

import { request } from "../request.js";

const words = {
  saved: "Saved", changed: "Changed", saving: "Saving …", offline: "Offline: kept here, sent later",
  signedout: "Signed out: kept here", refused: "Not saved", conflict: "Somebody else saved: yours is kept",
};

// createStanding shows each state that it is told. In a conflict a dialog asks whether
// to take theirs, or to keep one's own as a copy; either way nothing is lost.
export function createStanding({ part, model, saving, newest, address, back, gone, say, trouble }) {
  const dispute = part("dispute");
  part("decide").addEventListener("click", () => dispute.showModal());
  dispute.addEventListener("close", async () => {
    const choice = dispute.returnValue;
    dispute.returnValue = "";
    try {
      await { theirs: take, copy }[choice]?.();
    } catch (error) {
      trouble("That did not work; yours is still here. " + error.message);
    }
  });

  return function stand(how, why) {
    const state = part("state");
    state.dataset.state = how;
    if (state.textContent !== words[how]) {
      state.textContent = words[how];
    }
    part("decide").hidden = how !== "conflict";
    part("signin").hidden = how !== "signedout";
    trouble(how === "refused" ? why : "");
    if (how === "conflict") {
      part("theirs").textContent = `Version ${why.version} of “${why.name}” was saved while you worked on version ${saving().version}.`;
      dispute.showModal();
    }
  };

  async function take() {
    const theirs = await newest();
    model.change({ name: theirs.name, document: theirs.document, selection: [] });
    saving().settle(theirs.version);
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
