// Starts the page once the document is loaded.

for (const link of document.querySelectorAll("[data-jump]")) {
  // The part of the address after the # has the filters, so jumps within the page must not change it.
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const heading = byID(link.dataset.jump);
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  });
}
startTheme();
startPurge();
startChanges();
startStatus();
startModels();
