/* The picker: one searchable list for every button of a page that chooses from it. */
(function () {
  "use strict";
  let opener = null;
  const setProps = (id, props) => window.dash_clientside.set_props(JSON.parse(id), props);
  const rows = (dialog) => [...dialog.querySelectorAll(".picker-row")];
  const search = (dialog) => dialog.querySelector(".picker-search");

  function open(button) {
    const dialog = document.getElementById(button.dataset.picks);
    if (!dialog) return;
    opener = button;
    setProps(search(dialog).id, { value: "" });
    setProps(dialog.id.replace('"picker"', '"picker-opened"'), { data: Date.now() });
    dialog.showModal();
    search(dialog).focus();
  }

  function activate(dialog, row) {
    for (const other of rows(dialog)) other.setAttribute("aria-selected", String(other === row));
    const input = search(dialog);
    if (!row) return input.removeAttribute("aria-activedescendant");
    row.id = row.id || "picker-row-" + row.dataset.kind;
    input.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  }

  function move(dialog, key) {
    const all = rows(dialog), now = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
    const next = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + 8, PageUp: now - 8 }[key];
    activate(dialog, all[Math.min(Math.max(next, 0), all.length - 1)]);
  }

  function pick(dialog, row) {
    if (!row || !opener) return;
    const isAdded = opener.dataset.adds !== undefined, chosen = { value: row.dataset.kind };
    setProps(opener.id, isAdded ? chosen : { ...chosen, children: row.dataset.title });
    dialog.close();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-picks]"), dialog = event.target.closest("dialog.picker");
    if (button) open(button);
    else if (dialog && (event.target === dialog || event.target.closest("[data-closes]"))) dialog.close();
    else if (dialog) pick(dialog, event.target.closest(".picker-row"));
  });

  document.addEventListener("keydown", (event) => {
    const dialog = event.target.closest && event.target.closest("dialog.picker");
    if (!dialog || event.target !== search(dialog)) return;
    if (["ArrowDown", "ArrowUp", "PageDown", "PageUp"].includes(event.key)) move(dialog, event.key);
    else if (event.key === "Enter") pick(dialog, dialog.querySelector('.picker-row[aria-selected="true"]'));
    else return;
    event.preventDefault();
  });

  /* A new list begins with its best match, and one of everything with what is chosen now. */
  new MutationObserver((changes) => {
    const results = changes.map((change) => change.target.closest && change.target.closest(".picker-results"));
    const list = results.find(Boolean), dialog = list && list.closest("dialog.picker");
    if (!dialog || !changes.some((change) => change.addedNodes.length)) return;
    const all = rows(dialog), isNarrowed = search(dialog).value.trim() !== "";
    const chosen = !isNarrowed && opener && all.find((row) => row.dataset.kind === opener.value);
    list.scrollTop = 0;
    activate(dialog, chosen || all[0]);
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
