import { rowsOf } from "../editor/csv.js";
import { isColor, numberFault } from "../editor/properties.js";
import { namesIn, picturesOf, variablesOf } from "../editor/variables.js";
import { is } from "./is.js";

export const tests = {
  "names are found as the server finds them"() {
    is(namesIn("{{a}} {{ b-c.d_2 }} {{1}} {{ }} {{a b}} {{{x}}} {{é}}"), ["a", "b-c.d_2", "x"]);
  },
  "wherever a variable may stand, but in what is hidden"() {
    const doc = { pages: [{ background: { type: "linear", stops: [["{{bg}}", 0], ["#000", 1]] }, elements: [
      { text: "{{t}}{{t}}", color: "{{c}}", shadow: { color: "{{s}}" } }, { asset: "{{i}}", fill: "#{{f}}" }, { text: "{{no}}", hidden: true }] }, { background: "{{p}}" }] };
    is(variablesOf(doc), ["bg", "t", "c", "s", "i", "f", "p"]);
  },
  "a variable is a picture where an asset asks for it"() {
    const doc = { pages: [{ elements: [{ text: "{{t}}" }, { asset: "{{i}}" }, { asset: "https://example.com/{{j}}.png" }, { asset: "{{no}}", hidden: true }] }, {}] };
    is([...picturesOf(doc)], ["i", "j"]);
  },
  "a table has names and rows"() {
    is(rowsOf("name,accent\nAda,#f00\r\n\"Grace, B.\",\"#0\"\"f\"\n\n"), [{ name: "Ada", accent: "#f00" }, { name: "Grace, B.", accent: '#0"f' }]);
    is(rowsOf("\ufeffa;b\n1,5;2"), [{ a: "1,5", b: "2" }]);
    is(rowsOf("a\tb\nx"), [{ a: "x", b: "" }]);
    is(rowsOf('a\n"two\nlines"'), [{ a: "two\nlines" }]);
    is([rowsOf(""), rowsOf("a,b")], [[], []]);
  },
  "a colour is one, or becomes one"() {
    is(["#fff", "#2563eb", "#00000040", "{{accent}}", "#{{hex}}", "red", "#ff", "#ggg", ""].map(isColor), [true, true, true, true, true, false, false, false, false]);
  },
  "a number is within its limits"() {
    is(["5", "0", "x", "", "1e9"].map((v) => numberFault(v, { min: 1, max: 10 }) === ""), [true, false, false, false, false]);
    const plain = ["0x10", "1e1", "0b1", "Infinity", "1,5", "--1", ".", "-.5", "+5.", " 7 "];
    is(plain.map((v) => numberFault(v, { min: -10, max: 100 }) === ""), [false, false, false, false, false, false, false, true, true, true]);
    is(numberFault("1.5", { min: 1, max: 10, whole: true }) !== "", true);
  },
};
