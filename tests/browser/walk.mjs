// A page by the Tab key: everything that can be used is reached, in reading order, seen when it has the focus, and left again.
import { focusIsHidden } from './hands.mjs';

/** More stops than any page has. */
const STOPS = 1500;

/** Numbers every control a person could use, and answers how many. One stop for a group of radio buttons. */
function number() {
  const usable = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], [contenteditable=true]')].filter(
    (e) => e.checkVisibility({ checkVisibilityCSS: true }) && !e.disabled && e.tabIndex >= 0 && !e.closest('[inert]'),
  );
  const groups = new Set();
  const stops = usable.filter((e) => {
    if (e.type !== 'radio') return true;
    const first = !groups.has(e.name);
    groups.add(e.name);
    return first;
  });
  stops.forEach((e, index) => (e.dataset.stop = index));
  return stops.length;
}

/** Which numbered control has the focus; a radio button stands for its group. */
function where() {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const group = e.type === 'radio' ? document.querySelector(`input[type=radio][name="${CSS.escape(e.name)}"][data-stop]`) : e;
  return { stop: group?.dataset.stop === undefined ? null : Number(group.dataset.stop), words: `<${e.tagName.toLowerCase()}> "${(e.innerText || e.getAttribute('aria-label') || e.name || e.id || '').trim().slice(0, 40)}"` };
}

/** Both in one question to the page: most of a walk is waiting for answers. */
const LOOK = `(async () => ({ at: (${where})(), hidden: document.activeElement && document.activeElement !== document.body ? await (${focusIsHidden})() : '' }))()`;

/** `midway`: somebody has used the page, and the focus is where they left it; the walk begins at the first stop all the same. */
export async function walk(page, midway) {
  const count = await page.evaluate(number);
  const reached = [];
  if (midway) {
    await page.evaluate(() => document.querySelector('[data-stop="0"]').focus());
    reached.push(0);
  }
  for (let press = 0; press < STOPS; press += 1) {
    await page.keyboard.press('Tab');
    const { at, hidden } = await page.evaluate(LOOK);
    if (at === null) break;
    // A scrolling box is a stop of its own where the browser makes it one; a date has one for each of its parts.
    if (at.stop === null || at.stop === reached.at(-1)) continue;
    if (reached.includes(at.stop)) break;
    if (reached.length > 0 && at.stop < reached.at(-1)) throw new Error(`the focus goes back to ${at.words}`);
    if (reached.length === 0) await startsWithSkipLink(page);
    if (hidden) throw new Error(hidden);
    reached.push(at.stop);
  }
  if (reached.length < count) {
    const missed = await page.evaluate((done) => [...document.querySelectorAll('[data-stop]')].find((e) => !done.includes(Number(e.dataset.stop)))?.outerHTML.slice(0, 120), reached);
    throw new Error(`${count - reached.length} of ${count} controls are not reached by the Tab key, first ${missed}`);
  }
}

/** The first stop of a page leads past its head. */
async function startsWithSkipLink(page) {
  const href = await page.evaluate(() => document.activeElement.getAttribute('href'));
  if (!href?.startsWith('#')) throw new Error('the first stop of the Tab key is no skip link');
  const target = await page.evaluate((id) => document.querySelector(id)?.tagName, href);
  if (target !== 'MAIN') throw new Error(`the skip link leads to ${target}, not to the main part`);
}

/** Enter on the skip link moves the focus into the main part. */
export async function skips(page) {
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  const inside = await page.evaluate(() => Boolean(document.activeElement.closest('main, footer')));
  if (!inside) throw new Error('after the skip link the focus is still before the main part');
}
