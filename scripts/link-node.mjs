/**
 * Runs after every install, on whatever Node the machine has, hence plain JavaScript. Podoh runs on the Node 22 that comes as a
 * package; npm 10 drops its link in node_modules/.bin when it discards the package of the other architecture, so it is made
 * here when it is missing. Harmless where the link is there or the machine brings Node 22 itself.
 */
import { existsSync, lstatSync, symlinkSync, unlinkSync } from 'node:fs';
import { arch, platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const link = join(modules, '.bin', 'node');
const target = join('..', `node-${platform}-${arch}`, 'bin', 'node');

if (existsSync(join(modules, '.bin', target)) && !existsSync(link)) {
  // A dangling link does not "exist" and would still be in the way.
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) unlinkSync(link);
  symlinkSync(target, link);
}
