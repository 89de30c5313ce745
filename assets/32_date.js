/* Dates are typed as 2015-01-31; the button beside opens the browser's calendar (dashboard/components/controls.py). */
(function () {
  "use strict";
  const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const ISO = /^\d{4}-\d{2}-\d{2}$/;

  /* The browser's own control, out of sight: it writes dates in the browser's language. */
  function native(box) {
    const found = box.querySelector(".calendar-native");
    if (found) return found;
    const made = document.createElement("input");
    Object.assign(made, { type: "date", className: "calendar-native", tabIndex: -1 });
    made.setAttribute("aria-hidden", "true");
    made.addEventListener("change", () => {
      const entry = box.querySelector(".form-control");
      setValue.call(entry, made.value);
      entry.dispatchEvent(new Event("input", { bubbles: true }));
      entry.focus();
    });
    box.append(made);
    return made;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-calendar]");
    if (!button) return;
    const box = button.closest(".in"), now = box.querySelector(".form-control").value, calendar = native(box);
    calendar.value = ISO.test(now) ? now : "";
    if (calendar.showPicker) calendar.showPicker();
  });
})();
