// Somebody at the portal: a page of their own, entered by the demo's role switcher.
import assert from 'node:assert/strict';
import { base, context } from './lib.mjs';
import { mouse } from './hands.mjs';

/** Chooses who to be, from the banner of any page. Nobody is nobody. */
export async function enter(page, person, lang, hands = mouse) {
  await page.goto(`${base}/`);
  assert.equal(await page.locator('html').getAttribute('lang'), lang, 'the page is in another language than the browser asks for');
  if (!person) return;
  await hands.press(page.getByRole('link', { name: lang === 'ja' ? '人を選ぶ' : 'Switch person' }));
  await page.waitForURL('**/login?**');
  await hands.press(page.locator(`button[name="person"][value="${person}"]`));
  await page.waitForURL(`${base}/`);
}

/** A new window with somebody in it; the story's guard watches it. */
export async function somebody(story, person) {
  const own = await context(story.browser, { lang: story.lang, js: story.js });
  story.contexts.push(own);
  const page = await own.newPage();
  // Someone always listens, so that the browser asks us instead of the system, however soon the key is pressed.
  page.on('filechooser', () => {});
  await enter(page, person, story.lang, story.hands);
  await page.getByRole('button', { name: story.lang === 'ja' ? 'ログアウト' : 'Log out' }).waitFor();
  return page;
}

/** Tries until a condition holds; `again` asks the page anew. Bounded by the number of tries, each a whole request. */
export async function until(holds, again, tries = 400) {
  for (let n = 0; n < tries; n += 1) {
    if (await holds()) return;
    await again();
  }
  throw new Error(`a condition did not come to hold: ${holds}`);
}
