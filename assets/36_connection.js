/* A server that does not answer: the page says so, asks until it does, and says whether it has been restarted since. */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope, ask = window.fetch.bind(window);
  const EVERY = 1500;  // milliseconds between two questions
  let started = null, isAway = false, isLeaving = false;

  const question = () => ask("/alive", { cache: "no-store" }).then((answer) => answer.json()).then((said) => said.started);

  function banner(isShown) {
    const old = document.getElementById("connection");
    if (old) old.remove();
    if (!isShown) return;
    const line = document.createElement("div");
    line.id = "connection";
    line.setAttribute("role", "alert");
    line.textContent = "The server does not answer: what you see stays, and the page reconnects by itself.";
    document.body.append(line);
  }

  function back(now) {
    const isOther = started && now !== started;
    started = now;
    if (!isAway) return;
    isAway = false;
    banner(false);
    here.say(isOther ? "Connected again: the server was restarted. Finished results are kept." : "Connected again.", "ok");
  }

  const lookAgain = () => question().then(back, () => setTimeout(lookAgain, EVERY));

  /* One failed request may be the page's own doing; a question that fails as well is not. */
  function doubt() {
    if (isAway || isLeaving) return;
    question().then(back, () => {
      if (isAway || isLeaving) return;
      isAway = true;
      banner(true);
      setTimeout(lookAgain, EVERY);
    });
  }

  window.fetch = (...given) => ask(...given).catch((error) => {
    if (error.name !== "AbortError") doubt();
    throw error;
  });
  window.addEventListener("beforeunload", () => (isLeaving = true));
  window.addEventListener("pageshow", () => (isLeaving = false));
  question().then(back, () => null);
})();
