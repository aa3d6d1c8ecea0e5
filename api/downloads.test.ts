/** Downloads over real sockets: what cuts them, what does not, and that too many are refused. */
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../test/support/eventually.ts';
import { DOWNLOAD_LIMITS, Downloads, type DownloadLimits } from './downloads.ts';
import { answerFailure } from './failure-answer.ts';

const CHUNK = Buffer.alloc(65_536, 'x');
const apps: FastifyInstance[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/** An API with endless files at /endless, ones that say nothing at /silent, and one of three bytes at /short. */
async function serve(limits: Partial<DownloadLimits>): Promise<{ app: FastifyInstance; port: number }> {
  const app = fastify();
  apps.push(app);
  app.setErrorHandler(answerFailure);
  const downloads = new Downloads(app, { ...DOWNLOAD_LIMITS, ...limits });
  const files: Record<string, () => Readable | string> = {
    '/endless': () =>
      new Readable({
        read() {
          this.push(CHUNK);
        },
      }),
    '/silent': () =>
      new Readable({
        read() {
          /* Nothing ever comes. */
        },
      }),
    '/short': () => 'abc',
  };
  for (const [url, file] of Object.entries(files)) {
    app.get(url, async (_request, reply) => {
      downloads.begin(reply);
      return reply.type('video/mp4').send(file());
    });
  }
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, port: (app.server.address() as AddressInfo).port };
}

/** A client that asks and reads nothing until it is told to. */
function ask(port: number, path: string): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  return socket;
}

/** Resolves when the server has ended the connection. */
async function end(socket: Socket): Promise<void> {
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
}

test('who reads nothing is cut after a while', async () => {
  const { app, port } = await serve({ stallMs: 200 });
  const socket = ask(port, '/endless');
  await eventually(async () => (await connections(app)) === 1);
  await eventually(async () => (await connections(app)) === 0);
  // Not one that had its fill: it never read.
  expect(socket.readableEnded).toBe(false);
});

test('a file of which no byte comes is cut too', async () => {
  const { port } = await serve({ stallMs: 200 });
  const socket = ask(port, '/silent');
  await end(socket);
  expect(socket.bytesRead).toBe(0);
});

test('who reads slowly is not, however long it takes', async () => {
  const { app, port } = await serve({ stallMs: 1_000 });
  const socket = ask(port, '/endless');
  const step = 8 * 1024 * 1024;
  // Many times the limit in all: between two reads less than the limit passes, and each empties the kernel's buffers.
  for (let round = 1; round <= 10; round += 1) {
    socket.resume();
    await eventually(() => socket.bytesRead > round * step);
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  expect(await connections(app)).toBe(1);
  expect(socket.destroyed).toBe(false);
});

test('a connection that was used for a download lives on as others do', async () => {
  const { port } = await serve({ stallMs: 100 });
  const socket = ask(port, '/short');
  socket.resume();
  let heard = '';
  socket.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')));
  await eventually(() => heard.endsWith('abc'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.write('GET /short HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually(() => heard.split('abc').length === 3);
  expect(heard.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
});

test('too many at once are told to come again, and may when one is over', async () => {
  const { app, port } = await serve({ atOnceMax: 2 });
  const [first] = [ask(port, '/endless'), ask(port, '/endless')];
  await eventually(async () => (await connections(app)) === 2);
  const refused = await eventuallyStatus(port, 503);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.json()).toMatchObject({ success: false, error: { code: 'UNAVAILABLE' } });
  first.destroy();
  expect(await (await eventuallyStatus(port, 200)).text()).toBe('abc');
  expect(await (await eventuallyStatus(port, 200)).text()).toBe('abc');
});

test('a process that closes waits a little for downloads, and cuts those that go on', async () => {
  const { app, port } = await serve({ closeMs: 100 });
  const socket = ask(port, '/endless');
  socket.resume();
  await eventually(() => socket.bytesRead > 0);
  socket.pause();
  const closed = app.close();
  await end(socket);
  await closed;
  expect(app.server.listening).toBe(false);
});

async function connections(app: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

async function eventuallyStatus(port: number, status: number): Promise<Response> {
  let answer: Response | null = null;
  await eventually(async () => {
    await answer?.body?.cancel();
    answer = await fetch(`http://127.0.0.1:${port}/short`);
    return answer.status === status;
  });
  if (answer === null) throw new Error('nothing was answered');
  return answer;
}
