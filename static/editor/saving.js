// Saving by itself, a moment after the last change, as a new version on top of the
// one that was seen. What cannot be sent stays in the browser and is sent later;
// what somebody else has saved meanwhile is never written over.

import { same } from "./merging.js";
import { reasons, request } from "../request.js";

const rest = 800;

// createSaving saves what state() gives. Say is told how it stands: "saved",
// "changed", "saving", "offline", "signedout", "refused" or "conflict", and why.
// Newest reads the design as the server has it.
export function createSaving({ address, version, state, keep, newest, say }) {
  let saved = state();
  let standing = "saved";
  let timer = null;
  let pause = 2000;
  let sending = null;
  let lost = null; // what was sent, and has had no answer

  const saving = {
    get version() { return version; },
    get base() { return saved; }, // what the version seen is, where that is known
    get standing() { return standing; },

    // changed keeps the state here, and saves it when it has rested.
    changed() {
      record();
      if (standing === "conflict") {
        return;
      }
      if (differs()) {
        stand(standing === "offline" || standing === "signedout" ? standing : "changed");
        later(rest);
      } else if (!sending && standing !== "signedout") {
        stop();
        stand("saved");
      }
    },

    // resume goes on with what was kept.
    resume(kept) {
      ({ version, lost } = kept);
      saved = kept.saved ? state() : kept.base ?? null;
      stop();
      stand(kept.saved ? "saved" : "changed");
      record();
      if (!kept.saved) {
        later(0);
      }
    },

    // now saves what there is, and answers when that has gone well or not.
    async now() {
      do {
        await send();
      } while (standing === "changed");
    },

    // settle ends a conflict: what there is lies on top of another version.
    settle(theirs) {
      version = theirs.version;
      saved = same(bare(theirs), bare(state())) ? state() : bare(theirs);
      stand(differs() ? "changed" : "saved");
      record();
      if (differs()) {
        later(0);
      }
    },
  };
  addEventListener("online", () => standing === "offline" && send());
  addEventListener("signedout", () => standing !== "conflict" && stand("signedout")); // whatever was asked for
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" ? send() : standing === "signedout" && send());
  return saving;

  function differs() {
    const now = state();
    return saved === null || now.document !== saved.document || now.name !== saved.name;
  }

  function record() {
    keep({ version, saved: !differs(), base: saved, lost });
  }

  function later(pause) {
    clearTimeout(timer);
    timer = setTimeout(send, pause);
  }

  function stop() {
    clearTimeout(timer);
    timer = null;
  }

  function stand(how, why) {
    standing = how;
    say(how, why);
  }

  function send() {
    stop();
    sending ??= sendOnce().finally(() => {
      sending = null;
      if (standing === "changed" && timer === null) {
        later(rest);
      }
    });
    return sending;
  }

  async function sendOnce() {
    if (standing === "conflict") {
      return;
    }
    if (!differs()) {
      if (standing !== "saved" && (standing !== "signedout" || (await signedIn()))) {
        stand(differs() ? "changed" : "saved");
      }
      return;
    }
    const sent = state();
    const body = JSON.stringify({ name: sent.name, document: sent.document });
    stand("saving");
    try {
      if (lost && (await arrived()) && !differs()) {
        took(version, sent);
        return;
      }
      lost = sent;
      record();
      const response = await request(address, {
        method: "PUT",
        headers: { "Content-Type": "application/json", Accept: "application/json", "If-Match": `"${version}"` },
        body,
        keepalive: body.length < 20_000, // the page may be on its way out
      });
      if (response.status < 500) {
        lost = null;
      }
      await heard(response, sent);
    } catch {
      offline();
    }
  }

  async function heard(response, sent) {
    if (response.ok) {
      took((await response.json()).version, sent);
    } else if (response.status === 412) {
      const theirs = await newest();
      if (same(bare(theirs), bare(sent))) {
        took(theirs.version, sent);
      } else {
        stand("conflict", theirs);
      }
    } else if (response.status === 401) {
      stand("signedout");
    } else if (response.status >= 500 || response.status === 429) {
      offline();
    } else {
      stand("refused", reasons(await response.json()));
    }
  }

  function offline() {
    stand("offline");
    later(pause);
    pause = Math.min(pause * 2, 30_000);
  }

  function took(as, sent) {
    version = as;
    saved = sent;
    pause = 2000;
    stand(differs() ? "changed" : "saved");
    record();
  }

  // signedIn tells whether somebody is, again.
  function signedIn() {
    return newest().then(() => true, () => false);
  }

  // arrived tells whether what had no answer is the newest version all the same.
  async function arrived() {
    const now = await newest();
    const is = same(bare(now), bare(lost));
    if (is) {
      version = now.version;
      saved = lost;
    }
    lost = null;
    return is;
  }
}

// bare is what is compared and merged of a design.
function bare({ name, document }) {
  return { name: name.trim(), document };
}
