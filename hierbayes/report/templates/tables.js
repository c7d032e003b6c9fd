// Long tables can be sorted and searched, what need not scroll is no stop of the keyboard, and what is
// folded away is printed. Without this script the page is read as it stands.
(() => {
  "use strict";
  const SORTED = 8, SEARCHED = 16;
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  const number = (cell) => {
    if (cell.dataset.value !== undefined) return parseFloat(cell.dataset.value);
    const found = cell.textContent.replace(/\u2212/g, "-").replace(/(\d),(?=\d{3})/g, "$1").match(/-?\d*\.?\d+/);
    return found ? parseFloat(found[0]) : NaN;
  };

  const compare = (column, numeric) => (one, other) => {
    const [a, b] = [one.cells[column], other.cells[column]];
    if (!numeric) return collator.compare(a.textContent.trim(), b.textContent.trim());
    return number(a) - number(b);
  };

  const missing = (column, numeric) => (row) =>
    numeric ? Number.isNaN(number(row.cells[column])) : row.cells[column].textContent.trim() === "";

  const sortable = (table) => {
    const body = table.tBodies[0], original = [...body.rows], headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const numeric = header.classList.contains("right");
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[header.getAttribute("aria-sort")];
        const way = next === undefined ? "ascending" : next;
        headers.forEach((other) => other.removeAttribute("aria-sort"));
        if (way === null) return body.append(...original);
        header.setAttribute("aria-sort", way);
        const absent = missing(column, numeric), last = original.filter(absent);
        const rows = original.filter((row) => !absent(row)).sort(compare(column, numeric));
        body.append(...(way === "descending" ? rows.reverse() : rows), ...last);
      });
    });
  };

  const searchable = (table) => {
    const rows = [...table.tBodies[0].rows], texts = rows.map((row) => row.textContent.toLowerCase());
    const box = document.createElement("p"), label = document.createElement("label");
    const field = document.createElement("input"), told = document.createElement("output");
    box.className = "search";
    field.type = "search";
    label.append("Search this table ", field);
    box.append(label, " ", told);
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = !words.every((word) => texts[i].includes(word));
        shown += row.hidden ? 0 : 1;
      });
      told.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
    });
    table.closest(".scroll").before(box);
  };

  for (const table of document.querySelectorAll("main .table table")) {
    const rows = table.tBodies[0].rows.length;
    if (rows >= SORTED) sortable(table);
    if (rows >= SEARCHED) searchable(table);
  }

  const reachable = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }));
  document.querySelectorAll(".scroll, pre").forEach((box) => reachable.observe(box));

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((part) => { part.open = false; }));
})();
