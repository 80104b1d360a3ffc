// A table as spreadsheets give it: commas, semicolons or tabs, quotes where needed.

// rowsOf are the lines below the first, which names the columns.
export function rowsOf(text) {
  const [names, ...rows] = cellsOf(text.replace(/^\ufeff/, "")).filter((cells) => cells.some((c) => c !== ""));
  if (!names) {
    return [];
  }
  return rows.map((cells) => Object.fromEntries(names.map((name, i) => [name.trim(), cells[i] ?? ""])));
}

function cellsOf(text) {
  const between = separatorOf(text);
  const rows = [[]];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') {
        cell += c;
      } else if (text[i + 1] === '"') {
        cell += text[++i];
      } else {
        quoted = false;
      }
    } else if (c === '"' && cell === "") {
      quoted = true;
    } else if (c === between) {
      rows.at(-1).push(cell);
      cell = "";
    } else if (c === "\n") {
      rows.at(-1).push(cell);
      rows.push([]);
      cell = "";
    } else if (c !== "\r") {
      cell += c;
    }
  }
  rows.at(-1).push(cell);
  return rows;
}

// separatorOf is what stands most often in the first line.
function separatorOf(text) {
  const first = text.split("\n", 1)[0];
  const count = (c) => first.split(c).length;
  return [",", ";", "\t"].reduce((best, c) => (count(c) > count(best) ? c : best));
}
