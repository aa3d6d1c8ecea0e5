/** Things that stand where an S3 should: servers that answer as a test says, and one that the kernel alone keeps open. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createConnection, type AddressInfo } from 'node:net';
import { hasRunningThread } from '../../../test/support/daemon.ts';
import { eventually } from '../../../test/support/eventually.ts';

export interface Endpoint {
  readonly endpoint: string;
  /** Requests so far. */
  requests(): number;
  stop(): Promise<void>;
}

/** An HTTP server on a free port; `answer` gets the number of the request, from 1. */
export async function startEndpoint(
  answer: (response: ServerResponse, request: IncomingMessage, number: number) => void,
): Promise<Endpoint> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume();
    answer(response, request, requests);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An error as S3 words it. */
export function s3Error(response: ServerResponse, status: number, code: string, more = ''): void {
  response.writeHead(status, { 'Content-Type': 'application/xml' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>no</Message>${more}</Error>`,
  );
}

const LISTENER = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

/** An address to which no connection comes about and which refuses none: a frozen process whose queue of connections is full. */
export async function startBlackHole(): Promise<Endpoint> {
  const child = spawn(process.execPath, ['--eval', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  await eventually(() => child.pid !== undefined && !hasRunningThread(child.pid));
  const fillers = Array.from({ length: 4 }, () => createConnection(port, '127.0.0.1').on('error', () => undefined));
  // The queue takes one more than its length; whoever comes then is not answered.
  await eventually(() => fillers.filter((socket) => !socket.connecting).length >= 2);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests: () => 0,
    async stop() {
      for (const socket of fillers) socket.destroy();
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
