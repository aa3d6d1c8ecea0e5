import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatPairingCode, makePairingCode, normalisePairingCode } from '../../../hub/core/pairing-code.ts';
import { codeFault, shownCode } from './typed-code.ts';

describe('a pairing code while it is typed', () => {
  test('is shown as the screen shows it', () => {
    expect(
      ['7', '7k3m', '7k3mq', '7K3M-Q2XD', ' 7k3m q2xd ', 'oil1o0li', '7k3m–q2xd', '7k3mq2xdzz'].map(shownCode),
    ).toEqual(['7', '7K3M', '7K3M-Q', '7K3M-Q2XD', '7K3M-Q2XD', '0111-0011', '7K3M-Q2XD', '7K3M-Q2XD']);
  });

  test('is told to be too short, or to have what no code has', () => {
    expect(['', '7K3M', '7K3M-Q2X', '7K3M-Q2XD', '7K3M-Q2XU', '7K3M-Q2XÄ', '7K3M-Q2X!'].map(codeFault)).toEqual([
      'incomplete',
      'incomplete',
      'incomplete',
      null,
      'odd',
      'odd',
      'odd',
    ]);
  });

  test('whatever a screen shows, however it is written down, is the same code here and at the hub', () => {
    const digits = fc.array(fc.nat({ max: 31 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(digits, fc.boolean(), fc.constantFrom('', '-', ' '), (drawn, isLower, between) => {
        const code = makePairingCode(() => drawn.shift() ?? 0);
        const written = `${code.slice(0, 4)}${between}${code.slice(4)}`.replaceAll('0', 'O').replaceAll('1', 'l');
        const typed = isLower ? written.toLowerCase() : written;
        expect([codeFault(typed), shownCode(typed)]).toEqual([null, formatPairingCode(code)]);
        expect(normalisePairingCode(shownCode(typed))).toBe(code);
      }),
    );
  });
});
