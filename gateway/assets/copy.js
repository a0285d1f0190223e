// A copy button beside every text that is meant to be copied. Without this script the text can be marked as usual.

const words = document.documentElement.lang === "ja" ? ["コピー", "コピーしました"] : ["Copy", "Copied"];

const furnish = () => {
  for (const text of document.querySelectorAll("[data-copy]:not([data-copy=done])")) {
    text.dataset.copy = "done";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = words[0];
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent.trim());
      said.textContent = ` ${words[1]}`;
    });
    text.after(button, said);
  }
};

document.addEventListener("visiting:renewed", furnish);
furnish();
