import { describe, expect, it } from 'vitest';
import { knowsHomeHub, rememberHomeHub, resolveIdentity } from './identity.ts';
import { memoryKeyValue, type KeyValue } from './key-value.ts';
import { hubAddress, socketAddress, webAddress } from './web-address.ts';

const ORIGIN = 'http://cms.example.com:8080';

function identify(search: string, keyValue: KeyValue) {
  return resolveIdentity({ search, origin: ORIGIN, keyValue, newId: () => 'made-1' });
}

describe('resolveIdentity', () => {
  it('makes an id once and keeps it', () => {
    const keyValue = memoryKeyValue();
    expect(identify('', keyValue).playerId).toBe('made-1');
    expect(resolveIdentity({ search: '', origin: ORIGIN, keyValue, newId: () => 'made-2' }).playerId).toBe('made-1');
  });

  it('takes the id of the address for this page only, and refuses one that is not an id', () => {
    const keyValue = memoryKeyValue();
    expect(identify('?playerId=lobby-1', keyValue)).toMatchObject({ playerId: 'lobby-1', scope: 'podoh:lobby-1' });
    expect(identify('', keyValue).playerId).toBe('made-1');
    expect(identify('?playerId=%20../x', keyValue).playerId).toBe('made-1');
  });

  it('uses the hub that its server tells, and remembers it', () => {
    const keyValue = memoryKeyValue();
    expect(knowsHomeHub(keyValue)).toBe(false);
    expect(identify('', keyValue).hubUrl).toBe(ORIGIN);
    expect(rememberHomeHub(keyValue, ':8081', ORIGIN)).toBe(true);
    expect(rememberHomeHub(keyValue, ':8081', ORIGIN)).toBe(false);
    expect(rememberHomeHub(keyValue, null, ORIGIN)).toBe(false);
    expect(knowsHomeHub(keyValue)).toBe(true);
    expect(identify('', keyValue)).toMatchObject({ hubUrl: 'http://cms.example.com:8081', scope: 'podoh:made-1' });
  });

  it('remembers the hub of the address, and keeps its secrets apart from those for its own hub', () => {
    const keyValue = memoryKeyValue();
    rememberHomeHub(keyValue, ':8081', ORIGIN);
    const elsewhere = identify('?hub=https://other.example.com', keyValue);
    expect(elsewhere).toMatchObject({
      hubUrl: 'https://other.example.com',
      scope: 'podoh:made-1@https://other.example.com',
    });
    expect(identify('', keyValue)).toEqual(elsewhere);
    expect(identify('?hub=http://cms.example.com:8081', keyValue).scope).toBe('podoh:made-1');
  });

  it('keeps the name of the address', () => {
    const keyValue = memoryKeyValue();
    identify('?name=Lobby%20north', keyValue);
    expect(identify('', keyValue).name).toBe('Lobby north');
  });
});

describe('addresses', () => {
  it.each([
    [':8081', 'http://cms.example.com:8081'],
    ['hub.example.com:8081', 'http://hub.example.com:8081'],
    ['https://hub.example.com/some/path', 'https://hub.example.com'],
    ['wss://hub.example.com', 'https://hub.example.com'],
    ['ws://10.0.0.5:8081', 'http://10.0.0.5:8081'],
    ['', null],
    [null, null],
    ['javascript://alert(1)', null],
    ['ftp://hub.example.com', null],
    ['http://', null],
  ])('hub %s is %s', (text, expected) => expect(hubAddress(text, ORIGIN)).toBe(expected));

  it('makes the address of the socket', () => {
    expect(socketAddress('https://hub.example.com')).toBe('wss://hub.example.com/ws');
    expect(socketAddress('http://127.0.0.1:8081')).toBe('ws://127.0.0.1:8081/ws');
  });

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'intent://x#Intent;end',
    'blob:http://a/b',
    'http://',
  ])('lets no content come from %s', (url) => expect(webAddress(url, ORIGIN)).toBeNull());

  it('takes content from the web, relative addresses included', () => {
    expect(webAddress('/api/v1/content/5/file', ORIGIN)?.href).toBe(
      'http://cms.example.com:8080/api/v1/content/5/file',
    );
  });
});
