/* The features page: its matrix as a file. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;

  here.saveMatrix = function (clicks, run) {
    if (!clicks || !run) return;
    const query = new URLSearchParams({ spec: run.query }), say = (text) => here.say(text, "warn");
    const save = () => Object.assign(document.createElement("a"), { href: "/matrix?" + query, download: "" }).click();
    fetch("/matrix?check=1&" + query).then((answer) => (answer.ok ? save() : answer.text().then(say)), () => say("The server does not answer."));
  };
})();
