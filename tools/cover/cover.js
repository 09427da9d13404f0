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
  addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href*="#story-"]');
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    show(link.getAttribute("href").split("#")[1]);
  }, true);
})();
