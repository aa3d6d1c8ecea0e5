/* oxlint-disable typescript/no-explicit-any -- messages are asserted on here, not computed with: their types are what the tests test */
/** A console on the live feed, for tests: keeps every message, and how the connection ended. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Check } from 'typebox/value';
import { LIVE_PROTOCOL, LiveServerMessage, type LiveServerMessage as Message } from '../live-messages.ts';

export interface LiveConnect {
  /** Sent as a subprotocol entry. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of those of the feed. */
  readonly protocols?: readonly string[];
}

type Of<K extends Message['type']> = Extract<Message, { type: K }>;

export class LiveClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  /** Texts as they came, in order. */
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      const message: any = JSON.parse(data.toString());
      if (!Check(LiveServerMessage, message)) throw new Error(`not in the contract: ${data.toString()}`);
      this.texts.push(data.toString());
      this.messages.push(message);
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    socket.on('error', () => undefined);
  }

  /** Connects; rejects with the status when the upgrade is refused. @param url `http://host:port` */
  static async open(url: string, { token, headers = {}, protocols }: LiveConnect = {}): Promise<LiveClient> {
    const offered = protocols ?? [LIVE_PROTOCOL, ...(token === undefined ? [] : [`bearer.${token}`])];
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`, [...offered], { headers });
    const client = new LiveClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', (_request, response) => {
        const { statusCode } = response;
        response.resume();
        socket.terminate();
        reject(new Error(`upgrade refused: ${statusCode}`));
      });
      socket.once('error', reject);
    });
    return client;
  }

  /** Connects with a token and waits until it is told where things stand. */
  static async ready(url: string, token: string): Promise<LiveClient> {
    const client = await LiveClient.open(url, { token });
    await client.until('the first presence', () => client.of('presence').length > 0);
    return client;
  }

  of<K extends Message['type']>(type: K): Of<K>[] {
    return this.messages.filter((message): message is Of<K> => message.type === type);
  }

  /** The newest word on a deployment of an alert. */
  ladderOf(deploymentId: number) {
    return this.of('ladder')
      .flatMap(({ deployments }) => deployments)
      .findLast((item) => item.deploymentId === deploymentId);
  }

  /** Everything that was said to have changed, as `entity:id`. */
  get changed(): string[] {
    return this.of('changed').flatMap(({ entities }) => entities.map(({ entity, id }) => `${entity}:${id ?? '*'}`));
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Waits until the condition holds. */
  async until(what: string, holds: () => boolean, withinMs = 15_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!holds()) {
      if (performance.now() > deadline)
        throw new Error(`${what} did not come; closed: ${JSON.stringify(this.closed)}; got ${this.texts.join(' ')}`);
      await sleep(10);
    }
  }

  /** Waits for the end, and gives its code. */
  async end(): Promise<number> {
    await this.until('the end', () => this.closed !== null);
    return this.closed?.code ?? 0;
  }

  async close(): Promise<void> {
    if (this.closed !== null) return;
    this.socket.terminate();
    await once(this.socket, 'close');
  }
}
