/* The overview: figures in their places, and events as dots on their ways. */
import { mark, on, put } from "./live.js";
import "./rows.js";

const health = document.querySelector("[data-health]");
let said = health.innerHTML.trim();

const quoted = (name) => `"${CSS.escape(name)}"`;
const figures = (attribute, values) => {
  for (const element of document.querySelectorAll(`[data-${attribute}]`)) {
    const value = values[element.dataset[attribute]] ?? 0;
    if (element.textContent !== String(value)) element.textContent = value;
    element.dataset.some = value ? "yes" : "no";
  }
};

on("state", (data) => {
  const state = JSON.parse(data);
  if (state.health.trim() !== said) {
    said = state.health.trim();
    health.innerHTML = said;
  }
  figures("depth", state.depths);
  figures("dead", state.dead);
  figures("handled", state.handled);
  figures("sent", state.sent);
  for (const [name, depth] of Object.entries(state.depths)) mark(`[data-queue=${quoted(name)}]`, depth);
  for (const [name, count] of Object.entries(state.dead)) mark(`[data-dead-mark=${quoted(name)}]`, count);
  for (const lane of document.querySelectorAll("[data-lane]")) {
    const [, direction, name] = lane.dataset.lane.match(/^(in|out)-(.*)$/);
    lane.dataset.some = (direction === "in" ? state.handled : state.sent)[name] ? "yes" : "no";
  }
  put("[data-none]", "");
});

/* Dots. At most so many at once: a drawing is for seeing that it flows, the figures say how much. */
const MOST = 40;
const SPEED = 0.55; // of the drawing's units, in a millisecond
const LOOK = { handled: "", duplicate: "idle", suppressed: "idle", retry: "warn", deferred: "warn", dead_letter: "bad" };
const still = matchMedia("(prefers-reduced-motion: reduce)");
const moving = new Set();

const frame = (now) => {
  for (const dot of moving) {
    const gone = (now - dot.start) * SPEED;
    if (gone >= dot.length) {
      dot.element.remove();
      moving.delete(dot);
    } else if (gone >= 0) {
      const { x, y } = dot.path.getPointAtLength(gone);
      dot.element.setAttribute("transform", `translate(${x} ${y})`);
      dot.element.removeAttribute("visibility");
    }
  }
  if (moving.size) requestAnimationFrame(frame);
};
const send = (path, look, delay) => {
  if (moving.size >= MOST) return;
  const element = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  element.setAttribute("r", 4.5);
  element.setAttribute("class", `dot ${look}`);
  element.setAttribute("visibility", "hidden");
  path.closest("svg").querySelector("[data-dots]").append(element);
  if (!moving.size) requestAnimationFrame(frame);
  moving.add({ element, path, length: path.getTotalLength(), start: performance.now() + delay });
};
on("hops", (data) => {
  if (still.matches) return;
  const hops = JSON.parse(data).filter((hop) => hop.role === "consumer");
  hops.forEach((hop, index) => {
    const ways = document.querySelectorAll(`[data-way=${quoted(`${hop.type} ${hop.function}`)}]`);
    for (const way of ways) {
      if (way.closest("svg").getBoundingClientRect().width) send(way, LOOK[hop.outcome] ?? "", index * 90);
    }
  });
});
