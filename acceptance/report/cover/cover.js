// The cover lies over Allure's page: shown at first and by links to the story, put aside by a button.
(() => {
  const cover = document.getElementById("cover");
  const back = document.getElementById("cover-back");
  const show = (id) => {
    cover.hidden = false;
    back.hidden = true;
    const row = id && document.getElementById(id);
    cover.querySelectorAll(".shown").forEach((each) => each.classList.remove("shown"));
    if (row) {
      row.classList.add("shown");
      row.scrollIntoView({ block: "center" });
    } else {
      cover.scrollTop = 0;
    }
    cover.focus();
  };
  const hide = () => {
    cover.hidden = true;
    back.hidden = false;
  };
  const wanted = location.hash.slice(1);
  if (wanted.startsWith("story-")) {
    history.replaceState(null, "", location.pathname + location.search);
    show(wanted);
  } else if (wanted) {
    hide();
  }
  document.getElementById("cover-on").addEventListener("click", hide);
  back.addEventListener("click", () => show(""));
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  const follow = (event) => {
    const link = event.target.closest && event.target.closest('a[href*="#story-"]');
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    show(link.getAttribute("href").split("#")[1]);
  };
  // Allure 3.18.0 shows a description in a frame of its own, which runs no script.
  document.addEventListener("load", ({ target }) => {
    if (target.title === "Description" && target.contentDocument) {
      target.contentDocument.addEventListener("click", follow, true);
    }
  }, true);
})();
