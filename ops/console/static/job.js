/* A job's progress, as it goes. */
const job = document.querySelector("[data-job]");
const shown = job.querySelector("[data-progress]");
const said = job.querySelector("[data-said]");

if (!("over" in job.dataset)) {
  const source = new EventSource(job.dataset.job);
  source.addEventListener("job", (event) => {
    const { html, over, sentence } = JSON.parse(event.data);
    shown.innerHTML = html;
    if (!over) return;
    source.close();
    said.textContent = sentence;
    job.querySelector("[data-stop]").hidden = true;
    shown.querySelector("a")?.focus({ preventScroll: true });
  });
}
