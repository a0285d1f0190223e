// What every suite needs: the browser, a page as somebody, checks that print one line each, and a guard that watches the page.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const env = process.env;
// The packages lie outside the tree; plain `import` would not find them there.
const require = createRequire(path.join(env.VISITING_NODE_MODULES, 'of-visiting.cjs'));
const { chromium } = require('playwright-core');
export const axe = require('axe-core').source;
export const tokenSheet = () => fs.readFileSync(require.resolve('@digital-go-jp/design-tokens/dist/tokens.css'), 'utf8');

export const base = `http://${env.VISITING_ADDR}`;
export const languages = (env.VISITING_LANGUAGES || 'ja,en').split(',');
export const played = JSON.parse(env.VISITING_CASE || '{}');
export const out = env.VISITING_OUT;
export const home = env.VISITING_HOME;
export const program = (name) => path.join(env.VISITING_PROGRAMS, name);
export const sealFile = (person) => path.join(home, 'client', 'keys', `${person}.seal`);
export const keyFile = (person) => path.join(home, 'client', 'keys', `${person}.seed`);
export const vkey = (name) => fs.readFileSync(path.join(home, 'log', name), 'utf8').trim();

/** A telephone and a desk. */
export const widths = [360, 1440];

/** Longest wait for one condition: a run on a busy machine. */
const PATIENCE_MS = 30_000;
/** No connection of the browser's own leaves the machine; as root there is no sandbox to be had. */
const SWITCHES = ['--lang=en-US', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const launch = () =>
  chromium.launch({ executablePath: env.VISITING_CHROMIUM, args: process.getuid() === 0 ? ['--no-sandbox', ...SWITCHES] : SWITCHES });

let failures = 0;
export const failed = () => failures > 0;

/** One check: prints how it went; answers whether it held. */
export async function check(name, work) {
  try {
    await work();
    console.log(`ok ${name}`);
    return true;
  } catch (error) {
    failures += 1;
    console.log(`not ok ${name} - ${oneLine(error)}`);
    return false;
  }
}

/** Checks that build on each other: what comes after a failed one would only say the same again. */
export async function steps(title, list) {
  for (const [name, work] of list) {
    if (!(await check(`${title}: ${name}`, work))) return;
  }
}

// Colours of a terminal and the long list of a locator's tries say nothing in one line.
const oneLine = (error) => String(error?.message ?? error).replace(/\u001b\[[0-9;]*m/g, '').replace(/\s*\n\s*/g, ' | ').slice(0, 1200);

/** A browser context whose pages are watched. `js: false` switches JavaScript off, `width` is 360 or 1440. */
export async function context(browser, { lang = 'ja', js = true, width = 1440 } = {}) {
  const made = await browser.newContext({
    locale: lang === 'ja' ? 'ja-JP' : 'en-GB',
    timezoneId: 'Asia/Tokyo',
    javaScriptEnabled: js,
    reducedMotion: 'reduce',
    viewport: { width, height: width < 600 ? 740 : 900 },
  });
  made.setDefaultTimeout(PATIENCE_MS);
  made.wrongs = [];
  made.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${base}/`) && !url.startsWith('blob:') && !url.startsWith('data:')) made.wrongs.push(`a request left for ${url}`);
  });
  made.on('response', (response) => {
    if (response.status() >= 500) made.wrongs.push(`${response.status()} from ${new URL(response.url()).pathname}`);
  });
  made.on('weberror', (error) => made.wrongs.push(`script error: ${oneLine(error.error())}`));
  made.on('console', (message) => {
    // A page that is refused on purpose is noted by the browser as a failed resource, a moment that is none as no value of its field.
    const expected = /Failed to load resource.*(40[0-9]|422)|does not conform to the required format/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !expected) made.wrongs.push(`console: ${oneLine(message.text())}`);
  });
  return made;
}

/** What the guard noticed since the last question; CSP violations are console errors. */
export function quiet(guarded) {
  const noticed = guarded.wrongs.splice(0);
  if (noticed.length > 0) throw new Error([...new Set(noticed)].join(' | '));
}

/** `one` in Japanese, `two` in English. */
export const say = (lang) => (ja, en) => (lang === 'ja' ? ja : en);
