// Signs a ballot or an order with the signer's own key. The key is read here, used here and forgotten here: it is never sent.
//
// The text comes from the server, so nothing is signed before every line was compared with what is meant: the decision on this
// page, and the digest of the application's content, computed here from what the server shows of it (as the CLI does).

// An Ed25519 seed in PKCS#8 (RFC 8410) is these bytes and then the seed.
const PKCS8 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const SEED_BYTES = 32;

const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");
const digest = async (text) => `sha256:${hex(await crypto.subtle.digest("SHA-256", utf8(text)))}`;

async function signer(file) {
  const text = (await file.text()).trim();
  if (!new RegExp(`^[0-9a-f]{${SEED_BYTES * 2}}$`, "i").test(text)) throw new Error("key");
  const seed = text.match(/../g).map((pair) => parseInt(pair, 16));
  return crypto.subtle.importKey("pkcs8", new Uint8Array([...PKCS8, ...seed]), { name: "Ed25519" }, false, ["sign"]);
}

// The digest that ballots name: the content's JSON in the order of the record's form.
async function contentOf(application) {
  const answer = await fetch(`/v1/applications/${application}`, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error("fetch");
  const a = await answer.json();
  const scope = { columns: a.columns, period: { from: a.period.from, to: a.period.to }, form: "pseudonymised" };
  const content = { team: a.team, organisations: a.organisations, purpose: await digest(a.purpose), scope, until_ms: a.until_ms };
  return digest(JSON.stringify(content));
}

// Throws unless the text says what this page means, line by line.
async function check(form, text) {
  const meant = form.dataset.meant.split("\n");
  if (form.dataset.application) {
    const content = await contentOf(form.dataset.application);
    // What this page showed to the member, what the server tells now, and what the ballot names are one and the same.
    if (content !== form.dataset.content) throw new Error("content");
    meant.splice(2, 0, `content: ${content}`);
  }
  if (`${meant.join("\n")}\n` !== text) throw new Error("content");
}

async function sign(form) {
  const file = form.querySelector("input[type=file]").files[0];
  if (!file) throw new Error("file");
  const shown = document.getElementById(form.dataset.text);
  let text = shown.textContent;
  const reason = form.querySelector("[name=reason]");
  if (reason) {
    if (!reason.value.trim()) throw new Error("reason");
    text = text.replace(/^reason: .*$/m, () => `reason: ${reason.value.trim()}`);
    shown.textContent = text;
    form.dataset.meant = form.dataset.frame.replace("{reason}", () => reason.value.trim());
  }
  const opinion = form.querySelector("[name=opinion]:checked");
  if (opinion) {
    const chosen = (lines) => lines.replace(/^opinion: .*$/m, () => `opinion: ${opinion.value}`);
    text = chosen(text);
    shown.textContent = text;
    form.dataset.meant = chosen(form.dataset.meant);
  }
  // What nothing can take back is ordered by typing its id once more.
  const confirmation = form.querySelector("[data-confirm]");
  if (confirmation && confirmation.value.trim() !== confirmation.dataset.confirm) throw new Error("confirm");
  await check(form, text);
  const key = await signer(file);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key, utf8(text)));
  form.querySelector("[name=signature]").value = btoa(String.fromCharCode(...signature));
}

for (const form of document.querySelectorAll("form[data-sign]")) {
  form.hidden = false;
  const status = form.querySelector("[role=status]");
  form.addEventListener("submit", async (event) => {
    if (form.querySelector("[name=signature]").value) return;
    event.preventDefault();
    status.className = "";
    status.textContent = form.dataset.working;
    try {
      await sign(form);
      form.submit();
    } catch (fault) {
      status.className = "fault";
      // A browser without Ed25519 says so in its own words; the page offers the command line.
      status.textContent = form.dataset[`fault${fault.message[0].toUpperCase()}${fault.message.slice(1)}`] ?? form.dataset.faultOther;
    }
  });
}
