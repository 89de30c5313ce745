/* The run bar, the state of the results, permalinks, and the keyboard's way to run. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const ACTIVE = ["queued", "running"];
  const WORDS = { cancelled: "Cancelled.", interrupted: "Interrupted: the server stopped. Run it again." };
  const no = () => window.dash_clientside.no_update;

  const entry = (jobs, key) => ((jobs && jobs.jobs) || []).find((job) => job.key === key);
  const percent = (fraction) => (100 * Math.min(Math.max(fraction || 0, 0), 1)).toFixed(1) + "%";

  function stateOf(run, result) {
    if (result && result.error) return "error";
    if (!run) return result ? "ready" : "empty";
    return result && (result.key === run.key || result.spec === run.spec) ? "ready" : "running";
  }

  /* The poll of a background callback ends without a word when its job was cancelled or the server restarted; the
     list of jobs knows better. A list from before the run, or from its first moments, says nothing about it. */
  function lostWord(jobs, run, result, computed) {
    if (!run || !jobs || stateOf(run, result) !== "running" || jobs.at < run.at + 1) return null;
    const job = entry(jobs, run.key);
    if (job && job.finished && job.finished < run.at) return null;  // an earlier one of an action
    if (job && job.status === "done" && computed && computed.key === run.key) return null;  // its picture is on the way
    return job && !ACTIVE.includes(job.status) ? job : null;
  }

  let hadResult = {}, broughtUp = {};

  /* Where there is little room the settings lie above the results: what has come of a run takes their place, once; of
     a page that follows its settings the first result or error alone, for then they may be in use. */
  function bringUp(page, result, quiet) {
    const button = document.getElementById(here.domId({ role: "run-button", page: page }));
    const side = button && button.closest(".side"), fold = button && button.closest(".study .panel-card")?.querySelector(".study-fold");
    if (fold && broughtUp[page] !== result) {
      broughtUp[page] = result;
      fold.open = false;
    }
    if (!side || broughtUp[page] === result || !side.querySelector(".panel-toggle").checkVisibility()) return;
    if (quiet && side.dataset.broughtUp) return;
    broughtUp[page] = result;
    side.dataset.broughtUp = "yes";
    side.open = false;
    side.scrollIntoView({ block: "nearest" });
  }

  /* ``now`` are the five outputs as they are: what stays the same is left alone, for Dash goes through the page for each. */
  here.runBar = function (run, result, progress, cancelled, jobs, ...now) {
    const context = window.dash_clientside.callback_context, page = context.outputs_list[0].id.page;
    const state = stateOf(run, result), job = run && entry(jobs, run.key);
    const quiet = (document.getElementById(here.domId({ role: "run-button", page: page })) || {}).hidden;
    if (!run && !result) hadResult[page] = false;
    if (state === "ready") hadResult[page] = true;
    let fraction = 0, words = "";
    if (state === "running") {
      const live = progress || job || {};
      fraction = live.fraction;
      words = live.message || (job && job.status === "queued" ? "Waiting for a free worker" : "Starting");
      const cause = (context.triggered[0] || {}).prop_id || "";
      if (cause.includes('"cancel"')) words = "Cancelling";
    }
    if (state === "ready" || state === "error") bringUp(page, result, quiet);
    const bar = "run-bar" + (quiet ? " quiet" : "") + (state === "running" ? " is-running" : "");
    const shown = state === "error" ? (hadResult[page] ? "is-ready is-old" : "is-failed")
      : state === "running" ? (hadResult[page] ? "is-ready is-old" : "is-loading") : "is-" + state;
    const track = document.getElementById(here.domId({ role: "run-track", page: page }));
    if (track) track.parentElement.setAttribute("aria-valuenow", Math.round(100 * (fraction || 0)));
    const calm = state === "error" && /^(The job was c|C)ancelled\./.test(result.error) ? " is-cancelled" : "";
    const width = { width: percent(fraction) };
    const unstored = state === "ready" && result.warning ? " is-unstored" : "";
    const said = state === "error" ? result.error : unstored ? result.warning : "";
    if (state === "error") here.unsay(said);
    const all = [bar, words, width, "results " + shown + calm + unstored, said];
    return here.changed(all.map((value, index) => (JSON.stringify(value) === JSON.stringify(now[index]) ? no() : value)));
  };

  /* Word of lost runs: what has ended otherwise is said, and what has been computed is asked for again by its page, if
     that is still there. The stores come in one order, that of ``ids``. */
  here.settle = function (jobs, runs, results, ids, computed) {
    ids.forEach((id, at) => {
      const job = lostWord(jobs, runs[at], results[at], computed[at]);
      if (!job) return;
      const isDone = job.status === "done", place = { role: isDone ? "request" : "result", page: id.page };
      const said = job.message && job.status === "failed" ? job.message : WORDS[job.status] || job.message;
      if (!isDone || window.dash_component_api.getLayout(place))
        window.dash_clientside.set_props(place, { data: isDone ? runs[at].spec : { error: said } });
    });
  };

  here.passed = (value) => value;

  /* The rail leads back to what a page showed last, in this tab and through a reload. */
  function remember(run, result, href, isNew) {
    if (!run) return here.changed(no());
    const query = result && result.report && result.spec === run.spec ? "report." + result.report : run.query;
    const path = href.split("?")[0];
    const link = here.withView(here.withCompared(path + "?spec=" + query));
    if (location.pathname === path)
      isNew ? history.pushState(history.state, "", link) : history.replaceState(history.state, "", link);
    sessionStorage.setItem("stratoscope-last" + path, link);
    return link;
  }

  /* A run that somebody has asked for is a step of the browser's history: Back leads to the one before. What comes of a
     link, of a tab or of a form that runs by itself takes the place of the step that it belongs to. */
  const asked = {};
  const specOf = (address) => new URL(address, location.origin).searchParams.get("spec");

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest('[data-run="true"]');
    if (button) asked[JSON.parse(button.id).page.split("-")[0]] = true;
  });

  here.askedFor = (shown, ids) => ids.forEach((id, at) => {
    const isIt = window.dash_clientside.callback_context.triggered.some((item) => item.prop_id.includes(here.domId(id)));
    if (isIt && shown[at] && shown[at].run !== false) asked[id.page] = true;
  });

  /* Dash's own location knows nothing of steps that were made here: told of the address that it believes to be at, it
     would leave the page as it is. */
  window.addEventListener("popstate", () => {
    const known = window.dash_component_api.getLayout("_pages_location");
    const isKnown = known && known.props.pathname === location.pathname && known.props.search === location.search;
    if (isKnown) window.dash_clientside.set_props("_pages_location", { search: location.search });
  });

  /* The key of the result that a card shows: its study's, or its page's; "" for what shows several, or none. */
  const resultKeys = {};
  here.keyOf = function (card) {
    const pane = card.closest("[role=tabpanel]"), owner = location.pathname.slice(1);
    if (pane && pane.classList.contains("free")) return "";
    return (pane && resultKeys[owner + "-" + JSON.parse(pane.id).tab]) || resultKeys[owner] || "";
  };

  /* The address is that of what is in sight: the study's where its tab is open and has a run, else the page's. The
     stores of runs and of results come in one order, that of ``ids``. */
  here.followTab = function (active, runs, results, ids, href, isBegun) {
    const owner = href.split("?")[0].slice(1);
    ids.forEach((id, index) => { resultKeys[id.page] = (results[index] || {}).key || ""; });
    const at = (page) => ids.findIndex((id, index) => id.page === page && runs[index]);
    const study = at(owner + "-" + active), seen = study < 0 ? at(owner) : study;
    const run = runs[seen], isNew = isBegun && run && asked[owner] && run.query !== specOf(location.href);
    if (isBegun && run) asked[owner] = false;
    return remember(run, results[seen], href, isNew);
  };

  /* The same when a run begins or its result arrives, perhaps of a tab that is out of sight or after the page was left. */
  here.permalink = function (run, result, runs, results, ids, href) {
    if (location.pathname !== href.split("?")[0]) return remember(run, result, href);
    const pane = document.querySelector(".study:not([hidden])");
    const begun = window.dash_clientside.callback_context.triggered.some((item) => item.prop_id.includes('"role":"run"'));
    return here.followTab(pane ? JSON.parse(pane.id).tab : "", runs, results, ids, href, begun);
  };

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const button = document.querySelector('.study:not([hidden]) [data-run="true"]') ||
      document.querySelector('[data-run="true"]:not([hidden])');
    if (!button) return;
    event.preventDefault();
    if (document.activeElement) document.activeElement.blur();
    setTimeout(() => button.click(), 0);
  });

  /* A run that a field forbids: go to the field, and say there what is wrong, until it is typed into. */
  document.addEventListener("click", (event) => {
    const run = event.target.closest('[data-run="true"]');
    if (!run) return;
    const wrong = [...run.closest(".side, .study").querySelectorAll(".f-problem")].find((item) => item.textContent);
    const own = wrong && document.getElementById(wrong.id.replace('"role":"problem"', '"role":"field"'));
    const control = own && own.matches("input, select, textarea, button") ? own : wrong && wrong.parentElement.querySelector("input, select, textarea, button");
    if (!control) return;
    wrong.classList.add("is-told");
    const fold = control && control.closest(".study-fold");
    if (fold) fold.open = true;
    control.focus();
  });

  document.addEventListener("input", (event) => {
    const row = event.target.closest && event.target.closest(".f, .axis, .plugin");
    if (row) row.querySelectorAll(".is-told").forEach((item) => item.classList.remove("is-told"));
  });
})();
