"use strict";
(() => {
  // Charts: SVG with the colours of the page's style sheet, so light, dark and paper need no other drawing.
  const specs = JSON.parse(document.getElementById("specs").textContent);
  const tooltip = { sanitize: (value) => String(value).replace(/&/g, "&amp;").replace(/</g, "&lt;"), disableDefaultStyle: true };
  for (const [name, spec] of Object.entries(specs)) {
    const place = document.getElementById(`chart-${name}`);
    vegaEmbed(place, spec, { mode: "vega-lite", actions: false, renderer: "svg", tooltip, defaultStyle: false })
      .then((result) => {
        place.dataset.drawn = "yes";
        // On paper the width is another one.
        addEventListener("beforeprint", () => result.view.resize().run());
      })
      .catch((error) => { place.textContent = "This picture could not be drawn; the table below has its figures."; console.error(error); });
  }

  const table = document.getElementById("experiments");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const find = document.getElementById("find");
  const filters = [document.getElementById("status"), document.getElementById("author")];
  const order = document.getElementById("order");
  const count = document.getElementById("count");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = words.every((word) => texts.get(row).includes(word))
        && filters.every((one) => !one.value || row.dataset[one.id] === one.value);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length} shown`;
  }

  function arrange(key, direction) {
    const number = (row) => (row.dataset[key] === "" ? NaN : Number(row.dataset[key]));
    const sorted = [...rows].sort((a, b) => {
      const [x, y] = [number(a), number(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return direction * (x - y);
    });
    const tree = key === "place";
    for (const row of sorted) {
      row.cells[0].style.paddingLeft = tree ? `${Math.min(Number(row.dataset.depth), 12) * 0.9}rem` : "";
      body.append(row);
    }
    for (const head of table.tHead.rows[0].cells) {
      if (head.dataset.key === key) head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
  }

  for (const head of table.tHead.rows[0].cells) {
    if (!head.dataset.key) continue;
    head.querySelector("button").addEventListener("click", () => {
      const first = Number(head.dataset.first || 1);
      const was = head.getAttribute("aria-sort");
      arrange(head.dataset.key, was ? (was === "ascending" ? -1 : 1) : first);
    });
  }
  find.addEventListener("input", filter);
  filters.forEach((one) => one.addEventListener("change", filter));
  order.addEventListener("change", () => arrange(order.value, order.value === "auc" ? -1 : 1));
  addEventListener("hashchange", () => { find.value = ""; filters.forEach((one) => { one.value = ""; }); filter(); });
  filter();
})();
