/**
 * A list of screens as people have it in a spreadsheet: CSV (RFC 4180) with commas, semicolons or tabs, with or without headings.
 * Pure.
 */

/** A field that was read from one line. */
export interface TableLine {
  /** Number of the line in the text, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

const SEPARATORS = [',', ';', '\t'] as const;

/** The separator of the first line that has any outside of quotes: the one it has most of; a comma where there is none. */
export function separatorOf(text: string): string {
  const counts = new Map<string, number>();
  let quoted = false;
  let isCellStart = true;
  for (const character of text) {
    const isSeparator = !quoted && SEPARATORS.some((one) => one === character);
    if (character === '"' && (quoted || isCellStart)) quoted = !quoted;
    else if (!quoted && character === '\n' && counts.size > 0) break;
    else if (isSeparator) counts.set(character, (counts.get(character) ?? 0) + 1);
    // Right after a closing quote as well, because two of them stand for one.
    isCellStart =
      isSeparator || (!quoted && (character === '"' || character === '\n' || (isCellStart && character === ' ')));
  }
  return SEPARATORS.toSorted((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0))[0] ?? ',';
}

/**
 * Lines and their cells. A quoted cell may hold separators, line ends and doubled quotes; a byte order mark, blanks around cells and
 * empty lines do not count.
 */
export function parseTable(given: string): TableLine[] {
  const text = given.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const separator = separatorOf(text);
  const lines: TableLine[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let wasQuoted = false;
  let line = 1;
  let startLine = 1;
  const endCell = (): void => {
    cells.push(wasQuoted ? cell : cell.trim());
    cell = '';
    wasQuoted = false;
  };
  const endLine = (): void => {
    endCell();
    if (cells.some((one) => one !== '')) lines.push({ line: startLine, cells });
    cells = [];
    startLine = line;
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '\n') line += 1;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"' && cell.trim() === '' && !wasQuoted) {
      quoted = true;
      wasQuoted = true;
      cell = '';
    } else if (character === separator) endCell();
    else if (character === '\n') endLine();
    else if (!wasQuoted || character.trim() !== '') cell += character;
  }
  endLine();
  return lines;
}

export const DEVICE_FIELDS = ['playerId', 'name', 'group', 'latitude', 'longitude'] as const;
export type DeviceField = (typeof DEVICE_FIELDS)[number];

/** Headings that mean a field, as they are written without blanks, signs and capitals. */
const HEADINGS: Readonly<Record<string, DeviceField>> = {
  playerid: 'playerId',
  player: 'playerId',
  serial: 'playerId',
  serialnumber: 'playerId',
  name: 'name',
  screen: 'name',
  screenname: 'name',
  displayname: 'name',
  group: 'group',
  groupid: 'group',
  groupname: 'group',
  grouppath: 'group',
  latitude: 'latitude',
  lat: 'latitude',
  longitude: 'longitude',
  lon: 'longitude',
  lng: 'longitude',
  long: 'longitude',
};

/** A line by its fields; what a line does not have is ''. */
export type DeviceLine = { readonly line: number } & Readonly<Record<DeviceField, string>>;

/** Lines by their fields: in the order of the headings where the first line has any, else in the order of DEVICE_FIELDS. */
export function deviceLines(lines: readonly TableLine[]): DeviceLine[] {
  const [first, ...others] = lines;
  if (first === undefined) return [];
  const headings = first.cells.map((cell) => HEADINGS[cell.toLowerCase().replace(/[^a-z]/g, '')]);
  const hasHeadings = headings.includes('playerId');
  const columns = hasHeadings ? headings : DEVICE_FIELDS;
  return (hasHeadings ? others : lines).map(({ line, cells }) => {
    const of = (field: DeviceField): string => cells[columns.indexOf(field)] ?? '';
    return {
      line,
      playerId: of('playerId'),
      name: of('name'),
      group: of('group'),
      latitude: of('latitude'),
      longitude: of('longitude'),
    };
  });
}
