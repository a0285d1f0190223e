// Pages that exist only after somebody did something: empty, wrong, refused, under way.
import { base, keyFile, played, say, sealFile } from './lib.mjs';

const to = (path) => (page) => page.goto(base + path);

/** Drafts of the researcher: one just begun, one that could be sent. Made once; the route table's pages about drafts need them. */
export async function drafts(page, lang) {
  const w = say(lang);
  const save = async () => {
    await page.getByRole('button', { name: w('下書きを保存する', 'Save the draft') }).click();
    await page.waitForURL('**/drafts/*?saved=1');
    return new URL(page.url()).pathname.split('/').at(-1);
  };
  await page.goto(`${base}/applications/new?listing=ndb`);
  const begun = await save();
  await page.goto(`${base}/applications/new?from=${played.applications.approved}`);
  played.drafts = { begun, ready: await save() };
}

/** Who meets them, and how. */
export function states(lang) {
  const w = say(lang);
  const review = played.applications?.review;
  const permit = played.permits?.active;
  return [
    { name: 'no-such-page', person: null, open: to('/no/such/page') },
    { name: 'no-such-listing', person: null, open: to('/catalog/nothing') },
    { name: 'nothing-found', person: null, open: to('/catalog?q=zzz') },
    { name: 'login-needed', person: null, open: to(`/permits/${permit}`) },
    { name: 'register-nothing-found', person: null, open: to('/register?q=zzz') },
    { name: 'not-allowed', person: 'per_hanako', open: to('/log') },
    { name: 'not-yours', person: 'per_outsider', open: to(`/permits/${permit}/workspace`) },
    { name: 'no-applications', person: 'per_outsider', open: to('/applications') },
    { name: 'no-permits', person: 'per_outsider', open: to('/permits') },
    { name: 'apply-again', person: 'per_hanako', open: to(`/applications/new?from=${played.applications?.returned}`) },
    {
      name: 'apply-faults',
      person: 'per_hanako',
      async open(page) {
        await page.goto(`${base}/applications/new`);
        await page.getByRole('button', { name: w('送る内容を確認する', 'Review what to send') }).click();
        await page.getByRole('alert').waitFor();
      },
    },
    {
      name: 'workspace-suggestions',
      person: 'per_hanako',
      async open(page) {
        await page.goto(`${base}/permits/${permit}/workspace`);
        await page.getByLabel('SQL', { exact: true }).pressSequentially('SELECT p');
        await page.getByRole('option').first().waitFor();
      },
    },
    {
      name: 'guest-refused',
      person: 'per_hanako',
      async open(page) {
        await page.goto(`${base}/permits/${permit}/guests`);
        await page.locator('#manifest').fill('abi = 2');
        await page.locator('#module').fill('AGFzbQ==');
        await page.getByRole('button', { name: w('検査して結び付ける', 'Examine and bind') }).click();
        await page.getByRole('alert').first().waitFor();
      },
    },
    {
      name: 'codes-refused',
      person: 'per_hanako',
      async open(page) {
        await page.goto(`${base}/permits/${permit}/codes`);
        await page.locator('#name').fill('mine');
        await page.locator('#csv').fill('code,kin\nE11');
        await page.getByRole('button', { name: w('検査して結び付ける', 'Examine and bind') }).click();
        await page.getByRole('alert').first().waitFor();
      },
    },
    ...[['workspace-tried', "SELECT sex, COUNT(DISTINCT pid) AS people FROM ndb.patients GROUP BY sex"], ['workspace-try-refused', 'SELECT * FROM ndb.patients']].map(([name, sql]) => ({
      name,
      person: 'per_hanako',
      async open(page) {
        await page.goto(`${base}/permits/${permit}/workspace`);
        await page.getByLabel('SQL', { exact: true }).fill(sql);
        await page.getByRole('button', { name: w('合成データで試す', 'Try on synthetic data') }).click();
        await page.locator('#try[data-final="true"]').waitFor();
      },
    })),
    { name: 'workspace-again', person: 'per_hanako', open: to(`/permits/${permit}/workspace?run=${played.runs?.released}`) },
    {
      name: 'completeness-faults',
      person: 'per_reception',
      async open(page) {
        await page.goto(`${base}/applications/${played.applications.submitted}`);
        await page.getByRole('radio').last().check();
        await page.getByRole('button', { name: w('結果を記録する', 'Record the finding') }).click();
        await page.getByRole('alert').waitFor();
      },
    },
    {
      name: 'ballot-without-key',
      person: 'per_member1',
      async open(page) {
        await page.goto(`${base}/reviews/${review}/ballot?decision=approve`);
        await page.getByRole('button', { name: w('署名して投票する', 'Sign and vote') }).click();
        await page.getByRole('status').filter({ hasText: w('選んでください', 'Choose the file') }).waitFor();
      },
    },
    {
      name: 'hold-opened',
      person: 'per_checker1',
      async open(page) {
        await page.goto(`${base}/holds/${played.holds.open}`);
        await page.locator('#seal').setInputFiles(sealFile('per_checker1'));
        await page.getByRole('button', { name: w('開く', 'Open'), exact: true }).click();
        await page.locator('#evidence-table').filter({ hasText: 'sex,people,note' }).waitFor();
      },
    },
    {
      name: 'hold-without-key',
      person: 'per_checker1',
      async open(page) {
        await page.goto(`${base}/holds/${played.holds.open}`);
        await page.getByRole('button', { name: w('開く', 'Open'), exact: true }).click();
        await page.getByRole('status').filter({ hasText: w('選んでください', 'Choose the file') }).waitFor();
      },
    },
    {
      name: 'suspension-without-key',
      person: 'per_ministry',
      async open(page) {
        await page.goto(`${base}/permits/${permit}`);
        await page.getByRole('button', { name: w('署名して停止する', 'Sign and suspend') }).click();
        await page.getByRole('status').filter({ hasText: w('選んでください', 'Choose the file') }).waitFor();
      },
    },
    ...[['closure-without-key', null, w('選んでください', 'Choose the file')], ['closure-of-another', 'prm_another', w('番号が違います', 'is another one')]].map(([name, id, told]) => ({
      name,
      person: 'per_ministry',
      async open(page) {
        await page.goto(`${base}/permits/${permit}`);
        const form = page.getByRole('region', { name: w('利用を終了する', 'Close the permit for good'), exact: true });
        if (id) {
          await form.getByLabel(w('理由（1行）', 'Reason (one line)')).fill(w('研究の終了', 'the study has ended'));
          await form.getByLabel(w('確認のため、番号を入力してください', 'Type the id to confirm')).fill(id);
          await form.getByLabel(w('署名鍵', 'Signing key')).setInputFiles(keyFile('per_ministry'));
        }
        await form.getByRole('button', { name: w('署名して終了する', 'Sign and close for good') }).click();
        await form.getByRole('status').filter({ hasText: told }).waitFor();
      },
    })),
    ...[['search-nothing-found', '/log/search?action=record_opened&outcome=refused'], ['search-faults', '/log/search?person=per_nobody']].map(([name, path]) => ({ name, person: 'per_auditor', open: to(path) })),
    ...[['sql-answered', 'SELECT action, count(*) AS n FROM events GROUP BY action'], ['sql-refused', 'DELETE FROM events']].map(([name, sql]) => ({
      name,
      person: 'per_auditor',
      async open(page) {
        await page.goto(`${base}/log/sql`);
        await page.getByLabel('SQL', { exact: true }).fill(sql);
        await page.getByRole('button', { name: w('問い合わせる', 'Ask'), exact: true }).click();
        await page.locator('[data-code="sql-not-offered"], #answer').waitFor();
      },
    })),
    { name: 'log-nothing-found', person: 'per_auditor', open: to('/log?person=per_nobody') },
    { name: 'log-faults', person: 'per_auditor', open: to('/log?since=soon') },
    {
      name: 'log-verified',
      person: 'per_auditor',
      async open(page) {
        await page.goto(`${base}/log`);
        await page.getByRole('button', { name: w('検証する', 'Verify'), exact: true }).click();
        await page.locator('#verify-result[data-outcome="sound"]').waitFor();
      },
    },
  ];
}
