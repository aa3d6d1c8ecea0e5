/** The README's table of variables, made from the schema that reads them. */
import { ENVIRONMENT } from '../hub/config.ts';

const BEGIN = '<!-- configuration -->\n';
const HEAD = '\n| variable | default | what it is |\n|---|---|---|\n';
const END = '<!-- /configuration -->';

interface Variable {
  readonly description?: string;
  readonly default?: string | number;
}

/** The README with its table as the code says. Throws when the markers are gone. */
export function withConfiguration(readme: string): string {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from < 0 || to < from) throw new Error('README.md has lost the markers of its configuration table');
  const rows = Object.entries(ENVIRONMENT.properties as Readonly<Record<string, Variable>>).map(
    ([name, { description = '', default: fallback }]) =>
      `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${description.replaceAll('|', '\\|')} |\n`,
  );
  return `${readme.slice(0, from + BEGIN.length)}${HEAD}${rows.join('')}\n${readme.slice(to)}`;
}
