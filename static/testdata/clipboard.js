import { fault, read, written } from "../editor/clipboard.js";
import { is } from "./is.js";

const e = { id: "a", type: "rect", x: 1, y: 2, width: 3, height: 4 };

export const tests = {
  "elements travel as text"() {
    is(read(written([e])), { elements: [e] });
  },
  "what only looks like elements is text"() {
    for (const text of ["hello", "{\"majestic/elements\":1}", written([{ ...e, type: "script" }]), written([{ ...e, x: "1" }]), "majestic/elements {"]) {
      is(read(text), { text });
    }
  },
  "too much is refused"() {
    is([fault("x".repeat(20000), null, 0), fault("x".repeat(20001), null, 0) !== "", fault("", [e], 1999), fault("", [e], 2000) !== ""], ["", true, "", true]);
  },
};
