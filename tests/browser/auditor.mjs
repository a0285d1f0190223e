// The auditor at the access log: filters it, sees an event the moment it happens, and has their own browser verify it.
import assert from 'node:assert/strict';

const rows = (page) => page.locator('#log-rows tr');
const result = (page) => page.locator('#verify-result');

export const audit = (story) => [
  ['the log is opened and filtered', () => filters(story)],
  ['older events are a page away', () => older(story)],
  ...(story.js
    ? [
        ['the verify button says that the log is sound', () => sound(story)],
        ['the verify button says so when the served log is altered', () => altered(story)],
        ['an event that happens now appears by itself', () => live(story)],
      ]
    : []),
];

async function filters({ auditor: page, hands, w, permit }) {
  await hands.press(page.getByRole('link', { name: w('アクセスログ', 'Access log') }).first());
  await page.waitForURL('**/log');
  const all = await rows(page).count();
  await hands.choose(page.getByLabel(w('種類', 'Kind'), { exact: true }), w('票', 'vote cast'));
  await hands.press(page.getByRole('button', { name: w('絞り込む', 'Filter'), exact: true }));
  await page.waitForURL('**/log?**kind=vote_cast**');
  const votes = await rows(page).allInnerTexts();
  assert.ok(votes.length >= 2 && votes.length < all, `${votes.length} of ${all} events are votes`);
  assert.ok(votes.every((text) => text.includes(w('票', 'vote'))), 'another kind passed the filter');
  await hands.press(page.getByRole('link', { name: w('条件を消す', 'Clear') }));
  await hands.write(page.getByLabel(w('申請・許可・解析の番号', 'Application, permit or run')), permit);
  await hands.press(page.getByRole('button', { name: w('絞り込む', 'Filter'), exact: true }));
  await page.waitForURL(`**/log?**case=${permit}**`);
  assert.ok((await rows(page).allInnerTexts()).length > 0, 'the permit has no events');
  await hands.press(page.getByRole('link', { name: w('条件を消す', 'Clear') }));
  await page.waitForURL('**/log');
}

/** The researcher looks at something that is recorded, while the auditor's page stays as it is. */
async function live({ auditor: page, researcher, w, run }) {
  // The state's own words change with every row that comes; the button is there while the stream is.
  await page.locator('#live-switch').waitFor();
  const before = Number(await rows(page).first().getAttribute('data-index'));
  const [download] = await Promise.all([researcher.waitForEvent('download'), researcher.locator(`a[href="/runs/${run}/files/table.parquet"]`).click()]);
  await download.path();
  const row = rows(page).filter({ hasText: w('受取り', 'file fetched') }).filter({ hasText: 'table.parquet' }).filter({ hasText: run }).first();
  await row.waitFor();
  assert.ok(Number(await row.getAttribute('data-index')) > before, 'the event was there before');
}

const verify = async ({ auditor: page, hands, w }) => {
  await hands.press(page.getByRole('button', { name: w('検証する', 'Verify'), exact: true }));
};

async function sound(story) {
  await verify(story);
  await result(story.auditor).filter({ hasText: story.w('正しいログです', 'The log is sound') }).waitFor();
}

/** One byte of one event, changed on its way to the browser: what a dishonest server would serve. */
async function altered(story) {
  const { auditor: page, w } = story;
  let changed = 0;
  const events = /\/v1\/log\/events/;
  await page.route(events, async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    const other = body.replace('per_hanako', 'per_hanoko');
    changed += Number(other !== body);
    await route.fulfill({ response, body: other });
  });
  const unsound = async (words) => {
    await verify(story);
    await result(page).and(page.locator('[data-outcome="unsound"]')).filter({ hasText: words }).waitFor();
  };
  await page.reload();
  // This machine verified the log before: it sees that the past was rewritten.
  await unsound(w('書き換えられています', 'were rewritten'));
  // Another machine sees that events and signature do not fit.
  await page.evaluate(() => localStorage.clear());
  await unsound(w('要約が一致しません', 'The summary does not match'));
  assert.ok(changed >= 2, 'nothing was altered on the way');
  await page.unroute(events);
  await page.reload();
  await sound(story);
}

async function older({ auditor: page, hands, w }) {
  const newest = Number(await rows(page).first().getAttribute('data-index'));
  const link = page.getByRole('link', { name: w('古いほうへ', 'Older') });
  if ((await link.count()) > 0) {
    await hands.press(link);
    await page.waitForURL('**before=**');
    assert.ok(Number(await rows(page).first().getAttribute('data-index')) < newest, 'the next page is not older');
    await hands.press(page.getByRole('link', { name: w('最新へ', 'Newest'), exact: true }));
  }
  await page.waitForURL((url) => !url.search.includes('before'));
}
