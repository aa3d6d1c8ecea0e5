/**
 * Pairing codes: eight characters of Crockford's base32 (no I, L, O, U), 40 bits, shown as `XXXX-XXXX`. Pure.
 * A code lives ten minutes; with ten thousand live codes and a thousand wrong guesses in that time, the chance of any hit
 * is 10,000 * 1,000 / 2^40, below one in a hundred thousand.
 */

export const PAIRING_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Characters of a code, without the dash. */
export const PAIRING_CODE_LENGTH = 8;
/** How long a code may be used, in milliseconds. */
export const PAIRING_CODE_LIFE_MS = 600_000;

/** A fresh code without the dash. `below(n)` is a uniformly random integer in [0, n). */
export function makePairingCode(below: (n: number) => number): string {
  let code = '';
  while (code.length < PAIRING_CODE_LENGTH) code += PAIRING_ALPHABET[below(PAIRING_ALPHABET.length)] ?? '';
  return code;
}

/** The code as people read it. */
export function formatPairingCode(code: string): string {
  return `${code.slice(0, PAIRING_CODE_LENGTH / 2)}-${code.slice(PAIRING_CODE_LENGTH / 2)}`;
}

/**
 * What an operator typed, as a code without the dash, or null when it cannot be one. Case, spaces and dashes do not
 * matter, and the letters Crockford left out are read as the digits they look like: O as 0, I and L as 1.
 */
export function normalisePairingCode(typed: string): string | null {
  const plain = typed.replace(/[\s\-\u2010-\u2015\u2212]/gu, '');
  // Checked before upper-casing: some foreign letters become plain ones by it (ß becomes SS).
  if (plain.length !== PAIRING_CODE_LENGTH || !/^[0-9A-Za-z]+$/.test(plain)) return null;
  const code = plain.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
  return [...code].every((character) => PAIRING_ALPHABET.includes(character)) ? code : null;
}
