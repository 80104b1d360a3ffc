// A history of states that never change themselves. What one gesture did, a drag
// or the typing into one field, is one step back.

const most = 100;

export function begin(state) {
  return { past: [], present: state, future: [], gesture: null };
}

// push goes on to a state. Of the same gesture as the last, it takes its place.
export function push(history, state, gesture = null) {
  if (gesture !== null && gesture === history.gesture) {
    return { ...history, present: state, future: [] };
  }
  return { past: [...history.past, history.present].slice(-most), present: state, future: [], gesture };
}

// settle ends the gesture: what follows is a step of its own. One that has come to
// nothing, as alike tells of the states before and after it, is none.
export function settle(history, alike = () => false) {
  if (history.gesture === null) {
    return history;
  }
  const past = history.past.slice(0, -1);
  return { ...history, gesture: null, ...(alike(history.past.at(-1), history.present) && { past, present: { ...history.present } }) };
}

// everywhere is the history as if all its states had been otherwise.
export function everywhere(history, by) {
  return { ...history, past: history.past.map(by), present: by(history.present), future: history.future.map(by) };
}

export function undo(history) {
  if (history.past.length === 0) {
    return history;
  }
  return {
    past: history.past.slice(0, -1),
    present: history.past.at(-1),
    future: [history.present, ...history.future],
    gesture: null,
  };
}

export function redo(history) {
  if (history.future.length === 0) {
    return history;
  }
  const [next, ...future] = history.future;
  return { past: [...history.past, history.present], present: next, future, gesture: null };
}
