/* What is wrong with a file that a button does not take (dashboard/components/file_button.py). */
(function () {
  "use strict";
  const here = window.dash_clientside.stratoscope;

  function problem(file, box) {
    const most = Number(box.dataset.most), endings = box.dataset.endings.split(",");
    if (!endings.some((ending) => file.name.toLowerCase().endsWith(ending)))
      return file.name + " is not taken: choose a file that ends in " + endings.join(" or ") + ".";
    if (file.size <= most) return "";
    return file.name + " is too large: a file has at most " + most.toLocaleString("en") + " bytes.";
  }

  function look(event) {
    const box = event.target.closest && event.target.closest(".file-button");
    const files = box && [...((event.dataTransfer || event.target).files || [])];
    const said = files && files.length ? problem(files[0], box) : "";
    if (said) here.say(said, "warn");
  }

  document.addEventListener("change", look, true);
  document.addEventListener("drop", look, true);
})();
