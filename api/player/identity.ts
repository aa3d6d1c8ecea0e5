/**
 * Who this player is and which hub it belongs to: from its address, from what it remembered, from its server.
 *
 * What a player keeps is kept under its id, so that several screens may run in one browser, and, when the address named
 * another hub than the page's own, under that hub: a link must never make a player send its credential somewhere else.
 */
import type { KeyValue } from './key-value.ts';
import { hubAddress } from './web-address.ts';

export interface Identity {
  readonly playerId: string;
  /** A name given in the address (`?name=`), shown until the operator gives one; may be empty. */
  readonly name: string;
  /** Origin of the hub, e.g. `https://hub.example.com`. */
  readonly hubUrl: string;
  /** Prefix of everything this player stores. */
  readonly scope: string;
}

const PLAYER_ID = /^[A-Za-z0-9._:-]{1,64}$/;

export interface IdentitySources {
  /** `location.search` and `location.origin` of the page. */
  readonly search: string;
  readonly origin: string;
  readonly keyValue: KeyValue;
  readonly newId: () => string;
}

const HOME_HUB = 'podoh:home';

/** Whether the page's server has ever told where the hub is. */
export function knowsHomeHub(keyValue: KeyValue): boolean {
  return keyValue.get(HOME_HUB) !== null;
}

/** Keeps what the page's server told (`hubUrl` of config.json); answers whether that is news. */
export function rememberHomeHub(keyValue: KeyValue, hubUrl: string | null, origin: string): boolean {
  const told = hubAddress(hubUrl, origin);
  if (told === null || told === keyValue.get(HOME_HUB)) return false;
  keyValue.set(HOME_HUB, told);
  return true;
}

/**
 * Base of relative addresses of media: the server of this page where the hub is its own, which spares a redirect; else the hub,
 * which knows where its media is.
 */
export function mediaBase({ hubUrl }: Identity, keyValue: KeyValue, origin: string): string {
  return hubUrl === (hubAddress(keyValue.get(HOME_HUB), origin) ?? origin) ? origin : hubUrl;
}

export function resolveIdentity(sources: IdentitySources): Identity {
  const { keyValue, origin } = sources;
  const query = new URLSearchParams(sources.search);
  const playerId = playerIdOf(query.get('playerId'), keyValue, sources.newId);
  const scope = `podoh:${playerId}`;

  const asked = hubAddress(query.get('hub'), origin);
  if (asked !== null) keyValue.set(`${scope}:hub`, asked);
  const elsewhere = asked ?? hubAddress(keyValue.get(`${scope}:hub`), origin);
  const home = hubAddress(keyValue.get(HOME_HUB), origin) ?? origin;

  const name = (query.get('name') ?? keyValue.get(`${scope}:name`) ?? '').slice(0, 120);
  if (query.has('name')) keyValue.set(`${scope}:name`, name);

  if (elsewhere === null || elsewhere === home) return { playerId, name, hubUrl: home, scope };
  return { playerId, name, hubUrl: elsewhere, scope: `${scope}@${elsewhere}` };
}

/** A valid id from the address; else the remembered one; else a new one, remembered from now on. */
function playerIdOf(asked: string | null, keyValue: KeyValue, newId: () => string): string {
  if (asked !== null && PLAYER_ID.test(asked)) return asked;
  const remembered = keyValue.get('podoh:playerId');
  if (remembered !== null && PLAYER_ID.test(remembered)) return remembered;
  const made = newId();
  keyValue.set('podoh:playerId', made);
  return made;
}
