// axe over a page, with every rule that is on by itself, best practices included.
import { axe } from './lib.mjs';

/** Rules whose answer depends on where things lie; the others say the same at every width. */
const OF_LAYOUT = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size'];

/** Throws with what axe found. Evaluated over the debugging protocol, so the page's content policy stays as it is. */
export async function accessible(page, { layoutOnly }) {
  if (!(await page.evaluate(() => Boolean(globalThis.axe)))) await page.evaluate(axe);
  const options = { resultTypes: ['violations'], elementRef: false, ...(layoutOnly ? { runOnly: OF_LAYOUT } : {}) };
  const { violations } = await page.evaluate((o) => globalThis.axe.run(document, o), options);
  const words = violations.map((v) => `${v.id} (${v.help}): ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(', ')}`);
  if (words.length > 0) throw new Error(words.join(' | '));
}
