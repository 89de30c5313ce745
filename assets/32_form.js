/* Form controls: number keys, and what assistive technology needs to know about a wrong value. */
(function () {
  "use strict";
  const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;

  function stepped(box, input, direction, factor) {
    const step = Number(box.dataset.step) * factor, now = Number(input.value.replace(/,/g, ""));
    if (/\.\.|,\s/.test(input.value)) return input.value;  // a range, or a list
    const low = box.dataset.low === undefined ? -Infinity : Number(box.dataset.low);
    const high = box.dataset.high === undefined ? Infinity : Number(box.dataset.high);
    const digits = Math.max(0, (box.dataset.step.split(".")[1] || "").length);
    const next = (Number.isFinite(now) ? now : 0) + direction * step;
    const text = Number(Math.min(Math.max(next, low), high).toFixed(digits));
    return text.toLocaleString("en-US", { maximumFractionDigits: digits });
  }

  /* Arrow keys change a number by its step, with Shift by ten of them. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const box = event.target.closest && event.target.closest(".in[data-step]");
    if (!box || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const direction = event.key === "ArrowUp" ? 1 : -1;
    setValue.call(event.target, stepped(box, event.target, direction, event.shiftKey ? 10 : 1));
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  });

  /* A button that puts a value into a control, such as the symbols that a strategy lacks; the control takes the focus. */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-sets]");
    if (!button) return;
    const row = button.closest(".f"), control = row && row.querySelector("input, select, textarea, button");
    window.dash_clientside.set_props(JSON.parse(button.dataset.sets), { value: JSON.parse(button.dataset.value) });
    if (control) setTimeout(() => control.focus(), 250);  // not while Enter is still down: it would open a list
  });

  /* What is wrong at each field; what is there already is left alone: Dash goes through the page for each change. */
  window.dash_clientside.stratoscope.problems = (texts, ids, now) => {
    misfilled(ids[0] && ids[0].page, Object.keys(texts || {}).length > 0);
    return window.dash_clientside.stratoscope.changed(ids.map((id, index) => {
      const text = (texts || {})[id.path] || "", before = now[index] || "";
      return JSON.stringify(text) === JSON.stringify(before) ? window.dash_clientside.no_update : text;
    }));
  };

  /* Of a form without a run button: while a field is wrong, what an earlier request failed of is no news. */
  function misfilled(page, isWrong) {
    const here = window.dash_clientside.stratoscope;
    const button = page && document.getElementById(here.domId({ role: "run-button", page: page }));
    const body = button && button.closest(".body");
    if (body) body.classList.toggle("is-misfilled", isWrong && button.hidden);
  }

  function mark(problem) {
    const own = document.getElementById(problem.id.replace('"role":"problem"', '"role":"field"'));
    const row = problem.closest(".f, .plugin") || (own && own.closest(".axis > div"));
    const control = row && row.querySelector("input, select, textarea, [role=combobox], button[data-picks]");
    if (!control) return;
    const isWrong = problem.textContent !== "";
    row.classList.toggle("is-wrong", isWrong);
    const fold = isWrong && row.closest(".fold, .study-fold");
    if (fold) fold.open = true;
    control.setAttribute("aria-invalid", String(isWrong));
    isWrong ? control.setAttribute("aria-describedby", problem.id) : control.removeAttribute("aria-describedby");
  }

  /* What is wrong in a formula names the place: a click on it selects the word there. */
  document.addEventListener("click", (event) => {
    const problem = event.target.closest(".f.wide > .f-problem"), area = problem && problem.parentElement.querySelector("textarea");
    const place = area && /\(character (\d+)\)/.exec(problem.textContent);
    if (!place) return;
    const start = Number(place[1]) - 1, word = /^\w+/.exec(area.value.slice(start));
    area.focus();
    area.setSelectionRange(start, start + (word ? word[0].length : 1));
  });

  new MutationObserver((changes) => {
    for (const change of changes) {
      const node = change.target.nodeType === Node.TEXT_NODE ? change.target.parentElement : change.target;
      if (!node || !node.classList || !node.classList.contains("f-problem")) continue;
      mark(node);
      window.dash_clientside.stratoscope.showMeant();
    }
  }).observe(document.documentElement, { subtree: true, childList: true, characterData: true });

  /* What readers of the screen miss in Dash's own elements. Its list has an input that takes the focus for its label, out
     of their sight: no stop of Tab. What clears a list is a link that leads nowhere; a slider's thumb and the input of
     files have no name. */
  new MutationObserver((changes) => {
    if (!changes.some((change) => change.addedNodes.length)) return;
    for (const input of document.querySelectorAll('.dash-dropdown-focus-target[tabindex="0"]')) input.tabIndex = -1;
    for (const clear of document.querySelectorAll(".dash-dropdown-clear:not([role])")) clear.setAttribute("role", "button");
    for (const thumb of document.querySelectorAll(".dash-slider-thumb:not([aria-labelledby])")) {
      const words = thumb.closest(".sweep-at") && thumb.closest(".sweep-at").querySelector(".sweep-at-text");
      if (words && words.id) thumb.setAttribute("aria-labelledby", words.id);
    }
    for (const input of document.querySelectorAll("input[type=file]:not([aria-label])")) {
      const name = input.parentElement.textContent;
      if (name) input.setAttribute("aria-label", name);
    }
  }).observe(document.documentElement, { subtree: true, childList: true });

  /* A fold's title says how many of its fields differ from their defaults. */
  function said(place) {
    const radio = place.querySelector("input[type=radio]:checked");
    const box = place.querySelector("input[type=checkbox]");
    const control = radio || place.querySelector("input, select, textarea, button[data-picks]");
    return box && !radio ? (box.checked ? "True" : "False") : control ? control.value.trim() : null;
  }

  function count(fold) {
    const places = [...fold.querySelectorAll(".f:not([hidden]) > [data-default]")];
    const differing = places.filter((place) => ![null, place.dataset.default].includes(said(place))).length;
    fold.querySelector(".fold-title").dataset.changed = differing ? differing + " changed" : "";
  }

  /* What means something only beside certain values of other controls is in sight then, and while it is wrong; its own
     value is kept. */
  function isMeant(row) {
    return Object.entries(JSON.parse(row.dataset.when)).every(([id, values]) => {
      const other = document.getElementById(id);
      return !other || values.includes(said(other.closest(".f-control")));
    });
  }

  window.dash_clientside.stratoscope.showMeant = function () {
    for (const row of document.querySelectorAll(".f[data-when]"))
      row.hidden = !isMeant(row) && !row.querySelector(".f-problem:not(:empty)");
  };

  document.addEventListener("change", () => window.dash_clientside.stratoscope.showMeant());

  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      const fold = event.target.closest && event.target.closest(".fold");
      if (!fold) return;
      count(fold);
      setTimeout(() => count(fold), 500);
    });
  }
})();
