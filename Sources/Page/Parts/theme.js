// Light or dark: the system's choice, unless the reader made one, which this browser remembers.

function startTheme() {
  const names = ["auto", "light", "dark"];
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("larder-theme") ?? "auto";
  } catch {
    // Storage may be forbidden: then the choice lasts as long as the page.
  }
  apply(names.includes(chosen) ? chosen : "auto");
  byID("theme").addEventListener("change", (event) => {
    apply(event.target.value);
    try {
      localStorage.setItem("larder-theme", event.target.value);
    } catch {
      // As above.
    }
  });

  function apply(name) {
    document.documentElement.dataset.theme = name;
    for (const input of byID("theme").querySelectorAll("input")) input.checked = input.value === name;
  }
}
