/* The library of saved runs and their comparison: cells of the table, and the chosen runs in the link. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const make = (...parts) => window.React.createElement(...parts);
  const no = () => window.dash_clientside.no_update;
  const KEY = /^[0-9a-f]{64}$/;

  /* Follow a link within the app, as dcc.Link does; another tab or window is the browser's own affair. */
  function follow(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button) return;
    event.preventDefault();
    const link = event.currentTarget;
    window.history.pushState({}, "", link.href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  here.followLink = follow;
  const link = (path, query, look, text, title) =>
    make("a", { key: look, href: path + "?spec=" + query, onClick: follow, className: look, title: title }, text);
  const lines = (side, first, second) => make("span", { className: "run-cell " + side }, [first, second]);

  cells.StratoscopeRun = function (props) {
    const setup = make("span", { key: "setup", className: "run-setup" }, props.data.setup);
    const { path, query, renames } = props.data, name = make("span", { key: "name" }, props.value);
    const named = query ? link(path, query, "run-link", props.value) : name;
    return lines("", renames ? make("span", { key: "named", className: "run-named" }, [named, pen(props)]) : named, setup);
  };

  /* Opens the name for typing; the keyboard does so from the cell, with Enter or F2. */
  function pen(props) {
    const type = () => props.api.startEditingCell({ rowIndex: props.node.rowIndex, colKey: props.column.getColId() });
    const mark = make("span", { className: "icon", style: { maskImage: icon("pen"), WebkitMaskImage: icon("pen") } });
    const told = { title: "Rename", "aria-label": "Rename " + props.value };
    return make("button", { key: "pen", type: "button", tabIndex: -1, className: "icon-button pen", onClick: type, ...told }, mark);
  }

  /* What changed since a run was saved leads to its figures then beside those of now. */
  const ONE = { data: "data changed", code: "code changed", libraries: "libs changed" };
  const several = (what) => (what.includes(" or ") ? "changed" : what.includes(",") ? "all changed" : "both changed");
  cells.StratoscopeSaved = function (props) {
    const run = props.data, day = make("span", { key: "day" }, props.valueFormatted);
    const hour = make("span", { key: "hour", className: "run-setup" }, run.moment.slice(11));
    const gone = make("span", { key: "gone", className: "run-setup", title: "The result is no longer stored: opening the run computes it again." }, "not stored");
    const told = "The " + run.changed + " changed since this run: opening it computes it again. Click to compare the saved metrics with the new ones.";
    return lines("right", day, run.changed ? link(run.path, run.then, "run-changed", ONE[run.changed] || several(run.changed), told) : run.stored ? hour : gone);
  };

  function button(props, action, icon, title, more) {
    const press = () => props.setData({ key: props.data.key, action: action, at: Date.now() });
    const mark = make("span", { className: "icon", style: { maskImage: icon, WebkitMaskImage: icon } });
    return make("button", { type: "button", className: "icon-button " + (more || ""), title: title, "aria-label": title, onClick: press }, mark);
  }
  const icon = (name) => "url(/assets/icons/" + name + ".svg)";

  cells.StratoscopePin = function (props) {
    if (props.data.deleted || props.data.fixed) return null;
    return props.value
      ? button(props, "unpin", icon("pin"), "Unpin", "is-on")
      : button(props, "pin", icon("pin"), "Pin to the top");
  };

  cells.StratoscopeBin = (props) =>
    props.data.deleted
      ? button(props, "restore", icon("restore"), "Restore")
      : button(props, "delete", icon("bin"), "Move to the bin");

  /* An empty list is one of the search, of the bin or of a fresh start; from one empty list to the next it stays. */
  cells.StratoscopeNoRuns = function (props) {
    const [, look] = window.React.useState(0);
    window.React.useEffect(() => {
      const again = () => setTimeout(() => look(Date.now()), 400);
      for (const kind of ["input", "change"]) document.addEventListener(kind, again);
      return () => ["input", "change"].forEach((kind) => document.removeEventListener(kind, again));
    }, []);
    const words = document.getElementById(props.search).value.trim();
    const inBin = document.querySelector("#" + props.shelf + " input:checked").value === "bin";
    const text = words ? "No runs match “" + words + "”." : inBin ? "The bin is empty." : props.nothing;
    return make("span", { className: "no-runs" }, text);
  };

  /* ?compare=key,key beside ?spec=: the chosen runs are part of the link, and how they are combined where that is not
     as usual: &weights=, &rebalanced=. The run of the link itself, whose key is not known before it is there, is HERE. */
  const HOW = ["weights", "rebalanced"], HERE = "here";
  const chooses = (key) => key === HERE || KEY.test(key);
  const chosen = (search) => (new URLSearchParams(search || "").get("compare") || "").split(",").filter(chooses);

  here.chosenRuns = function (search) {
    const keys = chosen(search), kept = here.comparedKeys || [], asked = new URLSearchParams(search || "");
    if (keys.length) {
      here.combining = HOW.map((name) => asked.get(name));
      return [keys, "compare"];
    }
    return [kept.length ? kept : no(), no()];  // opening another run keeps what was chosen
  };

  /* While nothing is chosen the list shows the run on the page, which is no choice yet; one that was chosen before it
     was there is listed once it is. */
  here.chooseRuns = function (listed, now, id, result) {
    if ((now || []).includes(HERE) && !(result && (listed || []).includes(result.key))) return;
    if (!(now || []).length && listed && listed.length === 1 && result && listed[0] === result.key) return;
    if (JSON.stringify(listed || []) !== JSON.stringify(now || [])) window.dash_clientside.set_props(id, { data: listed || [] });
  };

  here.withCompared = function (link) {
    const url = new URL(link, location.origin), keys = here.comparedKeys || [];
    for (const name of ["compare", ...HOW]) url.searchParams.delete(name);
    const text = url.pathname + url.search;
    if (!keys.length || url.pathname !== "/backtest") return text;
    const how = (here.combining || []).map((value, place) => (value ? "&" + HOW[place] + "=" + encodeURIComponent(value) : ""));
    return text + (url.search ? "&" : "?") + "compare=" + keys.join(",") + how.join("");
  };

  /* The two choices as the link has them, once they are there; then the link as they are. */
  here.combineAsAsked = (seen, weights, rebalanced) =>
    [weights, rebalanced].map((offered, place) => {
      const asked = (here.combining || [])[place];
      return offered.some((option) => option.value === asked) ? asked : no();
    });

  here.combiningInLink = function (weights, rebalanced, offers, others, href) {
    here.combining = [[weights, offers], [rebalanced, others]].map(([value, list]) => (value === list[0].value ? "" : value));
    return putInLink(href);
  };

  function putInLink(href) {
    const link = here.withCompared(href);
    if (location.pathname === "/backtest") {
      history.replaceState(history.state, "", here.withCompared(location.pathname + location.search));
      sessionStorage.setItem("stratoscope-last/backtest", link);
    }
    return link;
  }

  here.comparedInLink = function (keys, href) {
    here.comparedKeys = (keys || []).filter(chooses);
    const link = putInLink(href);
    return [here.comparedKeys.length ? { compare: "Compare (" + here.comparedKeys.length + ")" } : {}, link];
  };
})();
