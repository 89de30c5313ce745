/* The shell: theme, place, toasts, menus, copying. */
(function () {
  "use strict";
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const here = (clientside.stratoscope = clientside.stratoscope || {});
  const root = document.documentElement;

  const noUpdate = () => window.dash_clientside.no_update;
  const triggered = () => (window.dash_clientside.callback_context.triggered[0] || {}).prop_id || "";

  function themeNow() {
    return { mode: root.getAttribute("data-bs-theme"), swapped: root.getAttribute("data-pnl") === "swapped" };
  }

  function setTheme(theme) {
    root.setAttribute("data-bs-theme", theme.mode);
    root.setAttribute("data-ag-theme-mode", theme.mode);
    root.toggleAttribute("data-pnl", theme.swapped);
    if (theme.swapped) root.setAttribute("data-pnl", "swapped");
    try {
      localStorage.setItem("stratoscope-theme", JSON.stringify(theme));
    } catch (error) {
      /* private windows have no storage: the theme lasts until the page is closed */
    }
  }

  here.theme = function (themeClicks, swapClicks) {
    const theme = themeNow(), cause = triggered();
    if (cause.startsWith("theme-button") && themeClicks) theme.mode = theme.mode === "dark" ? "light" : "dark";
    if (cause.startsWith("swap-button") && swapClicks) theme.swapped = !theme.swapped;
    setTheme(theme);
    return [theme, theme.mode === "dark" ? "Dark" : "Light"];
  };

  here.place = function (pathname, titles, hrefs, ids) {
    const classes = ids.map((id, index) => {
      const isHere = hrefs[index].split("?")[0] === pathname;
      const link = document.getElementById(here.domId(id));
      if (link) isHere ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
      return isHere ? "rail-link on" : "rail-link";
    });
    const links = hrefs.map((href) => sessionStorage.getItem("stratoscope-last" + href.split("?")[0]) || href);
    return [titles[pathname] || "Page not found", [], classes, links];
  };

  here.domId = (id) => JSON.stringify(id, Object.keys(id).sort());

  /* ``second`` is a further choice, {"text", "act"}, behind a button. */
  here.say = function (text, tone, second) {
    const region = document.getElementById("toasts");
    if (!region || !text) return;
    const same = [...region.children].find((item) => item.dataset.text === text);
    if (same) same.remove();
    if (tone === "bad") region.querySelectorAll(".toast-note.bad").forEach((older) => older.remove());
    const toast = document.createElement("div"), words = document.createElement("span");
    const close = document.createElement("button");
    toast.className = "toast-note " + (tone || "ok");
    toast.dataset.text = text;
    words.textContent = text;
    close.className = "icon-button";
    close.setAttribute("aria-label", "Dismiss");
    close.textContent = "\u00d7";
    close.onclick = () => toast.remove();
    toast.append(words, close);
    if (second) toast.insertBefore(choice(second, toast), close);
    region.append(toast);
    while (region.children.length > 4) region.firstChild.remove();
    setTimeout(() => toast.remove(), Math.min(15000, 4000 + 60 * text.length));
  };

  function choice(second, toast) {
    const button = document.createElement("button");
    button.className = "link-button strong";
    button.textContent = second.text;
    button.onclick = () => { toast.remove(); second.act(); };
    return button;
  }

  /* Whether the page itself says ``text``, in sight. */
  const inSight = (text) => [...document.querySelectorAll(".main")].some((page) => page.innerText.includes(text));

  /* Once what came in the same answer is drawn: an error that is said in its place is not said twice. */
  here.toast = function (data) {
    if (data) setTimeout(() => data.tone === "bad" && inSight(data.text) ? null : here.say(data.text, data.tone), 200);
    return null;
  };

  /* Take back what a toast said that the page now says itself. */
  here.unsay = function (text) {
    const tell = () => document.querySelectorAll(".toast-note").forEach(
      (item) => item.dataset.text === text && inSight(text) && item.remove());
    for (const after of [300, 1000, 3000]) setTimeout(tell, after);
  };

  here.unsayRefused = function () {
    const said = document.querySelector(".refused p");
    if (said) here.unsay(said.textContent);
    return window.dash_clientside.no_update;
  };

  /* What a check has found is news for the header, whose callback is there when the tab of the check is not. */
  here.tellChecked = (note, id) => window.dash_clientside.set_props(id, { data: note });

  async function toClipboard(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("refused");
  }

  const refused = () => here.say("The browser does not allow copying from this page.", "bad");

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    toClipboard(document.getElementById(button.dataset.copies).textContent).then(() => here.say("Copied.", "ok"), refused);
  });

  here.copy = function (clicks, draft) {
    const cause = triggered();
    if (!clicks.some(Boolean) || !cause) return noUpdate();
    const { what, page } = JSON.parse(cause.slice(0, cause.lastIndexOf(".")));
    const { first, second, of } = here.copied(page, draft);
    const other = second && { text: "Copy the form's", act: () => put(what, second, " of the form") };
    return first ? put(what, first, of, other) : here.say("Fix the highlighted fields first.", "warn") || noUpdate();
  };

  function put(what, draft, of, other) {
    if (what === "link" && !draft.query) {
      here.say("This request is too long for a link: run it, then copy the address of the page.", "warn");
      return noUpdate();
    }
    const text = what === "link" ? location.origin + here.withCompared(location.pathname + "?spec=" + draft.query) : draft[what];
    const name = { yaml: "YAML", python: "Python", link: "Link" }[what];
    toClipboard(text).then(() => here.say(name + of + " copied.", "ok", other), refused);
    return { what: what, text: text };
  }

  /* Which panes are hidden, and which are in sight for the first time. */
  here.tab = (active, panes, late, opened) => [
    panes.map((id) => id.tab !== active),
    late.map((id, index) => (id.tab === active && !opened[index] ? true : noUpdate())),
  ];

  /* Words that an ellipsis cuts short are told whole on hover. */
  document.addEventListener("mouseover", (event) => {
    const cut = event.target.closest && event.target.closest(".sub, .crumb, .jobs-label, .legend button, .run-name, .kpi > *");
    if (!cut || (cut.title && !cut.hasAttribute("data-whole"))) return;
    const whole = cut.scrollWidth > cut.clientWidth ? cut.textContent : "";
    cut.toggleAttribute("data-whole", Boolean(whole));
    whole ? (cut.title = whole) : cut.removeAttribute("title");
  });

  /* One menu open at a time; a click elsewhere or Escape closes it. */
  function closeMenus(except) {
    document.querySelectorAll("details.drop[open]").forEach((menu) => {
      if (menu !== except) menu.open = false;
    });
  }
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.drop")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.drop[open]");
    closeMenus(null);
    if (open) open.querySelector("summary").focus();
  });
})();
