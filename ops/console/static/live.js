/* One connection for a page, closed while nobody sees it. Modules subscribe to what they show. */
const listeners = new Map();
let source = null;
let paused = false;

export const on = (name, listener) => {
  listeners.set(name, [...(listeners.get(name) ?? []), listener]);
};

const TEXTS = { live: "Live", lost: "Connection lost", paused: "Paused", waiting: "Connecting" };
const show = (state) => {
  const pulse = document.querySelector("[data-connection]");
  if (!pulse || pulse.dataset.connection === state) return;
  pulse.dataset.connection = state;
  pulse.querySelector("[data-connection-text]").textContent = TEXTS[state];
};

const open = () => {
  if (source || paused || document.hidden) return;
  source = new EventSource(document.body.dataset.live ?? `/live${location.search}`);
  source.addEventListener("open", () => show("live"));
  source.addEventListener("error", () => show(source?.readyState === EventSource.CLOSED ? "lost" : "waiting"));
  for (const [name, told] of listeners) {
    source.addEventListener(name, (event) => told.forEach((listener) => listener(event.data)));
  }
};
const close = () => {
  source?.close();
  source = null;
};

export const pause = (wanted) => {
  paused = wanted;
  if (paused) {
    close();
    show("paused");
  } else {
    open();
  }
};

/* Text is touched only where it differs, so that nothing flickers and nobody is read the same thing twice. */
export const put = (selector, value) => {
  const text = String(value);
  for (const element of document.querySelectorAll(selector)) {
    if (element.textContent !== text) element.textContent = text;
  }
};
export const mark = (selector, some) => {
  for (const element of document.querySelectorAll(selector)) element.dataset.some = some ? "yes" : "no";
};

on("state", (data) => {
  const { letters } = JSON.parse(data);
  for (const badge of document.querySelectorAll("[data-dead-total]")) {
    badge.hidden = !letters;
    badge.textContent = letters;
  }
});

export const connect = () => {
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  open();
};
