// The hand: it moves the page under the stage.

import { machine } from "./select-tool.js";

export function panTool({ stage }) {
  const idle = {
    down: (start) => {
      let last = start;
      return {
        move(p) {
          stage.pan(p.clientX - last.clientX, p.clientY - last.clientY);
          last = p;
          return this;
        },
        up: () => idle,
        cancel: () => idle,
      };
    },
  };
  return machine(idle);
}
