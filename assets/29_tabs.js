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

  /* On a narrow screen the line scrolls: the open tab is brought into sight, by the line and not by the page. */
  function reveal(line) {
    const tab = line && line.querySelector(".on");
    if (!tab) return;
    const [place, room] = [tab.getBoundingClientRect(), line.getBoundingClientRect()];
    line.scrollLeft += Math.min(0, place.left - room.left - 48) + Math.max(0, place.right - room.right + 48);
  }

  /* At which ends there is more of a line that scrolls: the stylesheet fades it out there. */
  function hint(line) {
    const after = line.scrollWidth - line.clientWidth - line.scrollLeft;
    line.dataset.more = [line.scrollLeft > 1 ? "left" : "", after > 1 ? "right" : ""].join(" ").trim();
  }

  /* The open tab is kept in the entry of the browser's history: a reload finds it, and so does Back from another page. */
  const KEPT = "stratoscopeTabs";
  const kept = () => (history.state && history.state[KEPT]) || {};
  function keep(group, value) {
    if (kept()[group] !== value)
      history.replaceState({ ...history.state, [KEPT]: { ...kept(), [group]: value } }, "", location.href);
  }

  components.TabLine = function (props) {
    const line = window.React.useRef(null), isNew = window.React.useRef(true);
    window.React.useEffect(() => {
      const before = isNew.current ? kept()[props.id] : undefined;
      const isThere = before !== props.active_tab && props.tabs.some((tab) => tab.value === before);
      if (isThere) setTimeout(() => props.setProps({ active_tab: before }));  // once the whole page is there
      else if (!isNew.current) keep(props.id, props.active_tab);
      isNew.current = false;
    }, [props.active_tab]);
    window.React.useEffect(() => reveal(line.current), [props.active_tab]);
    window.React.useEffect(() => {
      const watch = new ResizeObserver(() => { reveal(line.current); hint(line.current); });
      watch.observe(line.current);
      return () => watch.disconnect();
    }, []);
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
      const named = { key: tab.value, id: tab.id, type: "button", role: "tab", className: "tab-button" + (isOpen ? " on" : "") + (tab.apart ? " apart" : "") };
      const state = { "aria-selected": isOpen, "aria-controls": tab.controls, tabIndex: isOpen ? 0 : -1 };
      return make("button", { ...named, ...state, onClick: () => open(tab.value) }, (props.labels || {})[tab.value] || tab.label);
    });
    return make("div", { ref: line, id: props.id, role: "tablist", "aria-label": props.label, className: "tabs", onKeyDown: move, onScroll: (event) => hint(event.currentTarget) }, ...tabs);
  };
})();
