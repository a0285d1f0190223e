// A researcher finds data and applies for it: search, listing, a draft that is left and taken up again, faults, the application sent.
import assert from 'node:assert/strict';

/** Columns of the two databases that the application asks for; the committee will take one out. */
const COLUMNS = ['ndb.patients.sex', 'ndb.patients.pref', 'kaigo.recipients.care_level'];
const PURPOSE = { ja: '要介護度と受診のようすを、性別ごとに数えて公表する。', en: 'Count and publish levels of care and visits by sex.' };

export const apply = (story) => [
  ['the catalogue is searched, and says so when nothing fits', () => searches(story)],
  ['a listing shows its tables and columns', () => opens(story)],
  ['an application without a purpose is not sent, and the page says what is missing', () => lacks(story)],
  ['a draft is saved, left and taken up again as it was', () => drafts(story)],
  ['what will be sent is shown, and sent', () => sends(story)],
  ['the application tells where it stands', () => stands(story)],
];

async function searches({ researcher: page, hands, w }) {
  await hands.press(page.getByRole('link', { name: w('データを探す', 'Find data') }).first());
  await page.waitForURL('**/catalog');
  const find = async (words) => {
    await hands.write(page.getByRole('searchbox'), words);
    await hands.press(page.getByRole('button', { name: w('探す', 'Search'), exact: true }));
    await page.waitForURL((url) => url.searchParams.get('q') === words);
  };
  await find(w('存在しないことば', 'nosuchword'));
  assert.match(await page.getByRole('main').innerText(), w(/当てはまるDBはありません/, /No database fits/));
  await find(w('介護', 'care'));
  assert.ok(await page.locator('a[href="/catalog/kaigo"]').isVisible(), 'the search does not find the database');
  await find(w('レセプト', 'claims'));
}

async function opens({ researcher: page, hands, w }) {
  await hands.press(page.locator('a[href="/catalog/ndb"]'));
  await page.waitForURL('**/catalog/ndb');
  const tables = page.getByRole('table');
  assert.ok((await tables.count()) >= 3, 'the listing has too few tables');
  assert.ok(await page.getByRole('rowheader', { name: 'icd10' }).first().isVisible(), 'a column is missing');
  await hands.press(page.getByRole('link', { name: w('このデータの利用を申請する', 'Apply for this data') }));
  await page.waitForURL('**/applications/new?listing=ndb');
}

const column = (page, name) => page.locator(`input[name="column"][value="${name}"]`);
const reviewButton = ({ researcher: page, w }) => page.getByRole('button', { name: w('送る内容を確認する', 'Review what to send') });

async function lacks(story) {
  const { researcher: page, hands, w } = story;
  // The other database is folded away until it is opened.
  await hands.press(page.locator('summary').filter({ hasText: 'kaigo' }));
  for (const name of COLUMNS) await hands.tick(column(page, name));
  await hands.press(reviewButton(story));
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.match(await alert.innerText(), w(/目的/, /what the data is for/i));
  assert.ok(await alert.evaluate((box) => box.contains(document.activeElement)), 'the faults do not have the focus');
  for (const name of COLUMNS) assert.ok(await column(page, name).isChecked(), `${name} was forgotten`);
  assert.equal(await page.getByLabel(w('利用の目的', 'What the data is for')).getAttribute('aria-invalid'), 'true');
}

async function drafts({ researcher: page, hands, lang, w }) {
  await hands.write(page.getByLabel(w('利用の目的', 'What the data is for')), PURPOSE[lang]);
  await hands.tick(page.locator('input[name="member"][value="per_taro"]'));
  const day = new Date(Date.now() + 30 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  await hands.date(page.getByLabel(w('利用の最終日', 'Last day of use')), day);
  await hands.press(page.getByRole('button', { name: w('下書きを保存する', 'Save the draft') }));
  await page.waitForURL('**/drafts/*?saved=1');
  const draft = new URL(page.url()).pathname;
  await hands.press(page.getByRole('link', { name: w('ホーム', 'Home') }).first());
  await hands.press(page.getByRole('link', { name: w('利用申請', 'Applications') }).first());
  await page.waitForURL('**/applications');
  await hands.press(page.locator(`a[href="${draft}"]`).first());
  await page.waitForURL(`**${draft}`);
  assert.equal(await page.getByLabel(w('利用の目的', 'What the data is for')).inputValue(), PURPOSE[lang]);
  assert.equal(await page.getByLabel(w('利用の最終日', 'Last day of use')).inputValue(), day);
  for (const name of COLUMNS) assert.ok(await column(page, name).isChecked(), `${name} is not in the draft`);
}

async function sends(story) {
  const { researcher: page, hands, lang, w } = story;
  await hands.press(reviewButton(story));
  await page.waitForURL('**/review');
  const shown = await page.getByRole('main').innerText();
  for (const words of [PURPOSE[lang], 'per_taro', 'care_level']) assert.ok(shown.includes(words), `${words} is not shown before it is sent`);
  await hands.press(page.getByRole('button', { name: w('この内容で申請する', 'Send the application') }));
  await page.waitForURL('**/applications/app_*');
  story.application = new URL(page.url()).pathname.split('/').at(-1);
}

async function stands({ researcher: page, hands, w, application }) {
  await hands.press(page.getByRole('link', { name: w('利用申請', 'Applications') }).first());
  await page.waitForURL('**/applications');
  await hands.press(page.locator(`a[href="/applications/${application}"]`).first());
  await page.waitForURL(`**/applications/${application}`);
  assert.match(await page.getByRole('main').innerText(), w(/形式審査|受付/, /reception|completeness/i));
}
