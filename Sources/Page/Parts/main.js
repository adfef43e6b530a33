// The beginning of everything, once the document stands.

for (const link of document.querySelectorAll("[data-jump]")) {
  // The address behind the # is the filters': a jump within the page must leave it alone.
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const heading = byID(link.dataset.jump);
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  });
}
startTheme();
startPurge();
startStatus();
startModels();
