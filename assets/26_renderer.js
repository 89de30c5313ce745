/* What Dash's renderer would do for nothing, left out. It tells every component of every change of its state, some
   hundred to a click, though most concern its own queue of callbacks alone. */
(function () {
  "use strict";
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const here = (clientside.stratoscope = clientside.stratoscope || {});

  /* ``values`` for the outputs of a callback. Where all stay as they are Dash hears so: else it draws each anew. */
  here.changed = function (values) {
    if ([values].flat(2).every((value) => value === clientside.no_update)) throw clientside.PreventUpdate;
    return values;
  };

  const later = new MessageChannel(), waiting = new Set();
  later.port1.onmessage = () => {
    const told = [...waiting];
    waiting.clear();
    told.forEach((listener) => listener());
  };

  /* Components hear of their own values at once, of anything else, such as what is loading, together and a moment later,
     and of nothing where nothing has changed. */
  function whereItMatters(store, listener) {
    let before = store.getState();
    return () => {
      const now = store.getState(), last = before;
      before = now;
      if (now.layout !== last.layout || now.layoutHashes !== last.layoutHashes) return listener();
      if (now === last) return;
      if (!waiting.size) later.port2.postMessage(null);
      waiting.add(listener);
    };
  }

  /* Dash lists its store as it is made, after its own observers have subscribed and before the components do. */
  const stores = (window.dash_stores = window.dash_stores || []);
  stores.push = function (...made) {
    for (const store of made) {
      const subscribe = store.subscribe;
      store.subscribe = (listener) => subscribe(whereItMatters(store, listener));
    }
    return Array.prototype.push.apply(stores, made);
  };
})();
