import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../test/support/free-port.ts';
import { NotDeliveredError, type Clock, type OutsideEvent } from '../core/ports.ts';
import { isSignedWith, startWebhookReceiver, type WebhookReceiver } from './testing/webhook-receiver.ts';
import { createWebhooks, type Resolved, type WebhookOptions } from './webhook-notifier.ts';

const NOW = Date.UTC(2026, 10, 20, 9, 0, 0, 750);
const clock: Clock = { now: () => NOW, monotonicMs: () => 0 };
const SECRET = 'whsec_canary';
const EVENT: OutsideEvent = {
  eventId: 'alert.started:1:7',
  kind: 'alert.started',
  tenantId: 3,
  body: '{"title":"Räumen = 避難"}',
};

let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.answer(null));
afterAll(() => receiver.stop());

/** Sends the event; inside addresses are allowed unless told otherwise. */
function publish(url: string, options: Partial<WebhookOptions> = {}, event = EVENT): Promise<void> {
  return createWebhooks({ clock, allowPrivate: true, ...options })
    .open({ url, secret: SECRET })
    .publish(event);
}

/** A resolver that knows every name by these addresses, and what it was asked. */
function resolver(...addresses: string[]): { asked: string[]; resolve: (name: string) => Promise<Resolved[]> } {
  const asked: string[] = [];
  return {
    asked,
    async resolve(name) {
      asked.push(name);
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
  };
}

async function failure(publishing: Promise<void>): Promise<NotDeliveredError> {
  const error: unknown = await publishing.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NotDeliveredError)) throw new Error(`not what was expected: ${inspect(error)}`);
  return error;
}

describe('delivering', () => {
  test('posts the very bytes; the signature verifies by the words of the documentation, and by them alone', async () => {
    const before = receiver.received.length;
    await publish(`${receiver.url}/hook?a=b`);
    const [got, ...others] = receiver.received.slice(before);
    if (got === undefined) throw new Error('nothing came');
    expect(others).toEqual([]);
    expect(got).toMatchObject({ method: 'POST', path: '/hook?a=b', body: EVENT.body });
    expect(got.headers).toMatchObject({
      'content-type': 'application/json',
      'podoh-event': 'alert.started',
      'podoh-event-id': 'alert.started:1:7',
      'podoh-timestamp': String(Math.floor(NOW / 1000)),
    });
    expect(await isSignedWith(SECRET, got)).toBe(true);
    expect(await isSignedWith('whsec_other', got)).toBe(false);
    expect(await isSignedWith(SECRET, { ...got, body: `${got.body} ` })).toBe(false);
    const later = { ...got.headers, 'podoh-timestamp': String(Math.floor(NOW / 1000) + 1) };
    expect(await isSignedWith(SECRET, { ...got, headers: later })).toBe(false);
  });

  test.each([
    [200, null],
    [204, null],
    [299, null],
    [301, { retry: true }],
    [302, { retry: true }],
    [400, { retry: true }],
    [404, { retry: true }],
    [408, { retry: true }],
    [410, { retry: false }],
    [429, { retry: true }],
    [500, { retry: true }],
    [503, { retry: true }],
  ])('%i means %o; a redirect is not followed', async (status, outcome) => {
    receiver.answer((response) => response.writeHead(status, { location: `${receiver.url}/elsewhere` }).end());
    const before = receiver.received.length;
    const publishing = publish(receiver.url);
    if (outcome === null) await publishing;
    else expect(await failure(publishing)).toMatchObject({ ...outcome, retryAfterMs: null });
    expect(receiver.received.slice(before).map(({ path }) => path)).toEqual(['/']);
  });

  test.each([
    ['30', 30_000],
    ['0', 0],
    ['999999', 3_600_000],
    [new Date(NOW + 90_000).toUTCString(), 89_250],
    [new Date(NOW - 90_000).toUTCString(), 0],
    ['soon', null],
    ['-5', null],
  ])('Retry-After: %s is %s ms', async (value, retryAfterMs) => {
    receiver.answer((response) => response.writeHead(429, { 'retry-after': value }).end());
    expect(await failure(publish(receiver.url))).toMatchObject({ retry: true, retryAfterMs });
  });

  test('the body of an answer is not waited for, and cut when it does not end', async () => {
    const cut = Promise.withResolvers<void>();
    receiver.answer((response) => {
      response.once('close', () => cut.resolve());
      response.writeHead(200).write('x'.repeat(100_000));
    });
    await publish(receiver.url);
    await expect(cut.promise).resolves.toBeUndefined();
  });

  test('no answer, half an answer, no answer in HTTP, nobody there: to be tried again, and no address is told', async () => {
    receiver.answer(() => undefined);
    const silent = await failure(publish(receiver.url, { attemptMs: 100 }));
    receiver.answer((response) =>
      response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    );
    const upgraded = await failure(publish(receiver.url));
    receiver.answer((response) => response.socket?.end('HTTP/1.1 2'));
    const half = await failure(publish(receiver.url));
    const nobody = await failure(publish(`http://127.0.0.1:${await freePort()}`));
    const plain = await failure(publish(receiver.url.replace('http:', 'https:')));
    const unknown = await failure(
      publish('http://hook.example/', {
        resolve: () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })),
      }),
    );
    const slowNames = await failure(
      publish('http://hook.example/', { attemptMs: 100, resolve: () => new Promise(() => undefined) }),
    );
    const nameless = await failure(publish('http://hook.example/', { resolve: async () => [] }));
    const failures = [silent, upgraded, half, nobody, plain, unknown, slowNames, nameless];
    expect(failures.map(({ retry }) => retry)).toEqual(failures.map(() => true));
    expect(silent.message).toBe('the webhook cannot be reached: no answer in time');
    expect(nobody.message).toBe('the webhook cannot be reached: ECONNREFUSED');
    expect(unknown.message).toBe('the webhook cannot be reached: ENOTFOUND');
    expect(slowNames.message).toBe(silent.message);
    for (const { message } of failures) expect(message).not.toMatch(/127\.0\.0\.1|hook\.example|whsec/);
  });
});

describe('the inside is out of reach', () => {
  const { refusal } = createWebhooks({ clock, allowPrivate: false });

  test.each([
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/plain,x',
    'gopher://127.0.0.1:6379/_FLUSHALL',
    '//example.com/',
    'example.com',
    'https://',
    'https:///',
    '',
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://example.com@127.0.0.1/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://api.localhost/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://127.0.0.1./',
    'https://0x7f.1/',
    'https://0x7f000001/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://①②⑦.⓪.⓪.①/',
    'https://0/',
    'https://0.0.0.0/',
    'https://10.0.0.1/',
    'https://172.16.0.1:8443/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://0xa9fea9fe/',
    'https://2852039166/',
    'https://100.64.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::]/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[fc00::1]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://[ff02::1]/',
    `https://example.com/${'x'.repeat(2_000)}`,
  ])('%s is refused as it stands, and nothing is sent to it', async (url) => {
    expect(refusal(url)).toMatch(/^(is|must) /);
    const { asked, resolve } = resolver('93.184.216.34');
    expect((await failure(publish(url, { allowPrivate: false, resolve }))).retry).toBe(false);
    expect(asked).toEqual([]);
  });

  test.each([
    'https://example.com/hook',
    'https://1.1.1.1/',
    'https://[2606:4700:4700::1111]:8443/a?b=c',
    'https://127.0.0.1.nip.io/',
  ])('%s is an address like any other, as far as its text goes', (url) => {
    expect(refusal(url)).toBeNull();
  });

  test.each([
    [['127.0.0.1']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['169.254.169.254']],
    [['10.1.2.3']],
    [['fd00::1']],
    [['fe80::1%eth0']],
    [['93.184.216.34', '127.0.0.1']],
    [['2606:4700:4700::1111', '::1']],
    [['127.0.0.1', '93.184.216.34']],
  ])('a name that stands for %j is not connected to', async (addresses) => {
    const { asked, resolve } = resolver(...addresses);
    const before = receiver.received.length;
    // The port is one at which somebody would answer.
    const url = receiver.url.replace('http://127.0.0.1', 'https://hook.example');
    const error = await failure(publish(url, { allowPrivate: false, resolve }));
    expect(error.message).toBe('the name does not stand for addresses of the public Internet alone');
    expect(error.retry).toBe(true);
    expect(asked).toEqual(['hook.example']);
    expect(receiver.received).toHaveLength(before);
  });

  test('the name is looked up once and the connection goes where the check looked (rebinding)', async () => {
    const { asked, resolve } = resolver('127.0.0.1');
    const before = receiver.received.length;
    // Nobody but our resolver knows the name: whoever asked again would find nothing.
    await publish(receiver.url.replace('127.0.0.1', 'rebind.invalid'), { resolve });
    expect(asked).toEqual(['rebind.invalid']);
    expect(receiver.received.slice(before).map(({ headers }) => headers.host?.split(':')[0])).toEqual([
      'rebind.invalid',
    ]);
  });
});
