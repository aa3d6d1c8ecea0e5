/** `npm run demo -- [API port]`: a Podoh with a demonstration fleet, until Ctrl-C; nothing of it is kept. */
import { DEMO_ADMIN, startDemo } from './demo-system.ts';

const apiPort = process.argv[2] === undefined ? 8080 : Number(process.argv[2]);
const demo = await startDemo({ apiPort });
console.log(`Console  ${demo.apiUrl}/console/\nPlayer   ${demo.apiUrl}/player/\nHub      ${demo.hubUrl}`);
console.log(`Sign in  ${DEMO_ADMIN.username} / ${DEMO_ADMIN.password}`);
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void demo.stop().then(() => process.exit(0));
  });
