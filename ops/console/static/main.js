/* What every page has: the keyboard, the scheme, and one live connection. */
import { connect } from "./live.js";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);

const remembered = (key, fallback) => {
  try {
    return localStorage.getItem(key) ?? fallback;
  } catch {
    return fallback;
  }
};
const remember = (key, value) => {
  try {
    localStorage.setItem(key, value);
  } catch {
    /* not remembered, then */
  }
};

const switchTheme = () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("breakwater-theme", root.dataset.theme);
};
one("[data-theme-switch]").addEventListener("click", switchTheme);

/* Shortcuts. They can be switched off, for those who speak to their computers. */
const help = one("[data-shortcuts]");
const on = one("[data-shortcuts-on]");
on.checked = remembered("breakwater-shortcuts", "on") === "on";
on.addEventListener("change", () => remember("breakwater-shortcuts", on.checked ? "on" : "off"));
one("[data-help]").addEventListener("click", () => help.showModal());

const step = (by) => {
  const links = all("main tbody th a, main [data-row-link]").filter((link) => link.offsetParent);
  const at = links.indexOf(document.activeElement);
  links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
};
const find = () => {
  const field = one("main input[type=search]");
  if (field) field.select();
  else location.href = "/events?find";
};
const KEYS = {
  "/": find,
  "?": () => help.showModal(),
  t: switchTheme,
  j: () => step(1),
  k: () => step(-1),
  p: () => one("[data-pause]")?.click(),
};
let going = false;
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, dialog");
  if (!on.checked || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (going) {
    going = false;
    const link = one(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  if (event.key === "g") {
    going = true;
    setTimeout(() => { going = false; }, 1500);
  } else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});
if (new URLSearchParams(location.search).has("find")) one("main input[type=search]")?.focus();

connect();
