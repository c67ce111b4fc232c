/* Before anything is drawn: the scheme that somebody chose, or else the system's. */
(() => {
  try {
    const theme = localStorage.getItem("breakwater-theme");
    if (theme) document.documentElement.dataset.theme = theme;
  } catch {
    /* storage is off: the system's scheme it is */
  }
})();
