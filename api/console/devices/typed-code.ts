/** A pairing code while it is typed, as Crockford's base32 is read: O is 0, I and L are 1, case and dashes do not matter. Pure. */

/** Characters of a code, without the dash. */
const LENGTH = 8;
const ALPHABET = /^[0-9A-HJKMNP-TV-Z]*$/;

function plainOf(typed: string): string {
  return typed
    .replace(/[\s\-\u2010-\u2015\u2212]/gu, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
}

/** What the field shows for what was typed: capitals, look-alikes as what they stand for, the dash in the middle. */
export function shownCode(typed: string): string {
  const plain = plainOf(typed).slice(0, LENGTH);
  return plain.length <= LENGTH / 2 ? plain : `${plain.slice(0, LENGTH / 2)}-${plain.slice(LENGTH / 2)}`;
}

/** What is wrong with a code before anybody is asked: it is too short, or has what no code has. */
export function codeFault(typed: string): 'incomplete' | 'odd' | null {
  const plain = plainOf(typed);
  if (!ALPHABET.test(plain)) return 'odd';
  return plain.length === LENGTH ? null : 'incomplete';
}
