/* One connection for a page, closed while nobody sees it. Modules subscribe to what they show. */
const listeners = { state: [], hops: [], rows: [] };
let source = null;
let paused = false;

/* At any time: what comes is told to whoever listens by then. */
export const on = (name, listener) => listeners[name].push(listener);

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
  for (const name of Object.keys(listeners)) {
    source.addEventListener(name, (event) => listeners[name].forEach((listener) => listener(event.data)));
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
