/* Completion in a formula: columns, functions and indicators that go on from what is typed, chosen by keyboard or mouse. */
(function () {
  "use strict";
  const MOST = 8;
  const setValue = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;
  let area = null, box = null, found = [], at = 0;

  function words(target) {
    const holder = target.closest(".fields, .study") && target.closest(".fields, .study").querySelector("[data-words]");
    if (!holder) return [];
    holder.words = holder.words || JSON.parse(holder.dataset.words);
    return holder.words;
  }

  function typed(target) {
    const before = target.value.slice(0, target.selectionStart), match = /[A-Za-z_]\w*$/.exec(before);
    return target.selectionStart === target.selectionEnd && match ? match[0] : "";
  }

  function matches(target) {
    const start = typed(target).toLowerCase();
    if (!start) return [];
    const all = words(target), begins = all.filter((word) => word[0].startsWith(start) && word[0] !== start);
    const inside = start.length < 2 ? [] : all.filter((word) => word[0].indexOf(start) > 0 || word[2].toLowerCase().includes(start));
    return [...new Set([...begins, ...inside])].filter((word) => word[0] !== start).slice(0, MOST);
  }

  function shut() {
    if (box) box.remove();
    if (area) for (const name of ["aria-activedescendant", "aria-controls"]) area.removeAttribute(name);
    if (area) area.setAttribute("aria-expanded", "false");
    box = area = null;
  }

  function mark(next) {
    at = (next + found.length) % found.length;
    [...box.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === at)));
    area.setAttribute("aria-activedescendant", box.children[at].id);
    box.children[at].scrollIntoView({ block: "nearest" });
  }

  function row(word, index) {
    const item = document.createElement("div");
    item.id = "formula-word-" + index;
    item.className = "formula-word";
    item.setAttribute("role", "option");
    for (const text of [word[1], word[2]]) item.append(Object.assign(document.createElement("span"), { textContent: text }));
    item.onmousedown = (event) => {
      event.preventDefault();
      take(index);
    };
    return item;
  }

  function open(target) {
    shut();
    found = matches(target);
    if (!found.length) return;
    area = target;
    box = Object.assign(document.createElement("div"), { id: "formula-words", className: "formula-words" });
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", "Completions");
    box.append(...found.map(row));
    target.closest(".in").after(box);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", box.id], ["aria-expanded", "true"]]) area.setAttribute(name, value);
    mark(0);
  }

  /* The word goes in with its parenthesis where it takes arguments, unless there is one. */
  function take(index) {
    const target = area, word = found[index], end = target.selectionStart, start = end - typed(target).length;
    const opens = word[1].includes("(") && target.value[end] !== "(" ? "(" : "";
    const text = target.value.slice(0, start) + word[0] + opens + target.value.slice(end), caret = start + word[0].length + opens.length;
    shut();
    setValue.call(target, text);
    target.setSelectionRange(caret, caret);
    target.taken = true;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("input", (event) => {
    if (!event.target.matches || !event.target.matches(".f.wide textarea")) return;
    if (event.target.taken) event.target.taken = false;
    else open(event.target);
  });
  document.addEventListener("focusout", (event) => event.target === area && shut());
  document.addEventListener("keydown", (event) => {
    if (!area || event.target !== area || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") shut();
    else if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter" || event.key === "Tab") take(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
})();
