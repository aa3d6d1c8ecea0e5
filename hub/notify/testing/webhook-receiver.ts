/** Somebody's webhook on a free port of 127.0.0.1. Checks signatures as its documentation says, with code of its own. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** How requests are answered from now on; null: 204. */
  answer(how: ((response: ServerResponse, request: Received) => void) | null): void;
  stop(): Promise<void>;
}

/** Whether the delivery was signed with this secret: Web Crypto, where the sender uses node:crypto. */
export async function isSignedWith(secret: string, { headers, body }: Received): Promise<boolean> {
  const { subtle } = globalThis.crypto;
  const key = await subtle.importKey(
    'raw',
    new TextEncoder().encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );
  const [version, hex = ''] = String(headers['podoh-signature']).split('=');
  const signature = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const signed = new TextEncoder().encode(`${String(headers['podoh-timestamp'])}.${body}`);
  return version === 'v1' && subtle.verify('HMAC', key, signature, signed);
}

/** Starts it; what arrives is kept in the order of arrival. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  let how: ((response: ServerResponse, request: Received) => void) | null = null;
  const server = createServer((request, response) => {
    text(request)
      .then((body) => {
        const one = { method: request.method, path: request.url, headers: request.headers, body };
        received.push(one);
        if (how === null) response.writeHead(204).end();
        else how(response, one);
      })
      .catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer(next) {
      how = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
