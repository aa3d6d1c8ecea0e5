/**
 * A TCP relay in front of a hub, which fails as networks and proxies do.
 *
 * States: `open` (all passes); `no-upgrades` (a proxy that knows only plain HTTP: a WebSocket handshake is cut, and so is what
 * was upgraded before); `deaf` (what the hub says comes through, what the client says is lost); `shut` (every connection is cut
 * at once). Each change takes effect on connections that exist; those that lost something are cut when `deaf` ends.
 */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

export type Passage = 'open' | 'no-upgrades' | 'deaf' | 'shut';

interface Relayed {
  readonly client: Socket;
  upgraded: boolean;
  maimed: boolean;
}

const UPGRADE = /^GET \/ws[ ?][^]*\r\nupgrade: *websocket\r\n/i;

export class Gate {
  readonly #server: Server;
  readonly #relayed = new Set<Relayed>();
  #passage: Passage = 'open';
  #hubUrl: URL;

  /** @param hubUrl where open connections lead */
  constructor(hubUrl: string) {
    this.#hubUrl = new URL(hubUrl);
    this.#server = createServer((client) => this.#relay(client));
  }

  /** Listens on a free port of 127.0.0.1. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  let(passage: Passage): void {
    this.#passage = passage;
    for (const relayed of this.#relayed) if (!this.#mayPass(relayed)) relayed.client.destroy();
  }

  /** Every connection ends, and the next ones lead there. */
  leadTo(hubUrl: string): void {
    this.#hubUrl = new URL(hubUrl);
    for (const { client } of this.#relayed) client.destroy();
  }

  async stop(): Promise<void> {
    this.let('shut');
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #mayPass({ upgraded, maimed }: Relayed): boolean {
    if (this.#passage === 'deaf') return true;
    return !maimed && (this.#passage === 'open' || (this.#passage === 'no-upgrades' && !upgraded));
  }

  #relay(client: Socket): void {
    const relayed: Relayed = { client, upgraded: false, maimed: false };
    if (!this.#mayPass(relayed)) {
      client.destroy();
      return;
    }
    this.#relayed.add(relayed);
    const hub = connect(Number(this.#hubUrl.port), this.#hubUrl.hostname);
    client.on('data', (bytes) => {
      if (UPGRADE.test(bytes.toString('latin1'))) relayed.upgraded = true;
      if (this.#passage === 'deaf') relayed.maimed = true;
      else if (this.#mayPass(relayed)) hub.write(bytes);
      else client.destroy();
    });
    hub.pipe(client);
    client.on('close', () => {
      this.#relayed.delete(relayed);
      hub.destroy();
    });
    hub.on('close', () => client.destroy());
    // A reset is one of the ways in which a connection ends: `close` follows and does the rest.
    client.on('error', () => hub.destroy());
    hub.on('error', () => client.destroy());
  }
}
