// Every page of the portal's route table, as an address with real ids, and who looks at it.
import { base, played } from './lib.mjs';

/** Nobody, and one person of every role. */
export const readers = [null, 'per_hanako', 'per_outsider', 'per_reception', 'per_member1', 'per_member3', 'per_ministry', 'per_auditor', 'per_holder', 'per_checker1'];

const each = (list) => Object.entries(list ?? {});
const applications = each(played.applications);
const permits = each(played.permits);
const runs = each(played.runs);
const holds = each(played.holds);
const samples = each(played.samples);
const releases = each(played.releases);
const incidents = each(played.incidents);

/** What stands at an address: a name, its ids by state, and the readers it is made for. `null`: an answer, but not a page. */
const PAGES = {
  '/': { name: 'home', readers: [null, 'per_hanako', 'per_reception', 'per_member1', 'per_ministry', 'per_auditor', 'per_holder', 'per_checker1'] },
  '/login': { name: 'login', readers: [null, 'per_hanako'] },
  '/lang/{code}': null,
  '/catalog': { name: 'catalogue', readers: [null] },
  '/catalog/{id}': { name: 'listing', ids: [['ndb', 'ndb'], ['kaigo', 'kaigo'], ['jpclins', 'jpclins'], ['hs037', 'hs037']], readers: [null, 'per_hanako'] },
  '/codes': { name: 'masters', readers: [null] },
  '/applications': { name: 'applications', readers: ['per_hanako', 'per_outsider', 'per_reception'] },
  '/applications/new': { name: 'apply', readers: ['per_hanako'] },
  '/applications/{id}': { name: 'application', ids: applications, readers: ['per_hanako', 'per_reception', 'per_member1'] },
  '/drafts/{id}': { name: 'draft', ids: () => each(played.drafts), readers: ['per_hanako'] },
  '/drafts/{id}/review': { name: 'draft-review', ids: () => each(played.drafts), readers: ['per_hanako'] },
  '/reviews': { name: 'reviews', readers: ['per_reception', 'per_member1', 'per_member3'] },
  '/reviews/{id}': { name: 'review', ids: applications, readers: ['per_reception', 'per_member1', 'per_member3'] },
  '/reviews/{id}/ballot': { name: 'ballot', query: '?decision=approve&remove=ndb.patients.pref', ids: applications, readers: ['per_member1', 'per_member3'] },
  '/holds': { name: 'holds', readers: ['per_checker1'] },
  '/holds/{id}': { name: 'hold', ids: holds, readers: ['per_checker1'] },
  '/samples/{id}': { name: 'sample', ids: samples, readers: ['per_checker1'] },
  '/releases': { name: 'releases', readers: ['per_ministry'] },
  '/releases/{id}': { name: 'release', ids: releases, readers: ['per_ministry'] },
  '/permits': { name: 'permits', readers: ['per_hanako', 'per_outsider', 'per_ministry'] },
  '/permits/{id}': { name: 'permit', ids: permits, readers: ['per_hanako', 'per_ministry', 'per_member1'] },
  '/permits/{id}/workspace': { name: 'workspace', ids: permits, readers: ['per_hanako'] },
  '/permits/{id}/guests': { name: 'guests', ids: permits, readers: ['per_hanako'] },
  '/permits/{id}/codes': { name: 'codes', ids: permits, readers: ['per_hanako'] },
  '/runs/{id}': { name: 'run', ids: runs, readers: ['per_hanako'] },
  '/runs/{id}/files/{name}': null,
  '/patterns': { name: 'patterns', readers: ['per_auditor'] },
  '/log/search': { name: 'search', query: '?action=run_judged', readers: ['per_auditor', 'per_holder'] },
  '/log/sql': { name: 'sql', readers: ['per_auditor', 'per_holder'] },
  '/log/timeline/{id}': { name: 'timeline', ids: runs, readers: ['per_auditor'] },
  '/incidents': { name: 'incidents', readers: ['per_auditor', 'per_ministry'] },
  '/incidents/{id}': { name: 'incident', ids: incidents, readers: ['per_auditor', 'per_ministry'] },
  '/log': { name: 'log', readers: ['per_auditor', 'per_holder'] },
  '/register': { name: 'register', readers: [null] },
  '/rules': { name: 'rules', readers: [null, 'per_hanako', 'per_member1', 'per_ministry'] },
};

const routes = JSON.parse(process.env.VISITING_ROUTES || '[]').filter((route) => route.method === 'get').map((route) => route.path);

/** Addresses that nobody has told these scripts about: each is a failed check, so that no page is left out. */
export const unknown = () => routes.filter((path) => !(path in PAGES));

/** Pages of the table that never answered anybody: a test that only met their error pages has not met them. */
export const unmet = (met) => routes.filter((path) => PAGES[path] && !met.has(path));

/** Pages for a reader: with `once` those made for them; otherwise everything, as what people type into the address bar. */
export function pagesOf(person, { once }) {
  return routes
    .filter((path) => PAGES[path])
    .filter((path) => !once || PAGES[path].readers.includes(person))
    .flatMap((path) => {
      const { name, ids, query = '' } = PAGES[path];
      if (!path.includes('{id}')) return [{ name, route: path, path: base + path + query }];
      return (typeof ids === 'function' ? ids() : ids).map(([state, id]) => ({ name: `${name}-${state}`, route: path, path: base + path.replace('{id}', id) + query }));
    });
}
