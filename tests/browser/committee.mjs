// Reception, the members with their keys, and the ministry: what they see, what they sign, and what is refused.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { base, keyFile, program } from './lib.mjs';
import { until } from './people.mjs';

/** The condition of the first member: this column is not in the permit. */
const REMOVED = 'ndb.patients.pref';

export const decide = (story) => [
  ['reception finds it complete', () => complete(story)],
  ['a member of the same organisation is told of the conflict and cannot vote', () => conflict(story)],
  ['a member approves without one column, signing with their own key', () => vote(story, 'member1', REMOVED)],
  ['the second approval makes a permit that the researcher sees', () => permit(story)],
];

export const suspend = (story) => [
  ['the ministry suspends the permit with a signed order', () => stop(story)],
  ['the researcher is told why, and can run nothing', () => stopped(story)],
];

export const close = (story) => [
  ['the ministry closes the permit for good with a signed order', () => end(story)],
  ['the researcher is told why, and nothing is left to run on', () => ended(story)],
];

async function complete({ reception: page, hands, w, application }) {
  await hands.press(page.getByRole('link', { name: w('審査', 'Review'), exact: true }).first());
  await page.waitForURL('**/reviews');
  await hands.press(page.locator(`a[href="/applications/${application}"]`).first());
  await page.waitForURL(`**/applications/${application}`);
  await hands.tick(page.getByRole('radio', { name: w('そろっている', 'complete: on to the committee') }));
  await hands.press(page.getByRole('button', { name: w('結果を記録する', 'Record the finding') }));
  await page.waitForURL('**judged=1');
  await page.getByRole('status').filter({ hasText: w('記録しました', 'is recorded') }).waitFor();
}

/** From the queue to the page of the decision. */
async function review({ hands, w, application }, page) {
  await hands.press(page.getByRole('link', { name: w('審査', 'Review'), exact: true }).first());
  await page.waitForURL('**/reviews');
  await hands.press(page.locator(`a[href="/reviews/${application}"]`).first());
  await page.waitForURL(`**/reviews/${application}`);
}

/** A command that a page shows, run as it stands, on the machine that holds the keys. */
function run(command) {
  const env = { ...process.env, PATH: `${path.dirname(program('visiting'))}:${process.env.PATH}` };
  execFileSync('sh', ['-c', command], { env, stdio: 'pipe' });
}

/** The command that does what the form under a heading does. */
const shownCommand = (page, w, heading) =>
  page.getByRole('region', { name: `${heading} ${w('コマンドで署名する', 'Sign by command')}`, exact: true }).innerText();

const ballotHeading = (w) => w('票の文面', 'The ballot');

async function conflict(story) {
  const { member3: page, hands, w, js, application } = story;
  await review(story, page);
  assert.match(await page.getByRole('main').innerText(), w(/利益相反/, /conflict of interest/));
  assert.equal(await page.getByRole('radio').count(), 0, 'a decision is offered in spite of the conflict');
  // Whoever types the address of the ballot can sign it, and is refused.
  await page.goto(`${base}/reviews/${application}/ballot?decision=approve`);
  if (!js) {
    const command = await shownCommand(page, w, ballotHeading(w));
    assert.throws(() => run(command), (fault) => String(fault.stderr).includes('conflict-of-interest'));
    return;
  }
  await sign(story, page, 'per_member3');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.equal(await alert.getAttribute('data-code'), 'conflict-of-interest');
  assert.match(await alert.innerText(), w(/利益相反|所属/, /conflict|organisation/i));
}

async function sign({ hands, w }, page, person) {
  await hands.file(page.getByLabel(w('署名鍵', 'Signing key')), keyFile(person));
  await hands.press(page.getByRole('button', { name: w('署名して投票する', 'Sign and vote') }));
}

async function vote(story, part, removed) {
  const { hands, w, js, application } = story;
  const page = story[part];
  await review(story, page);
  await hands.tick(page.getByRole('radio', { name: w('承認', 'approve'), exact: true }));
  if (removed) await hands.tick(page.locator(`input[name="remove"][value="${removed}"]`));
  await hands.press(page.getByRole('button', { name: w('票の文面を見る', 'See the ballot') }));
  await page.waitForURL('**/ballot?**');
  const text = await page.getByRole('region', { name: ballotHeading(w), exact: true }).innerText();
  assert.ok(text.includes(application) && (!removed || text.includes(removed)), `the ballot says something else: ${text}`);
  if (js) {
    await sign(story, page, `per_${part}`);
    await page.waitForURL(`**/applications/${application}?voted=1`);
    return;
  }
  assert.ok(!(await page.getByRole('button', { name: w('署名して投票する', 'Sign and vote') }).isVisible()), 'signing is offered without a script');
  run(await shownCommand(page, w, ballotHeading(w)));
}

async function permit(story) {
  await vote(story, 'member2', null);
  const { researcher: page, hands, w, application } = story;
  await page.goto(`${base}/applications/${application}`);
  await hands.press(page.getByRole('link', { name: w('利用許可を見る', 'See the permit') }));
  await page.waitForURL('**/permits/prm_*');
  story.permit = new URL(page.url()).pathname.split('/').at(-1);
  const shown = await page.getByRole('main').innerText();
  assert.ok(shown.includes('care_level') && !shown.includes('pref\t') && !/\bpref\b/.test(shown), 'the condition is not part of the permit');
}

async function stop({ ministry: page, hands, w, js, permit }) {
  const [heading, reason] = [w('利用を停止する', 'Suspend the permit'), w('利用目的外の疑い', 'suspected misuse')];
  await hands.press(page.getByRole('link', { name: w('利用許可', 'Permits'), exact: true }).first());
  await page.waitForURL('**/permits');
  await hands.press(page.locator(`a[href="/permits/${permit}"]`).first());
  await page.waitForURL(`**/permits/${permit}`);
  if (js) {
    const form = page.getByRole('region', { name: heading, exact: true });
    await hands.write(form.getByLabel(w('理由（1行）', 'Reason (one line)')), reason);
    await hands.file(form.getByLabel(w('署名鍵', 'Signing key')), keyFile('per_ministry'));
    await hands.press(form.getByRole('button', { name: w('署名して停止する', 'Sign and suspend') }));
  } else {
    run((await shownCommand(page, w, heading)).replace(w('理由', 'REASON'), reason));
    await page.reload();
  }
  // A suspended permit cannot be suspended again: the form is gone, and the reason stands where everybody sees it.
  await page.getByRole('heading', { name: heading, exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('main').getByText(reason).first().waitFor();
}

async function stopped({ researcher: page, w, permit }) {
  await page.goto(`${base}/permits/${permit}/workspace`);
  const shown = await page.getByRole('main').innerText();
  assert.match(shown, w(/停止/, /suspended/));
  assert.match(shown, w(/利用目的外の疑い/, /suspected misuse/));
  assert.equal(await page.getByRole('button', { name: w('実行する', 'Run'), exact: true }).count(), 0, 'a run is still offered');
}

const overReason = (w) => w('調査を終え、許可を終了', 'the inquiry has ended');

async function end({ ministry: page, hands, w, js, permit }) {
  const [heading, reason] = [w('利用を終了する', 'Close the permit for good'), overReason(w)];
  const form = page.getByRole('region', { name: heading, exact: true });
  assert.match(await form.innerText(), w(/だれにも取り消せません/, /Nobody can take it back/));
  if (js) {
    const id = form.getByLabel(w('確認のため、番号を入力してください', 'Type the id to confirm'));
    const button = form.getByRole('button', { name: w('署名して終了する', 'Sign and close for good') });
    await hands.write(form.getByLabel(w('理由（1行）', 'Reason (one line)')), reason);
    await hands.write(id, permit.slice(0, -1));
    await hands.file(form.getByLabel(w('署名鍵', 'Signing key')), keyFile('per_ministry'));
    await hands.press(button);
    // Another id than this permit's: nothing is signed, and nothing is sent.
    await form.getByRole('status').filter({ hasText: w('番号が違います', 'is another one') }).waitFor();
    await hands.write(id, permit);
    await hands.press(button);
  } else {
    run((await shownCommand(page, w, heading)).replace(w('理由', 'REASON'), reason));
    await page.reload();
  }
  // It ends once: the form is gone, the reason stands there, and soon the extract is erased.
  await page.getByRole('heading', { name: heading, exact: true }).waitFor({ state: 'detached' });
  const main = page.getByRole('main');
  await main.getByText(reason).first().waitFor();
  await until(async () => (await main.innerText()).includes(w('消去されました', 'were erased')), () => page.reload());
}

async function ended({ researcher: page, w, permit }) {
  await page.goto(`${base}/permits/${permit}/workspace`);
  const shown = await page.getByRole('main').innerText();
  assert.match(shown, w(/この許可を終了しました/, /closed this permit for good/));
  assert.ok(shown.includes(overReason(w)), 'the reason is not told');
  assert.equal(await page.getByRole('button', { name: w('実行する', 'Run'), exact: true }).count(), 0, 'a run is still offered');
}
