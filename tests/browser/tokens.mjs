// The portal's colours, sizes and faces are those of the Digital Agency's design tokens, value by value.
import assert from 'node:assert/strict';
import { base, check, context, launch, tokenSheet } from './lib.mjs';

/** `--name: value` of the package's stylesheet. */
const wanted = () => new Map([...tokenSheet().matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, plain(value)]));

const plain = (value) => value.replace(/\s+/g, ' ').replace(/,\s+/g, ',').replace(/"/g, "'").trim().toLowerCase();

/** Custom properties that the page's own stylesheets define, as they come out at the root, and every other declaration. */
function used() {
  const found = { defined: {}, literal: [], referred: [] };
  const look = (rules) => {
    for (const rule of rules) {
      if (rule.cssRules) look(rule.cssRules);
      for (const name of rule.style ?? []) {
        const value = rule.style.getPropertyValue(name);
        if (name.startsWith('--')) found.defined[name] = value;
        else if (/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i.test(value)) found.literal.push(`${rule.selectorText} { ${name}: ${value} }`);
      }
      for (const [, name] of rule.cssText.matchAll(/var\((--[\w-]+)/g)) found.referred.push(name);
    }
  };
  for (const sheet of document.styleSheets) look(sheet.cssRules);
  return found;
}

export async function same() {
  const browser = await launch();
  const here = await context(browser);
  const page = await here.newPage();
  await page.goto(`${base}/`);
  const [tokens, { defined, literal, referred }] = [wanted(), await page.evaluate(used)];
  await check('every custom property that has a token’s name has the token’s value', () => {
    const named = Object.entries(defined).filter(([name]) => tokens.has(name));
    assert.ok(named.length >= 10, `only ${named.length} tokens are in use`);
    const other = named.filter(([name, value]) => plain(value) !== tokens.get(name)).map(([name, value]) => `${name} is ${value}, not ${tokens.get(name)}`);
    assert.deepEqual(other, []);
  });
  await check('every custom property that is used is defined', () => {
    assert.deepEqual([...new Set(referred)].filter((name) => !(name in defined)), []);
  });
  await check('every custom property of the portal’s own is made of tokens', () => {
    const own = Object.entries(defined).filter(([name, value]) => !tokens.has(name) && /#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i.test(value));
    assert.deepEqual(own, []);
  });
  await check('no colour is written outside the tokens', () => assert.deepEqual(literal, []));
  await check('text has the tokens’ face and at least 16 px', async () => {
    const body = await page.evaluate(() => ({ family: getComputedStyle(document.body).fontFamily, size: parseFloat(getComputedStyle(document.body).fontSize) }));
    const first = (family) => plain(family).split(',')[0].replaceAll("'", '').trim();
    assert.equal(first(body.family), first(tokens.get('--font-family-sans')));
    assert.ok(body.size >= 16, `the text is ${body.size} px`);
  });
  await browser.close();
}
