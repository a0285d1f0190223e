// axe over a page, with every rule that is on by itself, best practices included.
import { axe } from './lib.mjs';

/** Throws with what axe found. Evaluated over the debugging protocol, so the page's content policy stays as it is. */
export async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const words = violations.map((v) => `${v.id} (${v.help}): ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(', ')}`);
  if (words.length > 0) throw new Error(words.join(' | '));
}
