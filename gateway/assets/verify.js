// The auditor's own check of the access log: every leaf is hashed here, the tree of RFC 6962 is built here, and the signature of
// the checkpoint is checked here against the key in the field. What was verified last is kept on this machine.

const button = document.getElementById("verify-run");
const out = document.getElementById("verify-result");
const PAGE = 1000;
const ED25519 = 1;
const utf8 = new TextEncoder();

class Unsound extends Error {}

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const base64 = (hash) => btoa(String.fromCharCode(...hash));
const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);
const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));

const joined = (...parts) => {
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const keyHash = async (name, key) => (await sha256(joined(utf8.encode(`${name}\n`), key))).slice(0, 4);

// name+hash+base64(algorithm byte, key), as C2SP signed-note has it.
const parseKey = async (text) => {
  const [, name, hash, blob] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim()) ?? [];
  try {
    const key = bytes(blob);
    const expected = await keyHash(name, key);
    const hex = [...expected].map((b) => b.toString(16).padStart(2, "0")).join("");
    if (key[0] !== ED25519 || key.length !== 33 || hex !== hash) throw new Unsound("key");
    return { name, hash: expected, key: key.slice(1) };
  } catch {
    throw new Unsound("key");
  }
};

const openNote = async (note, { name, hash, key }) => {
  const end = note.lastIndexOf("\n\n");
  if (end < 0) throw new Unsound("signature");
  const text = note.slice(0, end + 1);
  let public_;
  try {
    public_ = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    throw new Unsound("browser");
  }
  for (const line of note.slice(end + 2).split("\n")) {
    const [, signer, blob] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
    if (signer !== name) continue;
    const signature = bytes(blob);
    if (!same(signature.slice(0, 4), hash)) continue;
    if (await crypto.subtle.verify({ name: "Ed25519" }, public_, signature.slice(4), utf8.encode(text))) {
      const [origin, size, root] = text.split("\n");
      if (origin === name && /^\d+$/.test(size)) return { size: Number(size), root };
    }
  }
  throw new Unsound("signature");
};

// Roots of a growing tree: the hashes of its complete subtrees, largest first.
class Tree {
  size = 0;
  stack = [];

  async push(leaf) {
    this.stack.push(leaf);
    this.size += 1;
    for (let n = this.size; n % 2 === 0; n /= 2) {
      const [left, right] = this.stack.splice(-2);
      this.stack.push(await sha256(joined(Uint8Array.of(1), left, right)));
    }
  }

  async root() {
    let root = this.stack.at(-1) ?? (await sha256(new Uint8Array()));
    for (const left of this.stack.slice(0, -1).reverse()) root = await sha256(joined(Uint8Array.of(1), left, root));
    return base64(root);
  }
}

const fetched = async (path) => {
  const answer = await fetch(path);
  if (!answer.ok) throw new Unsound("failed");
  return answer.text();
};

const filled = (words, key, n, m) => words[key].replace("{n}", n).replace("{m}", m);

const verify = async (words, say) => {
  const key = await parseKey(document.getElementById("vkey").value);
  const { size, root } = await openNote(await fetched("/v1/log/checkpoint"), key);
  const place = `visiting.verified.${key.name}`;
  const before = JSON.parse(localStorage.getItem(place) ?? "null");
  if (before && before.size > size) throw new Unsound("shorter");
  const tree = new Tree();
  let earlier = before?.size === 0 ? await tree.root() : undefined;
  while (tree.size < size) {
    const limit = Math.min(PAGE, size - tree.size);
    const lines = (await fetched(`/v1/log/events?from=${tree.size}&limit=${limit}`)).split("\n").slice(0, -1);
    if (lines.length === 0) throw new Unsound("root");
    const leaves = await Promise.all(lines.map((line) => sha256(joined(Uint8Array.of(0), utf8.encode(line)))));
    for (const leaf of leaves) {
      await tree.push(leaf);
      if (tree.size === before?.size) earlier = await tree.root();
    }
    say(filled(words, "reading", tree.size, size));
  }
  if (before && earlier !== before.root) throw new Unsound("rewritten");
  if ((await tree.root()) !== root) throw new Unsound("root");
  localStorage.setItem(place, JSON.stringify({ size, root }));
  const memory = before ? filled(words, "continues", size, before.size) : words.first;
  return `${filled(words, "sound", size, "")} ${memory}`;
};

if (button && out) {
  const words = JSON.parse(button.dataset.words);
  const say = (text, outcome) => {
    out.textContent = text;
    out.dataset.outcome = outcome;
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      say(await verify(words, (text) => say(text, "running")), "sound");
    } catch (error) {
      const key = document.getElementById("vkey").value.split("+")[0].trim();
      const before = JSON.parse(localStorage.getItem(`visiting.verified.${key}`) ?? "null");
      say(filled(words, error instanceof Unsound ? error.message : "failed", "", before?.size ?? ""), "unsound");
    } finally {
      button.disabled = false;
    }
  });
}
