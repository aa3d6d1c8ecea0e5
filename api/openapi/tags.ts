/** The sections of the document: one for each resource. */
import { API_BASE, type Route } from '../route.ts';

/** Section and what it is about, in the order in which a newcomer meets them. */
export const TAGS: Readonly<Record<string, string>> = {
  auth: 'Signing in and out, and your own account',
  users: 'People of the tenant: their roles and the groups assigned to them',
  groups: 'The tree that devices stand in (site, floor, lobby); what targets a group targets its whole subtree',
  devices: 'Screens: pairing, settings, state, commands, and what is on a screen at an instant',
  content: 'Media: uploads with their verification, streams and web pages, what uses them, the quota',
  schedules: 'What is shown where (layout) and when (timing), and its way to the screens',
  alerts: 'Raising and stopping alerts, and following them screen by screen to the glass',
  reports: 'Proof of play, expected against actual, availability, alerts; as JSON, CSV, XLSX or PDF',
  webhooks: 'Addresses that are told of alerts, signed',
  notifications: 'Whether the outside is being told, and what could not be delivered',
  live: 'What changes, as it changes, over a WebSocket',
  audit: 'Who did what in this tenant, and when',
  media: 'The bytes of stored files, at signed addresses',
  operations: 'Health, metrics and public keys, for those who run it',
};

/** The section of a route. Throws for a resource that has none. */
export function tagOf({ url }: Pick<Route, 'url'>): string {
  const segment = url.startsWith(API_BASE) ? url.slice(API_BASE.length + 1).split('/')[0] : url.split('/')[1];
  const tag = segment === 'health' || segment === 'metrics' || segment === '.well-known' ? 'operations' : segment;
  if (tag === undefined || !Object.hasOwn(TAGS, tag)) throw new Error(`${url}: tags.ts has no section for it`);
  return tag;
}
