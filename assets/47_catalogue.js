/* The catalogue of series: cells of its tables, what is selected, and files of it. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const make = (...parts) => window.React.createElement(...parts);
  const no = () => window.dash_clientside.no_update;
  const TONES = ["", "ok", "", "warn", "bad"];

  /* A button in a cell that brings a tab into sight with the series of the row. */
  function leads(props, tab, look, title, ...parts) {
    const press = () => props.setData({ id: props.data.id, tab: tab, at: Date.now() });
    return make("button", { type: "button", className: look, title: title, onClick: press }, ...parts);
  }

  cells.StratoscopeSeries = (props) => leads(props, "chart", "cell-link", "Open in the chart", props.value);

  cells.StratoscopeFindings = (props) => leads(props, "quality", "cell-link", "Open its findings", props.value);

  cells.StratoscopeQuality = function (props) {
    const dot = make("span", { key: "dot", className: "dot " + TONES[props.data.rank] });
    return leads(props, "quality", "cell-quality", "Open its findings", props.data.rank ? dot : null, props.value);
  };

  cells.StratoscopeUses = function (props) {
    if (!props.value) return "0";
    const href = "/backtest?find=" + encodeURIComponent(props.data.symbol);
    return make("a", { href: href, onClick: here.followLink, className: "run-link", title: "Find its backtests" }, props.valueFormatted);
  };

  here.quickFilter = (text, options) => ({ ...options, quickFilterText: text || "" });

  /* The ids of the selected rows, in words, and which buttons have nothing to do. */
  here.catalogueChosen = function (rows) {
    const chosen = rows || [], none = !chosen.length, some = chosen.every((row) => row.stored);
    const words = none ? "" : chosen.length.toLocaleString("en-US") + " selected";
    return [chosen.map((row) => row.id), words, none, none || !some, none, none || !some, none, none, none || !some];
  };

  here.trashChosen = (rows) => [(rows || []).map((row) => row.id), !(rows || []).length];

  /* The rename bar: it shows the names as they are, of one series both, of several the collection that they share. */
  here.askName = function (clicks, cancelled, chosen) {
    const asked = window.dash_clientside.callback_context.triggered.some((item) => item.prop_id.startsWith("data-catalogue-rename."));
    if (!asked || !chosen || !chosen.length) return [true, no(), no(), no()];
    const parts = chosen.map((id) => id.split("\n"));
    const shared = parts.every((part) => part[0] === parts[0][0]) ? parts[0][0] : "";
    window.setTimeout(() => document.getElementById(parts.length > 1 ? "data-rename-collection" : "data-rename-symbol").focus(), 50);
    return [false, parts.length > 1 ? "" : parts[0][1], shared, parts.length > 1];
  };

  /* What cannot be taken back is asked for twice. */
  here.askToEmpty = function (clicks, cancelled, rows) {
    const asked = window.dash_clientside.callback_context.triggered.some((item) => item.prop_id === "data-trash-empty.n_clicks");
    if (!asked || !rows || !rows.length) return [true, no()];
    window.setTimeout(() => document.getElementById("data-trash-empty-cancel").focus(), 50);
    return [false, `${rows.length === 1 ? "This series" : `These ${rows.length} series`} cannot be brought back then.`];
  };

  /* One series is a file, several are an archive of files, which the server writes as they are read. */
  here.saveSeries = function (csv, parquet, chosen) {
    const pressed = window.dash_clientside.callback_context.triggered[0];
    if (!pressed || !chosen || !chosen.length) return;
    const query = new URLSearchParams({ format: pressed.prop_id.includes("parquet") ? "parquet" : "csv" });
    for (const id of chosen) query.append("series", id);
    const save = () => Object.assign(document.createElement("a"), { href: "/series?" + query, download: "" }).click();
    const say = (text) => window.dash_clientside.set_props("toast", { data: { text: text, tone: "warn" } });
    fetch("/series?check=1&" + query).then((answer) => (answer.ok ? save() : answer.text().then(say)), () => say("The server does not answer."));
  };
})();
