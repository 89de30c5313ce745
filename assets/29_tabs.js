/* The line of tabs (dashboard/components/tabs.py): one component; arrow keys, Home and End move along it. */
(function () {
  "use strict";
  const components = (window.stratoscope = window.stratoscope || {});
  const make = (...parts) => window.React.createElement(...parts);

  function target(key, at, count) {
    if (key === "Home") return 0;
    if (key === "End") return count - 1;
    return { ArrowLeft: (at + count - 1) % count, ArrowRight: (at + 1) % count }[key];
  }

  components.TabLine = function (props) {
    const open = (value) => props.setProps({ active_tab: value });
    const move = (event) => {
      const to = target(event.key, props.tabs.findIndex((tab) => tab.value === props.active_tab), props.tabs.length);
      if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.currentTarget.children[to].focus();
      open(props.tabs[to].value);
    };
    const tabs = props.tabs.map((tab) => {
      const isOpen = tab.value === props.active_tab;
      const named = { key: tab.value, id: tab.id, type: "button", role: "tab", className: isOpen ? "tab-button on" : "tab-button" };
      const state = { "aria-selected": isOpen, "aria-controls": tab.controls, tabIndex: isOpen ? 0 : -1 };
      return make("button", { ...named, ...state, onClick: () => open(tab.value) }, (props.labels || {})[tab.value] || tab.label);
    });
    return make("div", { id: props.id, role: "tablist", "aria-label": props.label, className: "tabs", onKeyDown: move }, ...tabs);
  };
})();
