// `node run.mjs SUITE`: plays one suite against the running system that VISITING_ADDR names. The last line is `end`.
import { failed } from './lib.mjs';

const suites = {
  journeys: async () => (await import('./journeys.mjs')).clicking(),
  plain: async () => (await import('./journeys.mjs')).plain(),
  keyboard: async () => {
    await (await import('./journeys.mjs')).byKeyboard();
    await (await import('./access.mjs')).byTab();
  },
  axe: async () => (await import('./access.mjs')).everyPage(),
  tokens: async () => (await import('./tokens.mjs')).same(),
  speed: async () => (await import('./speed.mjs')).speed(),
  screenshots: async () => (await import('./screenshots.mjs')).all(),
};

const suite = suites[process.argv[2]];
if (!suite) {
  console.error(`run.mjs: there is no suite \`${process.argv[2]}\`; there are: ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}
await suite();
console.log('end');
process.exit(failed() ? 1 : 0);
