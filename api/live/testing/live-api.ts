/** A listening API with the live feed, whose clock runs, and consoles that are closed with it. */
import type { AddressInfo } from 'node:net';
import type { OpenDatabase } from '../../../migrations/dialect.ts';
import type { Database } from '../../../migrations/tables.ts';
import { resourceRoutes } from '../../resource-routes.ts';
import {
  openApi,
  type ApiFixture,
  type FixtureOptions,
  type TestClock,
  type TestUser,
} from '../../testing/api-fixture.ts';
import { LiveClient, type LiveConnect } from './live-client.ts';

/** The system's clock, which can be moved as well. */
function runningClock(): TestClock {
  let aheadMs = 0;
  return {
    now: () => Date.now() + aheadMs,
    monotonicMs: () => performance.now() + aheadMs,
    advance: (ms) => {
      aheadMs += ms;
    },
  };
}

export interface LiveApi extends ApiFixture {
  readonly url: string;
  /** A console with a token, told where things stand. */
  console(user: TestUser): Promise<LiveClient>;
  connect(options?: LiveConnect): Promise<LiveClient>;
}

export async function openLiveApi(db: OpenDatabase<Database>, options: FixtureOptions = {}): Promise<LiveApi> {
  const api = await openApi(db, { clock: runningClock(), routes: resourceRoutes(), ...options });
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`;
  const clients: LiveClient[] = [];
  const kept = async (opening: Promise<LiveClient>): Promise<LiveClient> => {
    const client = await opening;
    clients.push(client);
    return client;
  };
  return {
    ...api,
    url,
    console: (user) => kept(LiveClient.ready(url, user.token)),
    connect: (connecting) => kept(LiveClient.open(url, connecting)),
    async close() {
      for (const client of clients) await client.close();
      await api.close();
    },
  };
}
