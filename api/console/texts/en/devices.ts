/** What the console says about screens: the list, acting on many, pairing and importing. */
const number = new Intl.NumberFormat('en');
const screens = (count: number) => (count === 1 ? '1 screen' : `${number.format(count)} screens`);

const list = {
  title: 'Screens',
  description: (total: number) => screens(total),
  search: 'Search by name or player id',
  anyGroup: 'Any group',
  group: 'Group',
  presence: 'Presence',
  anyPresence: 'Online or not',
  presenceOf: {
    online: 'Online',
    websocket: 'Online, live connection',
    http: 'Online, HTTP only',
    offline: 'Offline',
  },
  state: 'State',
  anyState: 'Any state',
  stateOf: { active: 'Active', revoked: 'Revoked' },
  /** Beside a name, where there is no column for it. */
  revokedToo: ' · Revoked',
  sort: 'Sorted by',
  sorts: {
    name: 'Name, A to Z',
    '-name': 'Name, Z to A',
    status: 'Offline first',
    '-status': 'Online first',
    '-lastSeen': 'Seen last first',
    lastSeen: 'Longest unseen first',
    '-createdAt': 'Newest first',
    playerId: 'Player id',
  },
  columns: {
    name: 'Screen',
    presence: 'Presence',
    group: 'Group',
    model: 'Model and app',
    lastSeen: 'Last seen',
    state: 'State',
  },
  updating: 'Updating the list',
  matching: (count: number) => (count === 1 ? '1 screen matches' : `${number.format(count)} screens match`),
  of: (total: number) => `${screens(total)} in all`,
  empty: 'There are no screens yet',
  emptyHint: 'Open the player on a screen and enter the code it shows. For many screens at once, import a list.',
  emptyForViewer: 'Screens appear here as soon as somebody adds them to one of your groups.',
  pair: 'Pair a screen',
  import: 'Import a list',
  back: 'Back to the list',
};

const selecting = {
  select: (name: string) => `Select ${name}`,
  selectLoading: 'Select this screen (loading)',
  tickAll: (total: number) => (total === 1 ? 'Select the one that matches' : `Select all ${number.format(total)}`),
  selectColumn: 'Select',
  selected: (count: number) => `${screens(count)} selected`,
  allSelected: (count: number) => (count === 1 ? 'The one that matches' : `All ${number.format(count)} that match`),
  clear: 'Clear selection',
  bar: 'What to do with the selected screens',
  hint: 'Hold Shift to select a range',
  tooMany: (max: number) =>
    `At most ${number.format(max)} screens can be selected one by one. Select all that match instead, with a filter.`,
  more: 'More actions',
};

const skipped = {
  not_found: (count: number) => `${screens(count)} ${count === 1 ? 'is' : 'are'} gone or outside of your groups`,
  revoked: (count: number) => `${screens(count)} ${count === 1 ? 'is' : 'are'} revoked`,
  not_capable: (count: number) => `${screens(count)} cannot carry it out`,
  unchanged: (count: number) => `${screens(count)} ${count === 1 ? 'is' : 'are'} so already`,
};

const bulk = {
  actions: {
    move: 'Move',
    command: 'Send command',
    configure: 'Change settings',
    revoke: 'Revoke',
    remove: 'Delete',
  },
  titles: {
    move: (count: number) => `Move ${screens(count)}`,
    command: (count: number) => `Send a command to ${screens(count)}`,
    configure: (count: number) => `Change settings of ${screens(count)}`,
    revoke: (count: number) => `Revoke ${screens(count)}`,
    remove: (count: number) => `Delete ${screens(count)}`,
  },
  explain: {
    move: 'Screens in a group get its schedules, settings and alerts, and those of the groups above it.',
    command: 'Screens that are offline get it when they come back, if it has not run out by then.',
    configure: 'A setting of a screen itself goes before that of its group.',
    revoke:
      'Their credentials end at once and their connections are closed. They keep playing what they have until they are paired again.',
    remove:
      'They leave the list with their settings and commands. What they played and confirmed stays in the reports.',
  },
  confirm: {
    move: (count: number) => `Move ${screens(count)}`,
    command: (count: number) => `Send to ${screens(count)}`,
    configure: (count: number) => `Change ${screens(count)}`,
    revoke: (count: number) => `Revoke ${screens(count)}`,
    remove: (count: number) => `Delete ${screens(count)}`,
  },
  done: {
    move: (count: number) => `${screens(count)} moved`,
    command: (count: number) => `Command sent to ${screens(count)}`,
    configure: (count: number) => `Settings of ${screens(count)} changed`,
    revoke: (count: number) => `${screens(count)} revoked`,
    remove: (count: number) => `${screens(count)} deleted`,
  },
  target: 'Move to',
  noGroup: 'Put them in no group',
  noGroupHint: 'Only administrators see screens without a group.',
  command: 'Command',
  chooseCommand: 'Choose a command',
  commands: {
    identify: 'Show its name on the screen',
    refresh: 'Reload content',
    restart_app: 'Restart the player',
    reboot: 'Reboot',
    screenshot: 'Take a screenshot',
    clear_cache: 'Clear stored content',
    set_volume: 'Set the volume',
    set_brightness: 'Set the brightness',
    power_on: 'Turn the display on',
    power_off: 'Turn the display off',
    upload_logs: 'Send logs',
  },
  volume: 'Volume (percent)',
  brightness: 'Brightness (percent)',
  expires: 'Give up after',
  expiresOf: { '300': '5 minutes', '3600': '1 hour', '28800': '8 hours', '86400': '1 day' },
  settings: {
    volume: 'Volume',
    brightness: 'Brightness',
    orientation: 'Orientation',
    timezone: 'Time zone',
    power: 'Display',
    statusSeconds: 'Status report',
  },
  modes: { leave: 'Leave as it is', set: 'Set to', clear: 'As the group' },
  modeOf: (setting: string) => `${setting}: what to do`,
  valueOf: (setting: string) => `${setting}: value`,
  percent: 'percent',
  everySeconds: 'Every so many seconds (5 to 3,600)',
  orientations: {
    landscape: 'Landscape',
    portrait: 'Portrait',
    'landscape-flipped': 'Landscape, upside down',
    'portrait-flipped': 'Portrait, upside down',
  },
  powers: { on: 'On', off: 'Off' },
  previewTitle: 'What this will do',
  previewWaits: 'Choose what to do above to see what it will touch.',
  counting: 'Counting',
  touches: (affected: number, matched: number) =>
    affected === matched
      ? `It will be done to ${affected === 1 ? 'the selected screen' : `all ${screens(affected)}`}.`
      : `It will be done to ${number.format(affected)} of ${screens(matched)}.`,
  touchesNone: 'There is no screen that this can be done to.',
  skippedTitle: 'Left out:',
  skipped,
  including: (count: number, affected: number) => (count === affected ? 'These screens:' : 'Among them:'),
  andMore: (count: number) => `and ${number.format(count)} more`,
  numbersChanged:
    'Screens were added or removed meanwhile, so nothing was done. Look at the new numbers and confirm again.',
};

const pairing = {
  title: 'Pair a screen',
  description: 'Connect a screen by the code that it shows.',
  onTheScreen: 'On the screen',
  steps: {
    open: 'Open this address in its browser, best in full screen:',
    code: 'It shows a code such as 7K3M-Q2XD. A code lives for ten minutes; then the screen shows the next.',
    enter: 'Enter the code here.',
  },
  playerAddress: 'Address of the player',
  openPlayer: 'Open it here, in a new tab',
  code: 'Code',
  codeHint: 'Eight letters and digits. Capitals and the dash do not matter.',
  codeIncomplete: 'A code has eight letters and digits.',
  codeOddLetter: 'A code has no U and no signs. Look again.',
  name: 'Name of the screen',
  namePlaceholder: 'E.g. Library entrance',
  nameHint: 'Without one it keeps the name it gave itself.',
  group: 'Group',
  groupHint: 'Schedules, settings and alerts of the group will be its own.',
  groupNeeded: 'Choose one of your groups.',
  pair: 'Pair',
  wrongCode: 'No screen shows this code now. Check each letter, or wait for the next code: they live for ten minutes.',
  tooManyTries: (seconds: number) =>
    seconds > 0 ? `Too many wrong codes. Try again in ${number.format(seconds)} s.` : 'You can try again now.',
  busy: 'Somebody else is pairing this screen at this moment.',
  paired: (name: string) => `${name} is paired`,
  waiting: 'Waiting for it to come online. That takes a few seconds.',
  isOnline: 'It is online.',
  another: 'Pair another screen',
  identify: 'Show me on the screen',
  identified: 'The screen shows its name now',
  cannotIdentify: 'This screen cannot show its name on command.',
  openIt: 'Open its page',
};

const importing = {
  title: 'Import screens',
  description:
    'Make many screens at once, before they are switched on. Each gets a credential that its player signs in with.',
  paste: 'Paste a list, or choose a file',
  pasteHint:
    'One screen in each line: player id, name, group, latitude, longitude. Commas, semicolons or tabs; a first line with headings may change the order.',
  pasteExample: 'player-001, Library entrance, North Campus / Library',
  chooseFile: 'Choose a file',
  fileTooLarge: (megabytes: number) => `The file is larger than ${megabytes} MB. Split it.`,
  group: 'Group for lines without one',
  noGroup: 'None',
  groupNeeded: 'Choose a group: only administrators may leave screens without one.',
  check: 'What was read',
  readable: (count: number) => `${screens(count)} can be imported`,
  problems: (count: number) =>
    count === 1
      ? '1 line has a problem and is left out'
      : `${number.format(count)} lines have problems and are left out`,
  noneReadable: 'No line can be imported.',
  line: 'Line',
  playerId: 'Player id',
  name: 'Name',
  groupColumn: 'Group',
  place: 'Place',
  result: 'Result',
  ready: 'Ready',
  onlyFirst: (shown: number, total: number) => `The first ${number.format(shown)} of ${number.format(total)} lines`,
  onlyProblems: 'Show lines with problems only',
  problem: {
    noPlayerId: 'has no player id',
    oddPlayerId: 'player id may have letters, digits and . _ : - only, at most 64',
    repeated: (line: number) => `player id is in line ${number.format(line)} already`,
    longName: 'name is longer than 120 characters',
    unknownGroup: (group: string) => `there is no group ${group}`,
    ambiguousGroup: (group: string) => `several groups are called ${group}: write the whole path`,
    needsGroup: 'has no group',
    oddPlace: 'latitude has to be -90 to 90 and longitude -180 to 180',
    halfPlace: 'latitude and longitude belong together',
  },
  start: (count: number) => `Import ${screens(count)}`,
  running: (done: number, total: number) => `${number.format(done)} of ${screens(total)} imported`,
  progress: 'Progress of the import',
  stopped: (done: number, total: number) =>
    done === 0
      ? 'Nothing was imported.'
      : `${number.format(done)} of ${screens(total)} were imported and are safe; the others were not.`,
  resume: (count: number) => `Import the other ${number.format(count)}`,
  finished: (count: number) => `${screens(count)} imported`,
  existing: (count: number) =>
    count === 1
      ? '1 player existed already and was left as it is:'
      : `${number.format(count)} players existed already and were left as they are:`,
  credentials: 'Credentials',
  credentialsOnce:
    'Download the credentials now: they are shown this once. Without them the screens have to be paired by code.',
  downloadCsv: 'Download as CSV',
  downloadJson: 'Download as JSON',
  downloaded: 'Downloaded',
  leaveTitle: 'Leave without the credentials?',
  leaveMessage: 'They were not downloaded yet and cannot be shown again.',
  leave: 'Leave',
  again: 'Import another list',
  toScreens: 'To the screens',
};

export const deviceTexts = { ...list, selecting, bulk, pairing, importing };
