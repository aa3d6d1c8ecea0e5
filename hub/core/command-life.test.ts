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

  test('[INV-7] words said again, any number of times, leave the state as it is', () => {
    const law = fc.property(fc.array(fc.constantFrom(...WORDS)), fc.array(fc.nat()), (words, again) => {
      const end = (list: readonly CommandUpdateState[]) =>
        list.reduce<CommandState>((state, word) => nextCommandState(state, word) ?? state, 'pending');
      const repeated = [...words];
      // A device repeats what it said, in the order in which it said it.
      for (const place of again) if (words.length > 0) repeated.push(words[place % words.length] as CommandUpdateState);
      const finished = isFinished(end(words));
      if (finished) expect(end(repeated)).toBe(end(words));
    });
    fc.assert(law);
  });
});
