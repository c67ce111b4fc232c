"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const nothing = document.querySelector(".nothing");
  const articles = all("article");
  const entries = new Map(all(".side li").map((entry) => [entry.dataset.type, entry]));

  /* Search: an event type stays when it has all of the words, in its name, purpose, fields or services. */
  const narrow = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const article of articles) {
      const fits = words.every((word) => article.dataset.search.includes(word));
      article.hidden = entries.get(article.id).hidden = !fits;
      shown += fits;
      for (const row of all("tr[data-field]", article)) {
        row.classList.toggle("hit", words.some((word) => row.dataset.field.includes(word)));
      }
    }
    for (const list of all(".side ul")) {
      list.hidden = list.previousElementSibling.hidden = all("li:not([hidden])", list).length === 0;
    }
    document.body.classList.toggle("searching", words.length > 0);
    found.textContent = words.length ? `${shown} of ${articles.length} event types` : "";
    nothing.hidden = shown > 0;
  };
  const showEverything = () => {
    search.value = "";
    narrow();
  };
  search.addEventListener("input", () => {
    narrow();
    if (search.value) window.scrollTo(0, 0);
  });
  search.form.addEventListener("submit", (event) => {
    event.preventDefault();
    articles.find((article) => !article.hidden)?.querySelector(".anchor").focus();
  });
  nothing.querySelector("button").addEventListener("click", () => {
    showEverything();
    search.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && event.target !== search) {
      event.preventDefault();
      search.select();
    } else if (event.key === "Escape" && event.target === search) {
      showEverything();
      search.blur();
    }
  });

  /* A link leads to its event type or service, whatever the search has hidden. */
  const reveal = (hash) => {
    const target = document.getElementById(decodeURIComponent(hash.slice(1)));
    if (target?.closest("[hidden], .searching .overview")) showEverything();
    if (target?.matches("details")) target.open = true;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link) reveal(link.getAttribute("href"));
  });
  window.addEventListener("hashchange", () => reveal(location.hash));

  /* The scheme: the system's, until somebody chooses. */
  document.querySelector(".theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("breakwater-theme", root.dataset.theme);
    } catch { /* not remembered, then */ }
  });

  /* Panels become tabs; without this script they stand one below the other. */
  const select = (tab, tabs) => {
    for (const other of tabs) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
    }
  };
  const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
  for (const box of all("[data-panels]")) {
    const tabs = all('[role="tab"]', box);
    box.classList.add("tabbed");
    box.querySelector('[role="tablist"]').hidden = box.querySelector(".copy").hidden = false;
    select(tabs[0], tabs);
    box.addEventListener("click", (event) => {
      if (tabs.includes(event.target)) select(event.target, tabs);
    });
    box.addEventListener("keydown", (event) => {
      if (!tabs.includes(event.target) || !(event.key in STEPS)) return;
      const next = tabs[(tabs.indexOf(event.target) + STEPS[event.key] + tabs.length) % tabs.length];
      select(next, tabs);
      next.focus();
    });
  }

  /* Copying: by the clipboard where a page may use it, by a selection where not. */
  const bySelection = (text) => {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return bySelection(text);
    }
  };
  for (const button of all(".copy")) {
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      const text = button.closest("[data-panels]").querySelector(".panel:not([hidden]) code").textContent;
      button.textContent = (await copy(text)) ? "Copied" : "Not copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
  }

  /* Where the reader is, in the list at the side. */
  const near = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      for (const [type, entry] of entries) {
        entry.firstElementChild.toggleAttribute("aria-current", type === target.id);
      }
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  articles.forEach((article) => near.observe(article));
  reveal(location.hash);
})();
