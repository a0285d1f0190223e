// A researcher under a permit: the extract, SQL with completion, the verdict, table and chart, a refusal, files and receipt.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { home, program, vkey } from './lib.mjs';
import { until } from './people.mjs';

/** Small enough to type, large enough to be shown. */
const SQL = 'SELECT p.sex, COUNT(DISTINCT pid) AS people FROM ndb.patients p GROUP BY p.sex';
/** The committee's condition took the column out of the permit. */
const REMOVED = 'SELECT pref, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY pref';

const editor = (page) => page.getByLabel('SQL', { exact: true });
const verdict = (page) => page.locator('#run-status');

/** The run's page, once nothing more will happen to it. */
async function ended(page) {
  await page.waitForURL(/\/runs\/run_/);
  // With scripts the page renews itself, without them the browser does.
  await page.waitForSelector('#run-status[data-final="true"]');
  return verdict(page).getAttribute('data-status');
}

export const work = (story) => [
  ['the extract is ready and the workspace opens', () => opens(story)],
  ['a function of one\'s own is examined and bound', () => binds(story)],
  ...(story.js ? [['completion offers the columns of the permit', () => completes(story)]] : []),
  ['a query is tried on synthetic data beside the editor', () => tries(story)],
  ['a query is run and its verdict is in words', () => runs(story)],
  ['the result is a table and a chart', () => shows(story)],
  ['a refused query says why and what to do', () => refused(story)],
  ['the history holds both', () => history(story)],
  ['the table and its receipt are downloaded, and the receipt verifies', () => downloads(story)],
];

async function opens({ researcher: page, hands, w, permit }) {
  await hands.press(page.getByRole('link', { name: w('利用許可', 'Permits'), exact: true }).first());
  await page.waitForURL('**/permits');
  await hands.press(page.locator(`a[href="/permits/${permit}"]`).first());
  await page.waitForURL(`**/permits/${permit}`);
  await hands.press(page.getByRole('link', { name: w('解析環境を開く', 'Open the workspace') }));
  await page.waitForURL('**/workspace');
  await until(async () => (await editor(page).count()) > 0, () => page.reload());
  // The column that the condition removed is not in the permit's own schema.
  const schema = page.getByRole('region', { name: w('この許可で使える表と列', 'Tables and columns of this permit') });
  assert.match(await schema.innerText(), /ndb\.patients/);
  assert.ok(!(await schema.getByText('pref', { exact: true }).count()), 'the removed column is in the schema');
}

/** The worked example of the SDK, as its author would hand it in. */
const EXAMPLE = new URL('../../sandbox-sdk/examples/age_adjusted_risk_band/', import.meta.url);

async function binds({ researcher: page, hands, w }) {
  await hands.press(page.getByRole('link', { name: w('プログラムを結び付ける・見る', 'Bind or see guests') }));
  await page.waitForURL('**/guests');
  await hands.write(page.locator('#manifest'), fs.readFileSync(new URL('guest.toml', EXAMPLE), 'utf8'));
  await hands.write(page.locator('#module'), fs.readFileSync(new URL('guest.wasm', EXAMPLE)).toString('base64'));
  await hands.press(page.getByRole('button', { name: w('検査して結び付ける', 'Examine and bind') }));
  const told = page.getByRole('status').filter({ hasText: w('検査を通り', 'passed the examination') });
  await told.waitFor();
  assert.ok((await told.getByRole('listitem').count()) > 0, 'the report says nothing');
  await hands.press(page.getByRole('link', { name: w('解析環境へ', 'To the workspace') }));
  await page.waitForURL('**/workspace');
  assert.match(await page.locator('main').innerText(), /guest\.risk_band/);
}

async function completes({ researcher: page, w }) {
  await editor(page).fill(' FROM ndb.patients p');
  await page.keyboard.press('ControlOrMeta+Home');
  await page.keyboard.type('SELECT p.se');
  const choices = page.getByRole('listbox', { name: w('候補', 'Suggestions') });
  await choices.getByRole('option', { name: /sex/ }).first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await editor(page).inputValue(), 'SELECT p.sex FROM ndb.patients p');
  await choices.waitFor({ state: 'hidden' });
}

async function tries({ researcher: page, hands, w }) {
  await hands.write(editor(page), SQL);
  await hands.press(page.getByRole('button', { name: w('合成データで試す', 'Try on synthetic data') }));
  await page.waitForSelector('#try[data-final="true"]');
  const panel = page.getByRole('region', { name: w('合成データで試した結果', 'Tried on synthetic data') });
  assert.match(await panel.innerText(), w(/合成データです。実際のデータではありません/, /SYNTHETIC, not data/));
  assert.ok(await panel.getByRole('table').count(), 'there is no synthetic table');
  assert.equal((await editor(page).inputValue()).trim(), SQL);
}

async function runs(story) {
  const { researcher: page, hands, w } = story;
  await hands.write(editor(page), SQL);
  await hands.press(page.getByRole('button', { name: w('実行する', 'Run'), exact: true }));
  const status = await ended(page);
  assert.ok(['released', 'suppressed'].includes(status), `the run ended as ${status}`);
  assert.ok((await verdict(page).innerText()).includes(w('持ち出し済', 'Released')));
  story.run = new URL(page.url()).pathname.split('/').at(-1);
}

async function shows({ researcher: page, w }) {
  const table = page.getByRole('table', { name: w('出口審査を通った結果', 'The result that passed the exit gate') });
  const rows = await table.getByRole('row').allInnerTexts();
  assert.ok(rows.length >= 3, `the table has ${rows.length} rows`);
  const chart = page.getByRole('img').first();
  assert.ok((await chart.boundingBox()).height > 40, 'the chart is not drawn');
  assert.ok((await chart.locator('rect').count()) >= rows.length - 1, 'the chart has fewer bars than the table has rows');
}

async function refused(story) {
  const { researcher: page, hands, w } = story;
  await hands.press(page.getByRole('link', { name: w('このSQLをもう一度使う', 'Use this SQL again') }));
  await page.waitForURL('**/workspace?run=**');
  assert.equal((await editor(page).inputValue()).trim(), SQL);
  await hands.write(editor(page), REMOVED);
  await hands.press(page.getByRole('button', { name: w('実行する', 'Run'), exact: true }));
  assert.equal(await ended(page), 'refused');
  story.refused = new URL(page.url()).pathname.split('/').at(-1);
  const words = await page.getByRole('region', { name: w('判定', 'Verdict') }).innerText();
  assert.match(words, w(/許可にない/, /permit/), 'the refusal does not say what happened');
  assert.match(words, w(/解析環境の一覧にあります/, /list/), 'the refusal does not say what to do');
  assert.ok(!(await page.getByRole('link', { name: 'table.csv' }).count()), 'a refused run offers a file');
}

async function history({ researcher: page, hands, w, run, refused }) {
  await hands.press(page.getByRole('link', { name: w('解析環境にもどる', 'Back to the workspace') }));
  const list = page.getByRole('region', { name: w('これまでの解析', 'Runs so far') }).first();
  for (const id of [run, refused]) await list.getByRole('link', { name: id }).waitFor();
  await hands.press(list.getByRole('link', { name: run }));
  await page.waitForURL(`**/runs/${run}`);
}

async function downloads(story) {
  const { researcher: page, hands, lang } = story;
  const folder = path.join(home, 'client', `downloads-${lang}`);
  const fetched = {};
  for (const name of ['table.csv', 'receipt.note']) {
    const item = page.getByRole('listitem').filter({ has: page.getByRole('link', { name, exact: true }) });
    const [download] = await Promise.all([page.waitForEvent('download'), hands.press(item.getByRole('link', { name, exact: true }))]);
    fetched[name] = path.join(folder, name);
    await download.saveAs(fetched[name]);
    // The page says which digest the record holds; the bytes that arrived must have it.
    const digest = createHash('sha256').update(fs.readFileSync(fetched[name])).digest('hex');
    const shown = (await item.locator('code').last().innerText()).replace(/^sha256:/, '').trim();
    assert.equal(digest, shown, `${name} has another digest than the record`);
  }
  const command = ['verify', '--receipt', fetched['receipt.note'], '--file', fetched['table.csv'], '--key', vkey('gate.vkey'), '--log-key', vkey('log.vkey')];
  execFileSync(program('visiting-receipt'), command, { stdio: 'pipe' });
}
