"use strict";
const form = document.getElementById("filter");
const of = (element, name) => (element.dataset[name] || "").split("\n");
function show() {
  const wanted = Object.fromEntries(new FormData(form));
  const text = wanted.target.toLowerCase();
  let count = 0;
  for (const section of document.querySelectorAll("main section")) {
    let some = 0;
    for (const item of section.querySelectorAll("ul.targets > li")) {
      const named = of(item, "name").join("").toLowerCase().includes(text);
      const inside = !wanted.group || of(item, "groups").includes(wanted.group);
      item.hidden = !(named && inside);
      some += item.hidden ? 0 : 1;
    }
    for (const row of section.querySelectorAll("tr[data-cause]")) {
      row.hidden = Boolean(wanted.cause) && ![wanted.cause, "both"].includes(row.dataset.cause);
    }
    const caused = !wanted.cause || section.querySelector("tr[data-cause]:not([hidden])");
    const risky = !wanted.risk || of(section, "risks").includes(wanted.risk);
    section.hidden = !(some && caused && risky);
    count += section.hidden ? 0 : some;
  }
  document.getElementById("count").textContent = `${count} shown`;
}
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
show();
addEventListener("beforeprint", () => {
  for (const found of document.querySelectorAll("details")) found.open = true;
});
