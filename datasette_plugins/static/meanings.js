// Above the answer to a query: what its columns mean, where they are called like those of the tables.

const table = document.querySelector("table.rows-and-columns");

if (table) {
  const answer = await fetch(new URL("../../egms/info", import.meta.url));
  if (answer.ok) show(Object.values((await answer.json()).tables).map((each) => each.columns));
}

/** Put the meanings of the columns that some table has before the answer. */
function show(known) {
  const list = document.createElement("dl");
  list.className = "column-descriptions";
  for (const head of table.querySelectorAll("thead th")) {
    const name = head.textContent.trim();
    const found = known.map((columns) => columns[name]).find((each) => each?.meaning);
    if (found) list.append(element("dt", name), element("dd", found.unit ? `${found.meaning} [${found.unit}]` : found.meaning));
  }
  if (list.children.length) (table.closest(".table-wrapper") ?? table).before(list);
}

function element(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}
