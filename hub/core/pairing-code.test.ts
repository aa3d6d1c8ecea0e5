import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatPairingCode,
  makePairingCode,
  normalisePairingCode,
  PAIRING_ALPHABET,
  PAIRING_CODE_LENGTH,
} from './pairing-code.ts';

const code = fc
  .array(fc.constantFrom(...PAIRING_ALPHABET), { minLength: PAIRING_CODE_LENGTH, maxLength: PAIRING_CODE_LENGTH })
  .map((characters) => characters.join(''));

/** The ways in which people write a character down. */
const spellings = (character: string): string[] => {
  if (character === '0') return ['0', 'o', 'O'];
  if (character === '1') return ['1', 'i', 'I', 'l', 'L'];
  return [character, character.toLowerCase()];
};

describe('pairing codes', () => {
  test('however an operator spells a code, it is read as that code', () => {
    const typed = code.chain((written) =>
      fc
        .tuple(
          ...[...written].map((character) =>
            fc.tuple(fc.constantFrom(...spellings(character)), fc.constantFrom('', '', ' ', '-', '\u2013', '\t')),
          ),
        )
        .map((parts) => ({ written, typed: parts.map(([character, gap]) => character + gap).join('') })),
    );
    fc.assert(
      fc.property(typed, ({ written, typed: text }) => {
        expect(normalisePairingCode(text)).toBe(written);
      }),
    );
  });

  test('any text is either refused or read as eight characters of the alphabet', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        const read = normalisePairingCode(text);
        if (read === null) return;
        expect(read).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/);
        expect(normalisePairingCode(formatPairingCode(read))).toBe(read);
      }),
    );
    expect(normalisePairingCode('ABCDEFG')).toBeNull();
    expect(normalisePairingCode('ABCDEFGHJ')).toBeNull();
    expect(normalisePairingCode('ABCDEFGU')).toBeNull();
    expect(normalisePairingCode('ABCDEFG\u0000')).toBeNull();
    // Upper-casing must not make eight characters out of fewer.
    expect(normalisePairingCode('ABCDEF\u00df')).toBeNull();
  });

  test('a fresh code uses every draw and is shown in two halves', () => {
    let drawn = 0;
    const fresh = makePairingCode((n) => {
      expect(n).toBe(32);
      return (drawn += 4) - 1;
    });
    expect(fresh).toBe('37BFKQVZ');
    expect(formatPairingCode(fresh)).toBe('37BF-KQVZ');
  });
});
