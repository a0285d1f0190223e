// Every page and every state that speaks, at two widths and in both languages: a picture each, an index, and the layout checks.
import fs from 'node:fs';
import path from 'node:path';
import { check, context, languages, launch, out, played, quiet, widths } from './lib.mjs';
import { faults } from './layout.mjs';
import { pagesOf, readers } from './pages.mjs';
import { enter } from './people.mjs';
import { drafts, states } from './states.mjs';

export async function all() {
  const taken = [];
  for (const lang of languages) {
    for (const width of widths) {
      const browser = await launch();
      for (const person of readers) {
        const here = await context(browser, { lang, width });
        const page = await here.newPage();
        await enter(page, person, lang);
        if (person === 'per_hanako' && !played.drafts) await drafts(page, lang);
        const views = pagesOf(person, { once: true }).map((p) => ({ name: p.name, open: () => page.goto(p.path) }));
        const special = states(lang).filter((state) => state.person === person).map((s) => ({ name: s.name, open: () => s.open(page) }));
        for (const { name, open } of [...views, ...special]) {
          const title = `${name} as ${person ?? 'nobody'}, ${lang}, ${width} px`;
          await check(title, async () => {
            await open();
            await page.evaluate(() => document.fonts.ready);
            const file = `${name}-${person ?? 'nobody'}-${lang}-${width}.png`.replaceAll('/', '-').replace(/^-+/, '');
            await page.screenshot({ path: path.join(out, file), fullPage: true, animations: 'disabled', caret: 'hide' });
            taken.push({ file, name, person, lang, width });
            const found = await page.evaluate(faults);
            quiet(here);
            if (found.length > 0) throw new Error(found.join(' | '));
          });
        }
        await here.close();
      }
      await browser.close();
    }
  }
  index(taken);
}

/** One page that shows them side by side. */
function index(taken) {
  const groups = new Map();
  for (const t of taken) {
    const title = `${t.name} · ${t.person ?? 'nobody'}`;
    groups.set(title, [...(groups.get(title) ?? []), t]);
  }
  const figure = (t) => `<figure><a href="${t.file}"><img src="${t.file}" width="${t.width === 360 ? 180 : 480}" alt=""></a><figcaption>${t.lang} ${t.width}</figcaption></figure>`;
  const rows = [...groups].map(([title, list]) => `<section><h2>${title}</h2><div>${list.map(figure).join('')}</div></section>`);
  const style = 'body{font-family:sans-serif;margin:2rem}div{display:flex;flex-wrap:wrap;gap:1rem;align-items:start}figure{margin:0}img{border:1px solid #999}';
  fs.writeFileSync(path.join(out, 'index.html'), `<!doctype html><meta charset="utf-8"><title>Visiting</title><style>${style}</style>${rows.join('')}`);
}
