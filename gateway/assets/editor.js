// Completion for the SQL editor, from the permit's own schema. The field stays an ordinary textarea: Tab leaves it, and without
// this script it works as it is. Suggestions are a listbox that the field points at (aria-activedescendant).

const field = document.getElementById("sql");
const list = document.getElementById("sql-choices");
const said = document.getElementById("sql-said");

if (field && list && said) {
  const { tables, keywords, guests } = JSON.parse(document.getElementById("sql-words").textContent);
  const SHOWN_MAX = 8;
  let choices = [];
  let chosen = -1;

  // The word before the caret, the alias it may belong to, and what stands before both.
  const context = () => {
    const before = field.value.slice(0, field.selectionStart);
    const quoted = /([a-z_][\w]*)\s*(?:=|<>|IN\s*\((?:\s*'[^']*'\s*,)*)\s*'([^']*)$/i.exec(before);
    if (quoted) return { column: quoted[1], word: quoted[2] };
    const [, alias, word] = /(?:([a-z_]\w*)\.)?([a-z_][\w]*)?$/i.exec(before);
    const head = before.slice(0, before.length - (alias ? alias.length + 1 : 0) - (word ?? "").length);
    return { alias, word: word ?? "", table: /\b(?:FROM|JOIN)\s+$/i.test(head) };
  };

  // Tables of the query by alias, as far as it is written.
  const aliases = () => {
    const found = new Map();
    for (const [, name, alias] of field.value.matchAll(/\b(?:FROM|JOIN)\s+([\w.]+)(?:\s+(?:AS\s+)?(?!ON\b|USING\b|JOIN\b|WHERE\b|GROUP\b)([a-z_]\w*))?/gi)) {
      const table = tables.find((t) => t.name === name.toLowerCase() || t.name.endsWith(`.${name.toLowerCase()}`));
      if (table) found.set((alias ?? name.split(".").pop()).toLowerCase(), table);
    }
    return found;
  };

  // Code lists are about nobody and have no person key.
  const columns = (table) => [...(table.person ? [{ text: table.person, note: "" }] : []), ...table.columns.map((c) => ({ text: c.name, note: c.title }))];

  const offered = ({ column, alias, word, table }) => {
    if (column) {
      const values = tables.flatMap((t) => t.columns).filter((c) => c.name === column.toLowerCase()).flatMap((c) => c.values);
      return [...new Set(values)].map((text) => ({ text, note: "" }));
    }
    if (table && alias) return tables.filter((t) => t.name.startsWith(`${alias}.`)).map((t) => ({ text: t.name.split(".")[1], note: t.title }));
    if (table) return tables.map((t) => ({ text: t.name, note: t.title }));
    if (alias === "guest") return guests.map((text) => ({ text: `${text}(`, note: "" }));
    if (alias) {
      const known = aliases().get(alias.toLowerCase());
      return known ? columns(known) : [];
    }
    if (!word) return [];
    const named = aliases();
    const own = [...(named.size ? new Set(named.values()) : tables)].flatMap(columns);
    const names = [...named.keys()].map((text) => ({ text: `${text}.`, note: named.get(text).title }));
    return [...names, ...own, ...guests.map((g) => ({ text: `guest.${g}(`, note: "" })), ...keywords.map((text) => ({ text, note: "" }))];
  };

  const close = () => {
    list.hidden = true;
    choices = [];
    chosen = -1;
    field.removeAttribute("aria-activedescendant");
  };

  const choose = (index) => {
    chosen = index;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    if (index < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `sql-choice-${index}`);
    list.children[index]?.scrollIntoView({ block: "nearest" });
  };

  const insert = (text) => {
    const { word } = context();
    field.setRangeText(text, field.selectionStart - word.length, field.selectionStart, "end");
    close();
    field.focus();
  };

  const show = (asked) => {
    const at = context();
    const start = at.word.toLowerCase();
    const seen = new Set();
    const fits = (c) => c.text.toLowerCase().startsWith(start) && c.text.toLowerCase() !== start && !seen.has(c.text) && seen.add(c.text);
    choices = field.selectionStart === field.selectionEnd && (asked || start || at.alias || at.table || at.column) ? offered(at).filter(fits).slice(0, SHOWN_MAX) : [];
    if (choices.length === 0) return close();
    list.replaceChildren(
      ...choices.map(({ text, note }, index) => {
        const option = document.createElement("li");
        option.id = `sql-choice-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        const code = document.createElement("code");
        code.textContent = text.trim();
        option.append(code, note ? ` ${note}` : "");
        // The press must not take the focus from the field.
        option.addEventListener("mousedown", (event) => event.preventDefault());
        option.addEventListener("click", () => insert(text));
        return option;
      }),
    );
    list.hidden = false;
    choose(-1);
    said.textContent = `${choices.length} ${said.dataset.found}`;
  };

  const keys = {
    ArrowDown: () => choose((chosen + 1) % choices.length),
    ArrowUp: () => choose((chosen + choices.length) % (choices.length + 1) - 1),
    Escape: close,
    Enter: () => insert(choices[chosen].text),
  };

  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", "sql-choices");
  field.addEventListener("input", () => show(false));
  field.addEventListener("blur", close);
  field.addEventListener("click", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return field.form.requestSubmit();
    }
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      return show(true);
    }
    const open = !list.hidden && !event.isComposing;
    // Enter is a new line unless a suggestion is chosen; ArrowUp moves the caret until then.
    const ours = open && event.key in keys && !(chosen < 0 && (event.key === "Enter" || event.key === "ArrowUp"));
    if (ours) {
      event.preventDefault();
      keys[event.key]();
    } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) close();
  });

  // Names of the schema go into the query at the caret.
  for (const name of document.querySelectorAll("[data-insert]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "insert";
    button.textContent = name.textContent;
    button.addEventListener("click", () => {
      field.setRangeText(name.dataset.insert, field.selectionStart, field.selectionEnd, "end");
      field.focus();
    });
    name.replaceChildren(button);
  }
}
