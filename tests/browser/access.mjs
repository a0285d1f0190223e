// Every page of the route table as everybody who can see it: axe in both languages at both widths, and a walk by the Tab key.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { accessible } from './axe.mjs';
import { check, context, languages, launch, played, quiet, widths } from './lib.mjs';
import { pagesOf, readers, unknown, unmet } from './pages.mjs';
import { enter } from './people.mjs';
import { drafts, states } from './states.mjs';
import { skips, walk } from './walk.mjs';

/** Opens every page as every reader; `look` gets it once, however many readers see the same. */
async function everywhere(look, { once }) {
  await check('the route table has no page that this test does not know', () => assert.deepEqual(unknown(), []));
  for (const lang of languages) {
    const browser = await launch();
    const seen = new Set();
    const met = new Set();
    for (const person of readers) {
      const here = await context(browser, { lang });
      const page = await here.newPage();
      await enter(page, person, lang);
      if (person === 'per_hanako' && !played.drafts) await drafts(page, lang);
      const views = pagesOf(person, { once }).map((p) => ({ name: `${p.name} ${p.path}`, open: async () => (await page.goto(p.path)).ok() && met.add(p.route), special: false }));
      const special = states(lang).filter((state) => state.person === person).map((s) => ({ name: s.name, open: () => s.open(page), special: true }));
      for (const { name, open, special: made } of [...views, ...special]) {
        const title = `${name} as ${person ?? 'nobody'}, ${lang}`;
        await check(title, async () => {
          await open();
          if (await fresh(page, seen)) await look(page, made, lang);
          quiet(here);
        });
      }
      await here.close();
    }
    await check(`every page of the route table answered somebody, ${lang}`, () => assert.deepEqual(unmet(met), []));
    await browser.close();
  }
}

/** True for a page whose body was not looked at yet; only the name of the reader may differ. */
async function fresh(page, seen) {
  const html = await page.evaluate(() => document.querySelector('main')?.outerHTML + [...document.querySelectorAll('header a, nav a, header button')].map((e) => e.textContent).join());
  const hash = createHash('sha256').update(html).digest('hex');
  if (seen.has(hash)) return false;
  seen.add(hash);
  return true;
}

/** axe, on every page; in the second language the same elements have other words, which lie otherwise where there is little room. */
export const everyPage = () =>
  everywhere(
    async (page, _, lang) => {
      for (const [index, width] of (lang === languages[0] ? widths : widths.slice(0, 1)).entries()) {
        await page.setViewportSize({ width, height: 900 });
        await accessible(page, { layoutOnly: index > 0 });
      }
    },
    { once: true },
  );

/** The Tab key, on every page. */
export const byTab = () =>
  everywhere(
    async (page, special) => {
      await walk(page, special);
      if (special) return;
      await page.reload();
      await skips(page);
    },
    { once: true },
  );
