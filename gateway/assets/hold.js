// Opens what the enclave sealed to this checker, and signs the finding. Keys are read here, used here and forgotten here.
//
// The seal is HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. Names below are the RFC's.

const SECRET_BYTES = 32;
// A key in PKCS#8 (RFC 8410) is these bytes and then the secret ones.
const pkcs8 = (oid) => [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, oid, 0x04, 0x22, 0x04, 0x20];
const X25519 = { name: "X25519", oid: 0x6e, uses: ["deriveBits"] };
const ED25519 = { name: "Ed25519", oid: 0x70, uses: ["sign"] };

const FORM = "visiting sealed hold v1";
const EVIDENCE = "visiting evidence v1";
const KEM = 0x20;
const KDF = 0x01;
const AEAD = 0x01;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;

const utf8 = (text) => new TextEncoder().encode(text);
const joined = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
const two = (n) => [n >> 8, n & 0xff];
const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");
const unbase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const digest = async (text) => `sha256:${hex(await crypto.subtle.digest("SHA-256", utf8(text)))}`;

async function secret(file, kind) {
  if (!file) throw new Error("file");
  const text = (await file.text()).trim();
  if (!new RegExp(`^[0-9a-f]{${SECRET_BYTES * 2}}$`, "i").test(text)) throw new Error("key");
  const bytes = text.match(/../g).map((pair) => parseInt(pair, 16));
  return crypto.subtle.importKey("pkcs8", new Uint8Array([...pkcs8(kind.oid), ...bytes]), { name: kind.name }, false, kind.uses);
}

async function hmac(key, data) {
  const hash = { name: "HMAC", hash: "SHA-256" };
  // An empty salt is as many zeros as the hash is long.
  const used = key.length ? key : new Uint8Array(32);
  return new Uint8Array(await crypto.subtle.sign("HMAC", await crypto.subtle.importKey("raw", used, hash, false, ["sign"]), data));
}

const NOTHING = new Uint8Array(0);
const KEM_SUITE = joined(utf8("KEM"), two(KEM));
const SUITE = joined(utf8("HPKE"), two(KEM), two(KDF), two(AEAD));

const extract = (suite, salt, label, ikm) => hmac(salt, joined(utf8("HPKE-v1"), suite, utf8(label), ikm));
// Nothing longer than one block of the hash is asked for.
const expand = async (suite, prk, label, info, length) =>
  (await hmac(prk, joined(two(length), utf8("HPKE-v1"), suite, utf8(label), info, [1]))).slice(0, length);

async function decap(enc, own, ownPublic) {
  const theirs = await crypto.subtle.importKey("raw", enc, { name: "X25519" }, false, []);
  const dh = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: theirs }, own, 256));
  const prk = await extract(KEM_SUITE, NOTHING, "eae_prk", dh);
  return expand(KEM_SUITE, prk, "shared_secret", joined(enc, ownPublic), 32);
}

async function opened(own, ownPublic, enc, info, aad, text) {
  const shared = await decap(enc, own, ownPublic);
  const psk = await extract(SUITE, NOTHING, "psk_id_hash", NOTHING);
  const context = joined([0], psk, await extract(SUITE, NOTHING, "info_hash", info));
  const prk = await extract(SUITE, shared, "secret", NOTHING);
  const key = await expand(SUITE, prk, "key", context, KEY_BYTES);
  const iv = await expand(SUITE, prk, "base_nonce", context, NONCE_BYTES);
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: aad }, aes, text));
}

async function evidence(form, file) {
  const { run, sealed, person } = form.dataset;
  const key = await secret(file, X25519);
  const answer = await fetch(`/v1/holds/${run}`, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error("fetch");
  const hold = await answer.json();
  // What the finding names, what this page names and what is opened are one and the same.
  if (hold.sealed !== sealed || (await digest(hold.document)) !== sealed) throw new Error("content");
  const all = JSON.parse(hold.document);
  const mine = all.seals.find((seal) => seal.to === person);
  if (all.form !== FORM || all.run !== run || !mine) throw new Error("content");
  const aad = utf8(`${run}\n${person}\n`);
  const plain = await opened(key, unbase64(form.dataset.public), unbase64(mine.enc), utf8(FORM), aad, unbase64(mine.text));
  const read = JSON.parse(new TextDecoder().decode(plain));
  if (read.form !== EVIDENCE || read.run !== run) throw new Error("content");
  return read;
}

function show(read) {
  document.querySelector("#evidence-sql").textContent = read.sql;
  document.querySelector("#evidence-exposure").textContent = read.exposure ?? "";
  document.querySelector("#evidence-table").textContent = read.table;
  const row = ({ question, keys, people, near }) => {
    const line = document.createElement("tr");
    for (const text of [String(question), keys.join(", "), people, near]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      line.append(cell);
    }
    return line;
  };
  document.querySelector("#evidence-rows").replaceChildren(...read.rows.map(row));
  document.querySelector("#evidence").hidden = false;
}

// The text that is signed is made here, field by field.
async function sign(form, file) {
  const key = await secret(file, ED25519);
  const { run, sealed, person } = form.dataset;
  const salt = hex(crypto.getRandomValues(new Uint8Array(32)));
  const field = (name) => form.querySelector(`[name=${name}]`);
  const reason = field("reason").value.trim();
  const finding = form.querySelector("[name=finding]:checked").value;
  const text = `visiting check v1\nrun: ${run}\nsealed: ${sealed}\nby: ${person}\nfinding: ${finding}\nreason: ${reason}\nsalt: ${salt}\n`;
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key, utf8(text)));
  field("reason").value = reason;
  field("salt").value = salt;
  field("signature").value = btoa(String.fromCharCode(...signature));
}

function working(form, work, done) {
  form.hidden = false;
  const status = form.querySelector("[role=status]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    status.className = "";
    status.textContent = form.dataset.working;
    try {
      const result = await work(form, form.querySelector("input[type=file]").files[0]);
      status.textContent = form.dataset.opened ?? "";
      done(result, form);
    } catch (fault) {
      status.className = "fault";
      const name = `fault${(fault.message[0] ?? "o").toUpperCase()}${fault.message.slice(1)}`;
      status.textContent = form.dataset[name] ?? form.dataset.faultOther;
    }
  });
}

const open = document.querySelector("form#open");
if (open) working(open, evidence, show);
const check = document.querySelector("form#check");
if (check) working(check, sign, (_, form) => form.submit());
