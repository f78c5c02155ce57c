"""The style and the script of an HTML report. Nothing of a report is in them."""

STYLE = """
:root {
  color-scheme: light dark;
  --back: #ffffff; --fore: #1c2128; --dim: #59636e; --line: #d1d9e0; --card: #f6f8fa;
  --add: #116329; --remove: #a40e26; --change: #7d4e00; --unknown: #0550ae; --bad: #cf222e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0d1117; --fore: #e6edf3; --dim: #9198a1; --line: #3d444d; --card: #151b23;
    --add: #57d364; --remove: #ff8a80; --change: #e3b341; --unknown: #79c0ff; --bad: #ff7b72;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--back); color: var(--fore);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .5rem 0; }
code, td, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
pre { white-space: pre-wrap; margin: .5rem 0; }
.facts, .url, .digest, td.place { color: var(--dim); }
.total { font-weight: 600; }
form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; margin: 1rem 0; }
form[hidden], [hidden] { display: none; }
label { display: flex; flex-direction: column; font-size: .875rem; flex: 1 1 9rem; }
input, select { font: inherit; padding: .4rem; min-width: 0; width: 100%; }
section {
  border: 1px solid var(--line); border-left-width: .3rem; border-radius: .4rem;
  background: var(--card); padding: .75rem; margin: 1rem 0;
}
section.bad { border-left-color: var(--bad); }
section.bad h2, .incomplete { color: var(--bad); }
ul.targets { list-style: none; margin: 0; padding: 0; }
table { border-collapse: collapse; width: 100%; }
td { padding: .2rem .75rem .2rem 0; vertical-align: top; text-align: left; }
td.place { text-align: right; padding-right: 0; }
.sign { width: 1.5rem; font-weight: 700; }
tr.add .sign, tr.add .text { color: var(--add); }
tr.remove .sign, tr.remove .text { color: var(--remove); }
tr.change .sign, tr.change .text { color: var(--change); }
tr.unknown .sign, tr.unknown .text { color: var(--unknown); }
.cause { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; }
.finding { margin: .5rem 0; }
.finding.error b { color: var(--bad); }
.finding.warning b { color: var(--change); }
@media (max-width: 40rem) {
  body { padding: .5rem; }
  table, tbody, tr, td { display: block; width: auto; }
  tr { border-top: 1px solid var(--line); padding: .3rem 0 .3rem 1.5rem; position: relative; }
  td { padding: 0; }
  td.sign { position: absolute; left: 0; }
  td.place { text-align: left; }
}
@media print {
  form { display: none; }
  body { max-width: none; padding: 0; }
  section, tr { break-inside: avoid; background: none; }
  details:not([open])::details-content { content-visibility: visible; block-size: auto; }
}
"""

SCRIPT = """
"use strict";
const form = document.getElementById("filter");
const of = (element, name) => (element.dataset[name] || "").split("\\n");
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
"""
