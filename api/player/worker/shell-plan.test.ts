import { describe, expect, it } from 'vitest';
import { outdatedCaches, SHELL_CACHE, shellFileOf } from './shell-plan.ts';

const SCOPE = 'https://signage.example/player/';
const SHELL = { version: '2', files: ['index.html', 'assets/index-2.js'] };

describe('the service worker answers', () => {
  it.each([
    ['', 'index.html'],
    ['?playerId=a&hub=b', 'index.html'],
    ['index.html', 'index.html'],
    ['assets/index-2.js', 'assets/index-2.js'],
    // Of the build before, by a page that still runs from it.
    ['assets/hls-1.js', 'assets/hls-1.js'],
  ])('%s', (path, name) => {
    expect(shellFileOf(SCOPE + path, SCOPE, SHELL)).toBe(name);
  });

  it.each([
    `${SCOPE}config.json`,
    `${SCOPE}player-worker.js`,
    `${SCOPE}nothing.js`,
    'https://signage.example/media/content/a?expires=1',
    'https://signage.example/api/v1/sync/schedule',
    'https://signage.example/console/',
    'https://elsewhere.example/player/index.html',
  ])('nothing for %s', (url) => {
    expect(shellFileOf(url, SCOPE, SHELL)).toBeNull();
  });

  it('from the newest build and the one before, and drops the others, but no cache that is not its own', () => {
    const names = ['other', `${SHELL_CACHE}0`, `${SHELL_CACHE}1`, `${SHELL_CACHE}2`];
    expect(outdatedCaches(names, `${SHELL_CACHE}2`)).toEqual([`${SHELL_CACHE}0`]);
    expect(outdatedCaches([`${SHELL_CACHE}2`], `${SHELL_CACHE}2`)).toEqual([]);
  });
});
