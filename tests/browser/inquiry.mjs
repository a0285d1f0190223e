// The auditor asks the record: search, SQL, the course of a run, an incident from its first note to its end, and case files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { base, home, program, vkey } from './lib.mjs';

/** Hits on one page of a search. */
const HITS = 50;
/** Votes, of which the case has two. */
const SQL = "SELECT action, count(*) AS n FROM events WHERE action = 'vote_cast' GROUP BY action";
const NOT_OFFERED = 'DELETE FROM events';
const HAPPENED = { ja: '申請された目的と違う問合せの疑いがある。', en: 'The question may not fit the purpose.' };
const CAME = { ja: '利用者に確認した。目的の範囲内だった。', en: 'The user was asked. It was within the purpose.' };

const rows = (page) => page.locator('table.log tbody tr');
const index = async (row) => Number(await row.getByRole('rowheader').innerText());
const editor = (page) => page.getByLabel('SQL', { exact: true });
const action = ({ auditor: page, w }) => page.getByLabel(w('操作', 'Action'), { exact: true });

export const inquire = (story) => [
  ['the log is searched by action and person, page by page', () => searches(story)],
  ['SQL is answered with a table', () => asks(story)],
  ['SQL that is not offered is explained, and stays in the form', () => explains(story)],
  ['a search leads to the course of a run, and its case file verifies', () => follows(story)],
  ['an incident is noted about an event that a search found', () => notes(story)],
  ['the incident is opened from the list and closed with what came of it', () => closes(story)],
];

/** Another page of the auditor's, by the links that all of them have. */
async function goes({ auditor: page, hands, w }, name, to) {
  const doors = page.getByRole('navigation', { name: w('監査のページ', 'Pages for auditors') });
  await hands.press(doors.getByRole('link', { name, exact: true }));
  await page.waitForURL(`**${to}`);
}

async function presses({ auditor: page, hands, w }) {
  await hands.press(page.getByRole('button', { name: w('検索する', 'Search'), exact: true }));
}

async function searches(story) {
  const { auditor: page, hands, w } = story;
  // What the auditor reads is an event of theirs: enough of them for a second page.
  for (let read = 0; read <= HITS; read += 1) {
    const answer = await page.request.get(`${base}/v1/log/search?limit=1`);
    assert.ok(answer.ok(), `the log cannot be read: ${answer.status()}`);
  }
  await hands.press(page.getByRole('main').getByRole('link', { name: w('検索', 'Search'), exact: true }));
  await page.waitForURL('**/log/search');
  await hands.write(page.getByLabel(w('だれが（', 'Who (')), 'per_auditor');
  await hands.choose(action(story), w('閲覧', 'viewed'));
  await presses(story);
  await page.waitForURL((url) => url.searchParams.get('action') === 'viewed');
  const found = await rows(page).allInnerTexts();
  assert.equal(found.length, HITS, 'the first page is not full');
  const fits = (text) => text.includes('per_auditor') && text.includes(w('閲覧', 'viewed'));
  assert.ok(found.every(fits), 'another event passed the search');
  const [first, last] = [await index(rows(page).first()), await index(rows(page).last())];
  const more = page.getByRole('navigation', { name: w('検索結果の続き', 'More results') });
  await hands.press(more.getByRole('link', { name: w('次へ', 'Next'), exact: true }));
  await page.waitForURL((url) => url.searchParams.has('after'));
  assert.ok((await index(rows(page).first())) > last, 'the next page repeats the first');
  assert.ok((await rows(page).allInnerTexts()).every(fits), 'another event is on the next page');
  assert.equal(await action(story).inputValue(), 'viewed', 'the next page forgets the search');
  await hands.press(more.getByRole('link', { name: w('最初へ', 'First page'), exact: true }));
  await page.waitForURL((url) => url.pathname === '/log/search' && !url.searchParams.has('after'));
  assert.equal(await index(rows(page).first()), first);
}

async function ask({ auditor: page, hands, w }, sql) {
  await hands.write(editor(page), sql);
  await hands.press(page.getByRole('button', { name: w('問い合わせる', 'Ask'), exact: true }));
}

async function asks(story) {
  const { auditor: page, w } = story;
  await goes(story, 'SQL', '/log/sql');
  await ask(story, SQL);
  const answer = page.getByRole('region', { name: w('結果', 'Answer'), exact: true });
  await answer.waitFor();
  assert.deepEqual(await answer.getByRole('columnheader').allInnerTexts(), ['action', 'n']);
  const cells = await answer.getByRole('cell').allInnerTexts();
  assert.ok(cells.length === 2 && cells[0].trim() === 'vote_cast' && Number(cells[1]) >= 2, `the answer is ${cells}`);
  assert.equal((await editor(page).inputValue()).trim(), SQL, 'the question is forgotten');
}

async function explains(story) {
  const { auditor: page, w } = story;
  await ask(story, NOT_OFFERED);
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.equal(await alert.getAttribute('data-code'), 'sql-not-offered');
  const shown = await page.getByRole('main').innerText();
  assert.match(shown, w(/この環境では使えないSQLです/, /This SQL is not offered here/));
  assert.match(shown, w(/に対する1つのSELECTと/, /offered is one SELECT over events/), 'the page does not say what is offered');
  assert.equal((await editor(page).inputValue()).trim(), NOT_OFFERED, 'what was typed is lost');
  assert.equal(await page.getByRole('region', { name: w('結果', 'Answer'), exact: true }).count(), 0);
}

/** The events of the run that this story is about. */
async function finds(story) {
  const { auditor: page, hands, w, run } = story;
  await goes(story, w('検索', 'Search'), '/log/search');
  await hands.write(page.getByLabel(w('解析（run_', 'Run (run_')), run);
  await presses(story);
  await page.waitForURL((url) => url.searchParams.get('run') === run);
}

async function follows(story) {
  const { auditor: page, hands, w, run } = story;
  await finds(story);
  const asked = await index(rows(page).first());
  await hands.press(rows(page).first().locator(`a[href="/log/timeline/${run}"]`));
  await page.waitForURL(`**/log/timeline/${run}`);
  assert.ok((await page.getByRole('heading', { level: 1 }).innerText()).includes(run), 'the course is of something else');
  assert.ok((await page.getByRole('img').first().boundingBox()).height > 40, 'the course is not drawn');
  const steps = await page.getByRole('group', { name: w('段階', 'Steps') }).getByRole('row').allInnerTexts();
  for (const step of w(['解析の依頼', '出口審査の判定', '持ち出し'], ['run requested', 'run judged', 'released'])) {
    assert.ok(steps.some((text) => text.includes(step)), `the course lacks ${step}`);
  }
  const file = await takes(story, run);
  assert.ok(file.leaves.some((one) => one.index === asked), 'the case file lacks the event that asked for the run');
}

/** Takes the case file that this page offers, and verifies it without the log. */
async function takes({ auditor: page, hands, lang, w }, id) {
  const link = page.getByRole('link', { name: w('記録一式', 'Take the case file') });
  const [download] = await Promise.all([page.waitForEvent('download'), hands.press(link)]);
  assert.equal(download.suggestedFilename(), `case-${id}.json`);
  const saved = path.join(home, 'client', `downloads-${lang}`, `case-${id}.json`);
  await download.saveAs(saved);
  execFileSync(program('visiting-audit'), ['case', saved, '--key', vkey('log.vkey')], { stdio: 'pipe' });
  const file = JSON.parse(fs.readFileSync(saved, 'utf8'));
  assert.deepEqual([file.format, file.about], ['visiting-case/v1', id]);
  return file;
}

async function notes(story) {
  const { auditor: page, hands, lang, w } = story;
  await finds(story);
  const row = rows(page).first();
  story.leaf = await index(row);
  await hands.press(row.getByRole('link', { name: w('事案として記録', 'Note an incident') }));
  await page.waitForURL(`**/incidents?leaves=${story.leaf}`);
  assert.equal(await page.getByLabel(w('関わる記録番号', 'Numbers of the events')).inputValue(), String(story.leaf));
  await hands.choose(page.getByLabel(w('種類', 'Kind'), { exact: true }), w('目的外の利用', 'misuse'));
  await hands.choose(page.getByLabel(w('重さ', 'Severity'), { exact: true }), w('高い', 'high'));
  await hands.write(page.getByLabel(w('何が起きたか', 'What happened')), HAPPENED[lang]);
  await hands.press(page.getByRole('button', { name: w('記録する', 'Note it'), exact: true }));
  await page.waitForURL('**/incidents/inc_*');
  story.incident = new URL(page.url()).pathname.split('/').at(-1);
  const shown = await page.getByRole('main').innerText();
  for (const words of [HAPPENED[lang], w('対応中', 'open'), w('目的外の利用', 'misuse'), w('高い', 'high')]) {
    assert.ok(shown.includes(words), `the incident does not tell ${words}`);
  }
  assert.ok(await page.locator(`a[href="/log?before=${story.leaf + 1}#event-${story.leaf}"]`).isVisible(), 'the incident does not lead to its event');
}

async function closes(story) {
  const { auditor: page, hands, lang, w, incident, leaf } = story;
  await hands.press(page.getByRole('link', { name: w('事案', 'Incidents'), exact: true }).first());
  await page.waitForURL('**/incidents');
  await hands.press(page.locator(`a[href="/incidents/${incident}"]`).first());
  await page.waitForURL(`**/incidents/${incident}`);
  await hands.write(page.getByLabel(w('どうなったか', 'What came of it')), CAME[lang]);
  await hands.press(page.getByRole('button', { name: w('閉じる', 'Close it'), exact: true }));
  // It is closed once: the form is gone.
  await page.getByRole('heading', { name: w('事案を閉じる', 'Close the incident') }).waitFor({ state: 'detached' });
  const main = page.getByRole('main');
  await main.getByText(CAME[lang]).first().waitFor();
  assert.ok((await main.innerText()).includes(w('終了', 'closed')), 'the incident is still open');
  const file = await takes(story, incident);
  assert.ok(file.leaves.some((one) => one.index === leaf), 'the case file lacks the event that the incident is about');
}
