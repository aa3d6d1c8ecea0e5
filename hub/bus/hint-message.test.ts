import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeHints, encodeHints, HINTS_PER_MESSAGE_MAX, type SentHint } from './hint-message.ts';

const hints: SentHint[] = [
  { kind: 'changes', rev: 12 },
  { kind: 'session', deviceId: 3, connEpoch: 7 },
];

test('what is encoded is decoded', () => {
  expect(decodeHints(encodeHints({ from: 'a', hints }))).toEqual({ from: 'a', hints });
});

test('unknown kinds and broken hints are left out, the rest is kept', () => {
  const foreign = [
    { kind: 'resync' },
    { kind: 'later', x: 1 },
    null,
    5,
    { kind: 'changes', rev: -1 },
    { kind: 'changes', rev: 1e300 },
  ];
  expect(decodeHints(JSON.stringify({ from: 'a', hints: [...foreign, ...hints], more: true }))).toEqual({
    from: 'a',
    hints,
  });
});

test.each([
  '',
  '{',
  'null',
  '[]',
  '"x"',
  '{"from":1,"hints":[]}',
  '{"from":"a"}',
  JSON.stringify({ from: 'a', hints: Array.from({ length: HINTS_PER_MESSAGE_MAX + 1 }, () => hints[0]) }),
  `{"from":"${'a'.repeat(70_000)}","hints":[]}`,
])('%.40s is no message', (text) => {
  expect(decodeHints(text)).toBeNull();
});

test('nothing that can be sent makes it throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => `{"from":"a","hints":[${json}]}`),
      ),
      (text) => {
        const message = decodeHints(text);
        expect(message === null || Array.isArray(message.hints)).toBe(true);
      },
    ),
  );
});
