"use strict";
document.documentElement.classList.add("scripted");

function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  return Promise.resolve();
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const label = button.textContent;
  button.addEventListener("click", () =>
    copy(button.dataset.copy).then(() => {
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = label; }, 1200);
    }));
}

const front = document.querySelector("table.front");
if (front) {
  const body = front.tBodies[0];
  const typeset = document.querySelector("#typeset");
  front.classList.add("interactive");
  const show = (row) => {
    for (const other of body.rows) other.classList.toggle("shown", other === row);
    typeset.replaceChildren(row.querySelector("template").content.cloneNode(true));
    typeset.classList.toggle("long", row.classList.contains("long"));
  };
  for (const row of body.rows) row.addEventListener("click", () => show(row));
  show(body.querySelector("tr.chosen") || body.rows[0]);

  [...front.tHead.rows[0].cells].forEach((cell, column) => {
    let ascending = false;
    cell.title = "Sort";
    cell.addEventListener("click", () => {
      ascending = !ascending;
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        const numbers = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
        return (numbers ? x - y : x.localeCompare(y)) * (ascending ? 1 : -1);
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}
