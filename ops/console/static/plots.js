/* Pointing at a plot says its values, in all plots of the page at once; and the plots grow by themselves. */
const REFRESH = 20_000;
const boards = document.querySelector("[data-boards]");
let plots = [];
let pointed = false;

const known = () => {
  plots = [...boards.querySelectorAll("[data-plot]")].map((figure) => ({
    figure,
    area: figure.querySelector(".plot-area"),
    cross: figure.querySelector("[data-cross]"),
    tip: figure.querySelector("[data-tip]"),
    names: [...figure.querySelectorAll(".key")].map((key) => key.textContent.trim()),
    values: JSON.parse(figure.dataset.values),
  }));
};

const point = (plot, share) => {
  const x = share * 600;
  const nearest = plot.values.reduce((best, value) => (Math.abs(value.x - x) < Math.abs(best.x - x) ? value : best));
  plot.cross.setAttribute("x1", nearest.x);
  plot.cross.setAttribute("x2", nearest.x);
  plot.cross.setAttribute("visibility", "visible");
  return nearest;
};
const tell = (plot, nearest) => {
  const title = Object.assign(document.createElement("b"), { textContent: nearest.at });
  const said = nearest.values.map((value, index) => `${plot.names[index] ?? ""} ${value ?? "none"}`.trim());
  plot.tip.replaceChildren(title, said.join(" · "));
  plot.tip.classList.toggle("left", nearest.x > 300);
  plot.tip.hidden = false;
};
const leave = () => {
  pointed = false;
  for (const plot of plots) {
    plot.cross.setAttribute("visibility", "hidden");
    plot.tip.hidden = true;
  }
};
boards.addEventListener("pointermove", (event) => {
  const area = event.target.closest(".plot-area");
  if (!area) return leave();
  pointed = true;
  const { left, width } = area.getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
  for (const plot of plots) {
    const nearest = point(plot, share);
    if (plot.area === area) tell(plot, nearest);
    else plot.tip.hidden = true;
  }
});
boards.addEventListener("pointerleave", leave);

const refresh = async () => {
  if (document.hidden || pointed || boards.contains(document.activeElement)) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-boards]");
  if (fresh && !pointed) {
    boards.replaceChildren(...fresh.childNodes);
    known();
  }
};
known();
setInterval(() => refresh().catch(() => {}), REFRESH);
