// Small comforts for every page. Everything works without them.

// An error summary is read first, also where `autofocus` was overtaken.
document.querySelector("[role=alert][tabindex]")?.focus();

// "All columns" above a list of checkboxes follows the list and leads it.
for (const set of document.querySelectorAll("fieldset[data-all]")) {
  const all = set.querySelector(".all input");
  const boxes = [...set.querySelectorAll(".checks input")];
  const show = () => {
    const on = boxes.filter((box) => box.checked).length;
    all.checked = on === boxes.length;
    all.indeterminate = on > 0 && on < boxes.length;
  };
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; });
  for (const box of boxes) box.addEventListener("change", show);
  show();
}
