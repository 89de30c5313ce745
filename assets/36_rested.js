/* What was typed into a list's search, once the keys have rested (dashboard/components/rested.py). */
(function () {
  "use strict";
  const REST = 350;  // milliseconds
  const timers = new Map();

  window.dash_clientside.stratoscope.rested = function (text, id, field) {
    const key = JSON.stringify(id);
    clearTimeout(timers.get(key));
    timers.set(key, setTimeout(() => {
      const list = document.getElementById(window.dash_component_api.stringifyId(field));  // its page may be left by then
      if (list) window.dash_clientside.set_props(id, { data: text || "" });
    }, REST));
  };
})();
