/* The form and the run: what of the form differs from the run on screen, the way back to it, and copies of either. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const onScreen = {};  // by page: what the form said of the run on screen
  const no = () => window.dash_clientside.no_update;
  const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  /* Paths at which two requests differ, as the form's controls are called. */
  function differing(one, other, path) {
    if (JSON.stringify(one) === JSON.stringify(other)) return [];
    if (!isPlain(one) || !isPlain(other)) return [path];
    const names = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...names].flatMap((name) => differing(one[name], other[name], path ? path + "." + name : name));
  }

  /* The form of a tab carries the request of its page: what of that a sweep varies itself is no difference. */
  const ownerOf = (page) => page.split("-")[0];
  const isVaried = (spec, path) => (spec.axes || []).some((axis) => path.endsWith("." + axis.path));

  /* The row of the field at ``path``, or of the part of the form that it lies in. */
  function rowOf(page, path) {
    return ownRow(page, path) || (ownerOf(page) !== page && ownRow(ownerOf(page), path.replace(/^[^.]*\./, "")));
  }

  function ownRow(page, path) {
    for (let at = path.replace(/\.kind$/, ""); at; at = at.split(".").slice(0, -1).join(".")) {
      for (const role of ["field", "choice", "list"]) {
        const control = document.getElementById(here.domId({ page: page, path: at, role: role }));
        if (control) return control.type === "hidden" ? null : control.closest(".f") || control;
      }
    }
    return null;
  }

  function mark(page, rows) {
    const bar = document.getElementById(here.domId({ page: page, role: "run-bar" }));
    const form = document.getElementById(here.domId({ page: page, role: "fields" })) || (bar && bar.closest(".panel-card"));
    if (!form) return;
    for (const row of form.querySelectorAll(".is-changed")) if (!rows.includes(row)) row.classList.remove("is-changed");
    for (const row of rows) if (form.contains(row)) row.classList.add("is-changed");
  }

  const titleOf = (row) => ((row.querySelector(".f-label") || {}).textContent || "").toLowerCase();

  function words(draft, rows) {
    if (!draft) return "The form has an error; the run on screen had not.";
    const titles = [...new Set(rows.map(titleOf))].filter(Boolean);
    if (!titles.length) return "The form differs from the run on screen.";
    const more = titles.length > 3 ? " and " + (titles.length - 3) + " more" : "";
    return "Changed since the run on screen: " + titles.slice(0, 3).join(", ") + more + ".";
  }

  /* The bar is hidden until the form first differs. */
  function inSight(page) {
    const bar = document.getElementById(here.domId({ page: page, role: "changes" }));
    return bar && !bar.hidden;
  }

  here.changes = function (draft, run, result) {
    const page = window.dash_clientside.callback_context.outputs_list[0].id.page;
    const isThere = run && result && result.spec === run.spec && draft !== undefined;
    if (isThere && draft && draft.spec === run.spec) onScreen[page] = draft;
    if (!isThere || (draft && draft.spec === run.spec)) {
      mark(page, []);
      return here.changed(inSight(page) ? [true, ""] : no());
    }
    const ran = JSON.parse(run.spec);
    const paths = draft ? differing(ran, JSON.parse(draft.spec), "").filter((path) => !isVaried(ran, path)) : [];
    if (draft && !paths.length) {
      mark(page, []);
      return here.changed(inSight(page) ? [true, ""] : no());
    }
    const rows = [...new Set(paths.map((path) => rowOf(page, path)))].filter(Boolean);
    mark(page, rows);
    return [false, words(draft, rows)];
  };

  here.putBack = function (clicks, run, id) {
    if (clicks && run) window.dash_clientside.set_props({ page: id.page, role: "shown" }, { data: { spec: run.spec, run: false } });
  };

  /* What a copy is of: the run on screen where the form differs from it, and then the form's as a second choice. */
  here.copied = function (page, draft) {
    const bar = document.getElementById(here.domId({ page: page, role: "changes" })), run = onScreen[page];
    return bar && !bar.hidden && run ? { first: run, second: draft, of: " of the run on screen" } : { first: draft, of: "" };
  };
})();
