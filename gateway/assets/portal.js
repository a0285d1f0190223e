// Small comforts for every page. Everything works without them.

// An error summary is read first, also where `autofocus` was overtaken.
document.querySelector("[role=alert][tabindex]")?.focus();

// "All" above a list of checkboxes: a fieldset with data-all="words".
for (const set of document.querySelectorAll("fieldset[data-all]")) {
  const boxes = [...set.querySelectorAll("input[type=checkbox]")];
  if (boxes.length < 2) continue;
  const label = document.createElement("label");
  const all = document.createElement("input");
  all.type = "checkbox";
  label.className = "check all";
  label.append(all, set.dataset.all);
  set.querySelector("legend").after(label);
  const show = () => {
    const on = boxes.filter((box) => box.checked).length;
    all.checked = on === boxes.length;
    all.indeterminate = on > 0 && on < boxes.length;
  };
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; });
  set.addEventListener("change", show);
  show();
}
