/* The features page: its matrix as a file, and the verdicts beside the cards of its form. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;

  const OWN = ".plugin, .f", NAMES = ["verdict", "tone"];

  function unsay(card) {
    for (const name of NAMES) delete card.dataset[name];
    card.removeAttribute("title");
  }

  /* Attributes of elements that React leaves alone: a component for each would be asked after every change. */
  here.cardVerdicts = function (found) {
    document.querySelectorAll("[data-verdict]").forEach(unsay);
    for (const [path, verdict] of Object.entries(found || {})) {
      const problem = document.getElementById(here.domId({ role: "problem", page: "features", path: path }));
      const card = problem && problem.closest(OWN);
      if (card) Object.assign(card, { title: verdict.title }) && Object.assign(card.dataset, { verdict: verdict.text, tone: verdict.tone });
    }
  };

  /* What is typed into has no verdict yet. */
  document.addEventListener("input", (event) => {
    const card = event.target.closest && event.target.closest("[data-verdict]");
    if (card) unsay(card);
  });

  here.saveMatrix = function (clicks, run) {
    if (!clicks || !run) return;
    const query = new URLSearchParams({ spec: run.query }), say = (text) => here.say(text, "warn");
    const save = () => Object.assign(document.createElement("a"), { href: "/matrix?" + query, download: "" }).click();
    fetch("/matrix?check=1&" + query).then((answer) => (answer.ok ? save() : answer.text().then(say)), () => say("The server does not answer."));
  };
})();
