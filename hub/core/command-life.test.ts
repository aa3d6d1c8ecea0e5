import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFinished, nextCommandState, type CommandState, type CommandUpdateState } from './command-life.ts';

const STATES: readonly CommandState[] = ['pending', 'acknowledged', 'succeeded', 'failed', 'rejected', 'expired'];
const WORDS: readonly CommandUpdateState[] = ['acknowledged', 'succeeded', 'failed', 'rejected'];

describe('the life of a command', () => {
  test('goes from pending, by way of acknowledged or not, to one end', () => {
    expect(STATES.filter(isFinished)).toEqual(['succeeded', 'failed', 'rejected', 'expired']);
    expect(nextCommandState('pending', 'acknowledged')).toBe('acknowledged');
    for (const end of ['succeeded', 'failed', 'rejected'] as const) {
      expect(nextCommandState('pending', end)).toBe(end);
      expect(nextCommandState('acknowledged', end)).toBe(end);
    }
  });

  test('repeats and words after the end change nothing', () => {
    expect(nextCommandState('acknowledged', 'acknowledged')).toBeNull();
    for (const end of STATES.filter(isFinished))
      for (const word of WORDS) expect(nextCommandState(end, word)).toBeNull();
  });

  test('[INV-7] a batch of words that is said twice leaves the state of the first time, once it is an end', () => {
    const end = (words: readonly CommandUpdateState[]) =>
      words.reduce<CommandState>((state, word) => nextCommandState(state, word) ?? state, 'pending');
    const batch = fc.array(fc.constantFrom(...WORDS), { maxLength: 6 }).filter((words) => isFinished(end(words)));
    fc.assert(fc.property(batch, (words) => end([...words, ...words]) === end(words)));
  });
});
