// First contentful paint of every page, warm: the browser has been there before.
import { context, launch, played } from './lib.mjs';
import { pagesOf, readers } from './pages.mjs';
import { enter } from './people.mjs';
import { drafts } from './states.mjs';

const LOADS = 20;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** The browser's own measure; asked for until it is there. */
const painted = () =>
  new Promise((resolve) => {
    new PerformanceObserver((list, self) => {
      const entry = list.getEntriesByName('first-contentful-paint')[0];
      if (entry) {
        self.disconnect();
        resolve(entry.startTime);
      }
    }).observe({ type: 'paint', buffered: true });
  });

/** Prints `fcp PATH median least most`, and at the end the median over the pages. */
export async function speed() {
  const browser = await launch();
  const medians = [];
  const measured = new Set();
  for (const person of readers) {
    const here = await context(browser, { lang: 'ja' });
    const page = await here.newPage();
    await enter(page, person, 'ja');
    if (person === 'per_hanako' && !played.drafts) await drafts(page, 'ja');
    // Each page once, as the first reader who sees it.
    for (const { name, path } of pagesOf(person, { once: true }).filter((p) => !measured.has(p.name))) {
      measured.add(name);
      const times = [];
      for (let load = -1; load < LOADS; load += 1) {
        await page.goto(path);
        const time = await page.evaluate(painted);
        if (load >= 0) times.push(time);
      }
      medians.push(median(times));
      console.log(`fcp ${name} ${median(times).toFixed(1)} ${Math.min(...times).toFixed(1)} ${Math.max(...times).toFixed(1)}`);
    }
    await here.close();
  }
  await browser.close();
  console.log(`fcp_ms ${median(medians).toFixed(1)}`);
}
