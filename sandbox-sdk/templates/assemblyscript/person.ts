// A guest of the person form in AssemblyScript: medication possession ratio. Months in which a drug of class 396 (diabetes) was dispensed,
// divided by the months from the first of them to the last, both counted. Who was never given one has no row.
//
//   npm ci && npm run build:person
//   visiting guest trim target/person.wasm person.wasm && visiting guest check person.wasm --manifest person.toml
//
// The rows of a person come in ascending order of their month, so the last month seen is the greatest. Variables outside functions are
// fine, and a StaticArray of numbers of a fixed size: the host puts all of them back before each person.

// First and last month `yyyymm`; 0 is none.
let first: i64 = 0;
let last: i64 = 0;
// Months with a dispensing.
let months: i32 = 0;

// The class, three digits, as the code's first bytes.
const CLASS: u64 = 0x333936;

// Months since the year 0.
function count(ym: i64): i64 {
  return (ym / 100) * 12 + (ym % 100);
}

// One row of the person: bit 0 of `present` says that there is a month, bit 1 that there is a code.
export function row(present: i32, ym: i64, code: i64, codeRest: i64): void {
  if ((present & 3) != 3 || <u64>code >> 40 != CLASS || ym == last) return;
  if (first == 0) first = ym;
  last = ym;
  months++;
}

// After the last row: one row about this person, or none.
export function finish(): i32 {
  return months > 0 ? 1 : 0;
}

// The columns in the manifest's order.
export function get(row: i32, column: i32): f64 {
  if (column == 0) return <f64>months / <f64>(count(last) - count(first) + 1);
  if (column == 1) return <f64>months;
  return <f64>(column == 2 ? first : last);
}
