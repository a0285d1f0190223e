// Fills the two text fields of the upload from files, so that nobody needs to paste base64.

for (const field of document.querySelectorAll("textarea[data-file]")) {
  const label = document.querySelector(`label[for=${field.id}]`);
  const input = document.createElement("input");
  input.type = "file";
  input.accept = field.dataset.file;
  input.setAttribute("aria-label", label.textContent);
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    if (field.dataset.as === "text") field.value = await file.text();
    else {
      const bytes = new Uint8Array(await file.arrayBuffer());
      let binary = "";
      for (const byte of bytes) binary += String.fromCharCode(byte);
      field.value = btoa(binary);
    }
  });
  field.before(input);
}
