/** A Podoh of its own for pictures and demonstrations: the embedded program on free ports, with throwaway data and the demo fleet. */
import { freePort } from '../support/free-port.ts';
import { removeFolder, throwawayFolder } from '../support/daemon.ts';
import { Program } from '../support/processes.ts';
import { demoFleet, type DemoFleet } from './demo-fleet.ts';

export const DEMO_ADMIN = { username: 'admin', password: 'demo demo demo' };

export interface DemoSystem {
  readonly apiUrl: string;
  readonly hubUrl: string;
  readonly fleet: DemoFleet;
  stop(): Promise<void>;
}

export interface DemoOptions {
  /** Port of the API; a free one when left out. */
  readonly apiPort?: number;
  readonly screensEach?: number;
}

export async function startDemo({ apiPort, screensEach = 6 }: DemoOptions = {}): Promise<DemoSystem> {
  const folder = throwawayFolder('demo');
  const [api, hub] = [apiPort ?? (await freePort()), await freePort()];
  const [apiUrl, hubUrl] = [`http://127.0.0.1:${api}`, `http://127.0.0.1:${hub}`];
  const program = new Program({
    entry: 'api/main-embedded.ts',
    env: {
      API_HOST: '127.0.0.1',
      API_PORT: String(api),
      HUB_HOST: '127.0.0.1',
      HUB_PORT: String(hub),
      PODOH_DATA_DIR: folder,
      PODOH_ADMIN_USERNAME: DEMO_ADMIN.username,
      PODOH_ADMIN_PASSWORD: DEMO_ADMIN.password,
      RATE_LIMIT_USER_PER_MINUTE: '100000',
      LOG_LEVEL: 'warn',
    },
    urls: [apiUrl, hubUrl],
  });
  await program.start();
  const fleet = await demoFleet({ apiUrl, hubUrl, ...DEMO_ADMIN, screensEach });
  return {
    apiUrl,
    hubUrl,
    fleet,
    async stop() {
      await fleet.stop();
      await program.stop();
      removeFolder(folder);
    },
  };
}
