// Light or dark: the system's setting, unless the user chose one, which the browser stores.

function startTheme() {
  const names = ["auto", "light", "dark"];
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("larder-theme") ?? "auto";
  } catch {
    // Storage may be forbidden; then the choice lasts until the page is closed.
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
