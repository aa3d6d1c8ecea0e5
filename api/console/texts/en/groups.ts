/** What the console says about groups. */
function counted(count: number, one: string, many: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${many}`;
}

function screens(count: number): string {
  return counted(count, 'screen', 'screens');
}

const move = {
  confirm: 'Move',
  goOn: 'Go on',
  where: 'Move to',
  top: 'The top',
  groupTitle: (name: string) => `Move ${name}`,
  screenTitle: (name: string) => `Move ${name}`,
  group: (name: string, groups: number, screenCount: number, target: string, isTop: boolean) => {
    const parts = [
      ...(groups > 0 ? [counted(groups, 'group', 'groups')] : []),
      ...(screenCount > 0 ? [screens(screenCount)] : []),
    ];
    const what = parts.length === 0 ? name : `${name} with ${parts.join(' and ')}`;
    return isTop ? `${what} goes to the top.` : `${what} goes below ${target}.`;
  },
  screen: (name: string, target: string | null) =>
    target === null ? `${name} leaves its group and stands in none.` : `${name} goes to ${target}.`,
  applies: (alerts: number, schedules: number) => {
    if (alerts === 0 && schedules === 0) return 'No active alert and no schedule of the new place will apply there.';
    const parts = [
      ...(alerts > 0 ? [counted(alerts, 'active alert', 'active alerts')] : []),
      ...(schedules > 0 ? [counted(schedules, 'schedule', 'schedules')] : []),
    ];
    return `${parts.join(' and ')} of the new place will apply there at once. Those of the old place do not any more.`;
  },
  nothingFromAbove: 'Alerts, schedules and settings of the groups above do not apply there any more.',
  appliesUnknown: 'Alerts and schedules of the new place will apply there at once.',
  looking: 'Looking at what applies there',
  done: (name: string) => `${name} moved`,
  refused: {
    'already-there': 'It is there already.',
    'below-itself': 'A group cannot go below itself.',
    'name-taken': 'There is a group of this name already.',
  },
};

export const groupTexts = {
  title: 'Groups',
  description: 'What targets a group reaches every screen in it and in the groups below.',
  move,
  search: 'Search groups',
  expandAll: 'Expand all',
  collapseAll: 'Collapse all',
  choose: 'Choose a group to see its screens and settings. Drag groups and screens to where they belong.',
  backToTree: 'All groups',
  none: 'No groups yet',
  noneHint: 'Groups are sites, floors, lobbies: whatever is alerted, scheduled and set together.',
  noneForYou: 'No group is assigned to you. Ask an administrator.',
  add: 'Add group',
  addBelow: 'Add group below',
  below: 'Below',
  made: (name: string) => `${name} added`,
  saved: (name: string) => `${name} saved`,
  rename: 'Rename',
  renameTitle: (name: string) => `Rename ${name}`,
  moveTo: 'Move to…',
  raiseHere: 'Raise an alert here',
  counts: (online: number, total: number) => (total === 0 ? '0' : `${online} / ${total}`),
  countsInWords: (online: number, total: number) =>
    total === 0 ? 'No screens' : `${online} of ${screens(total)} online`,
  in: (path: string) => `In ${path}`,
  dropAtTop: 'Drop to put it at the top',
  dropInNone: 'Drop to take it out of its group',
  tabsOf: (name: string) => `About ${name}`,
  tabs: { screens: 'Screens', settings: 'Settings', applies: 'What applies', people: 'People' },
  screensOf: (name: string) => `Screens of ${name}`,
  presence: 'Online',
  group: 'Group',
  thisGroup: 'This group',
  revoked: 'Access revoked',
  moveScreen: (name: string) => `Move ${name} to…`,
  dragScreen: 'Drag to another group',
  allScreens: 'All of them in the list of screens',
  noScreens: 'No screens here',
  noScreensHint: 'Drag screens here from other groups, or name this group when you pair or import them.',
  settingsHint: 'They hold for every screen in this group and below it, unless something nearer to the screen is set.',
  noSettings: 'Nothing is set here or above.',
  discard: 'Discard changes',
  alerts: 'Alerts on screens now',
  noAlerts: 'None.',
  schedules: 'Schedules',
  noSchedules: 'None was deployed to this group or above it.',
  ofThisGroup: 'for this group',
  fromGroup: (name: string) => `from ${name}`,
  until: (at: string) => `until ${at}`,
  nobody: 'Nobody in particular.',
  andAdmins: 'Administrators look after every group.',
  toUsers: 'All users',
  removeTitle: (name: string) => `Delete ${name}?`,
  removeMessage:
    'What was scheduled for this group goes with it. A group that has groups, screens or content cannot be deleted.',
  removed: (name: string) => `${name} deleted`,
  inTheWayTitle: (name: string) => `${name} cannot be deleted yet`,
  inTheWay: 'Move or delete first what is still in it:',
  groupsInTheWay: (count: number) => `${counted(count, 'group', 'groups')} below it`,
  screensInTheWay: (count: number) => `${screens(count)} in it`,
};
