/* A list that grows at its top. While somebody reads in it, by pointer or keyboard, news wait. */
import { on, pause } from "./live.js";

const table = document.querySelector("[data-rows]");
const body = table.querySelector("tbody");
const limit = Number(table.dataset.limit);
const empty = document.querySelector("[data-empty]");
const waiting = document.querySelector("[data-waiting]");
const pauser = document.querySelector("[data-pause]");
let held = [];

const rowsIn = (html) => {
  const template = document.createElement("template");
  template.innerHTML = `<table><tbody>${html}</tbody></table>`;
  return [...template.content.querySelectorAll("tr")];
};
const has = (row) => body.querySelector(`[data-key="${CSS.escape(row.dataset.key)}"]`);
/* A few that are new light up; where there are many at each turn, that would only be unrest. */
const FEW = 3;
const add = (rows) => {
  const fresh = rows.filter((row) => !has(row)).reverse();
  for (const row of fresh) {
    if (fresh.length <= FEW) row.dataset.new = "";
    const older = [...body.rows].find((other) => Number(other.dataset.at) <= Number(row.dataset.at));
    body.insertBefore(row, older ?? null);
  }
  while (body.rows.length > limit) body.lastElementChild.remove();
  if (empty) empty.hidden = body.rows.length > 0;
};
const isRead = () => body.contains(document.activeElement) || body.matches(":hover");
const flush = () => {
  if (isRead()) return;
  add(held);
  held = [];
  if (waiting) waiting.textContent = "";
};

on("rows", (html) => {
  held = [...rowsIn(html), ...held].slice(0, limit);
  flush();
  if (held.length && waiting) waiting.textContent = `${held.length} new`;
});
body.addEventListener("pointerleave", flush);
body.addEventListener("focusout", () => setTimeout(flush));

pauser?.addEventListener("click", () => {
  const wanted = pauser.getAttribute("aria-pressed") !== "true";
  pauser.setAttribute("aria-pressed", String(wanted));
  pauser.querySelector("span").textContent = wanted ? "Resume" : "Pause";
  pause(wanted);
});
