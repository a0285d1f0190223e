// Somebody at the portal: a page of their own, entered by the demo's role switcher, in a language.
import { context } from './lib.mjs';

/** Tries until a condition holds; `again` asks the page anew. Bounded by the number of tries, each a whole request. */
export async function until(holds, again, tries = 400) {
  for (let n = 0; n < tries; n += 1) {
    if (await holds()) return;
    await again();
  }
  throw new Error(`a condition did not come to hold: ${holds}`);
}
