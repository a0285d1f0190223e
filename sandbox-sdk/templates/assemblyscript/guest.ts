// A guest in AssemblyScript: classes of HbA1c for people whose disease code begins with E11. Change it into yours, with guest.toml.
//
//   npm ci && npm run build
//   visiting guest trim target/guest.wasm guest.wasm && visiting guest check guest.wasm --manifest guest.toml
//
// What the options are for: `--runtime stub` links no collector; `--use abort=` makes an abort a trap instead of an import;
// bulk memory is not taken. Arithmetic, branches, functions and a StaticArray of numbers pass intake; `new`, strings and Array ask for
// memory while running, and that is refused.

// Text arrives as two words that read like the text in hexadecimal: these are the bytes of E11, and a mask of three bytes.
const E11: u64 = 0x4531310000000000;
const THREE: u64 = 0xffffff0000000000;

// `decimal` is one f64, `text` two i64; the result is the label's value.
export function f(hba1c: f64, code: i64, codeRest: i64): i32 {
  if ((<u64>code & THREE) != E11) return 0;
  if (hba1c < 7.0) return 1;
  return hba1c < 8.0 ? 2 : 3;
}
