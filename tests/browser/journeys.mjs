// One whole case at the portal, from the catalogue to the receipt, the auditor's questions and the end of the permit; with a mouse, without
// scripts, by keyboard.
import { apply } from './researcher.mjs';
import { audit } from './auditor.mjs';
import { close, decide, suspend } from './committee.mjs';
import { keyboard, mouse } from './hands.mjs';
import { inquire } from './inquiry.mjs';
import { languages, launch, quiet, say, steps } from './lib.mjs';
import { somebody } from './people.mjs';
import { work } from './work.mjs';

/** Who takes part, by the name that the steps use. */
const CAST = {
  researcher: 'per_hanako',
  reception: 'per_reception',
  member1: 'per_member1',
  member2: 'per_member2',
  member3: 'per_member3',
  ministry: 'per_ministry',
  auditor: 'per_auditor',
};

async function play(title, lang, hands, js) {
  const browser = await launch();
  const story = { browser, lang, hands, js, w: say(lang), contexts: [] };
  const enters = Object.entries(CAST).map(([part, person]) => [
    `${person} enters by the role switcher`,
    async () => {
      story[part] = await somebody(story, person);
    },
  ]);
  const unseen = ['the browser noticed nothing wrong on the way', () => story.contexts.forEach(quiet)];
  const acts = [apply, decide, work, audit, inquire, suspend, close];
  await steps(title, [...enters, ...acts.flatMap((act) => act(story)), unseen]);
  await browser.close();
}

const NAMES = { ja: 'Japanese', en: 'English' };

export async function clicking() {
  for (const lang of languages) await play(`by clicking, ${NAMES[lang]}`, lang, mouse, true);
}

export async function plain() {
  for (const lang of languages) await play(`without JavaScript, ${NAMES[lang]}`, lang, mouse, false);
}

export async function byKeyboard() {
  for (const lang of languages) await play(`by keyboard, ${NAMES[lang]}`, lang, keyboard, true);
}
