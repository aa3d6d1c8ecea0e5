import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draftStore, type KeptDraft } from './draft-store.ts';
import { changesOf, differing, merged, newDraft } from './schedule-draft.ts';
import { beginning, changed, redone, STEPS_MAX, undone, type UndoStack } from './undo-stack.ts';

describe('undo', () => {
  test('brings back every state on the way, and redo each again', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 40 }), ([first = 0, ...states]) => {
        let stack: UndoStack<number> = beginning(first);
        for (const state of states) stack = changed(stack, state, null);
        const seen: number[] = [];
        for (; stack.past.length > 0; stack = undone(stack)) seen.unshift(stack.present);
        expect([stack.present, ...seen]).toEqual([first, ...states]);
        for (let at = 0; at < states.length; at += 1) stack = redone(stack);
        expect(stack.present).toBe(states.at(-1) ?? first);
      }),
    );
  });

  test('takes changes of one name for one step, forgets what was undone at a new change, and has a limit', () => {
    let stack = changed(changed(changed(beginning('a'), 'ab', 'name'), 'abc', 'name'), 'abc!', 'other');
    expect(undone(stack).present).toBe('abc');
    stack = undone(undone(stack));
    expect([stack.present, stack.future]).toEqual(['a', ['abc', 'abc!']]);
    expect(changed(stack, 'x', 'name').future).toEqual([]);
    expect(undone(beginning('a')).present).toBe('a');
    expect(redone(beginning('a')).present).toBe('a');
    let long = beginning(0);
    for (let at = 1; at <= STEPS_MAX + 5; at += 1) long = changed(long, at, null);
    expect([long.past.length, long.past[0]]).toEqual([STEPS_MAX, 5]);
  });
});

describe('a draft', () => {
  const base = { ...newDraft(null), name: 'Morning' };

  test('differs in what was changed, whatever the order of keys', () => {
    const { layout } = base;
    const turned = { ...base, layout: { zones: layout.zones, height: layout.height, width: layout.width } };
    expect(differing(turned, base)).toEqual([]);
    const mine = { ...base, priority: 5, timing: { timezone: 'UTC' } };
    expect(changesOf(mine, base)).toEqual({ priority: 5, timing: { timezone: 'UTC' } });
  });

  test('keeps my changes over theirs, and theirs where I made none', () => {
    const mine = { ...base, name: 'Mine', priority: 5 };
    const theirs = { ...base, name: 'Theirs', groupId: 7 };
    expect(merged(mine, base, theirs)).toEqual({ ...base, name: 'Mine', priority: 5, groupId: 7 });
  });

  test('is kept for its user and schedule alone, until it is forgotten', () => {
    const entries = new Map<string, string>();
    const storage = {
      getItem: (key: string) => entries.get(key) ?? null,
      setItem: (key: string, value: string) => void entries.set(key, value),
      removeItem: (key: string) => void entries.delete(key),
    } as Storage;
    const kept: KeptDraft = { draft: { ...base, name: 'Mine' }, base, version: 3 };
    const store = draftStore(storage, 1, 7);
    store.write(kept);
    expect(store.read()).toEqual(kept);
    expect(draftStore(storage, 2, 7).read()).toBeNull();
    expect(draftStore(storage, 1, 'new').read()).toBeNull();
    store.write(null);
    expect(store.read()).toBeNull();
  });
});
