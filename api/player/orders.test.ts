import { describe, expect, it } from 'vitest';
import { Diary, DIARY_LINES_MAX } from './diary.ts';
import { memoryKeyValue } from './key-value.ts';
import { Orders } from './orders.ts';

describe('volume and brightness', () => {
  const screen = { epoch: 1, config: { volume: 30, brightness: 80, timezone: 'UTC' } };

  it('are as they are configured, until a command says otherwise, over restarts too', () => {
    const keyValue = memoryKeyValue();
    expect(new Orders(keyValue, 'p').over(screen)).toEqual(screen.config);
    new Orders(keyValue, 'p').set('volume', 0, screen);
    new Orders(keyValue, 'p').set('brightness', 100, screen);
    expect(new Orders(keyValue, 'p').over(screen)).toEqual({ volume: 0, brightness: 100, timezone: 'UTC' });
  });

  it('are as they are configured again when that changes, each by itself', () => {
    const orders = new Orders(memoryKeyValue(), 'p');
    orders.set('volume', 0, screen);
    orders.set('brightness', 100, screen);
    const louder = { epoch: 1, config: { ...screen.config, volume: 60 } };
    expect(orders.over(louder)).toMatchObject({ volume: 60, brightness: 100 });
    expect(orders.over({ ...screen, epoch: 2 })).toEqual(screen.config);
  });

  it('stand where nothing is configured, and damage is no order', () => {
    const keyValue = memoryKeyValue();
    const orders = new Orders(keyValue, 'p');
    orders.set('volume', 55, { epoch: 1, config: {} });
    expect(orders.over({ epoch: 1, config: {} })).toEqual({ volume: 55 });
    for (const text of ['{', '[]', '{"epoch":1,"volume":"loud"}', '{"epoch":1,"under":7,"volume":300}']) {
      keyValue.set('p:orders', text);
      expect(orders.over({ epoch: 1, config: {} })).toEqual({});
    }
  });
});

describe('the diary', () => {
  it('keeps the newest lines over a restart, and says nothing twice in a row', () => {
    const keyValue = memoryKeyValue();
    const diary = new Diary(keyValue, 'p', () => 0);
    for (let at = 0; at < DIARY_LINES_MAX + 10; at += 1) diary.note(`line ${at}`);
    diary.note(`line ${DIARY_LINES_MAX + 9}`);
    diary.note('two\nlines\u0007!');
    const lines = new Diary(keyValue, 'p', () => 0).text().trimEnd().split('\n');
    expect(lines.length).toBe(DIARY_LINES_MAX);
    expect(lines.slice(-2)).toEqual([
      `1970-01-01T00:00:00.000Z line ${DIARY_LINES_MAX + 9}`,
      '1970-01-01T00:00:00.000Z two lines !',
    ]);
    expect(diary.last(1)).toEqual(lines.slice(-1));
  });
});
