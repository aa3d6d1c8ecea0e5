/** What is chosen on the page of reports, as it stands in the address, and what the API is asked for it. */
import { useNow } from '../ui/now.ts';
import { useUrlState } from '../ui/url-state.ts';
import { dayIn, daysOf, PRESETS, rangeQuery, type Days, type Preset } from './report-dates.ts';

export const TABS = ['usage', 'plays', 'expected', 'availability', 'alerts'] as const;
export type Tab = (typeof TABS)[number];

export const GROUPINGS = ['content', 'device', 'group', 'schedule', 'day'] as const;
export type Grouping = (typeof GROUPINGS)[number];

const VIEW = {
  tab: 'usage',
  preset: 'week',
  from: '',
  to: '',
  timezone: '',
  groupId: '',
  deviceId: '',
  contentId: '',
  scheduleId: '',
  during: 'all',
  groupBy: 'content',
  severity: '',
  drill: '',
  q: '',
  sort: '',
  page: '1',
};
export type View = typeof VIEW;

/** A page that stays open over midnight is of the new day. */
const MINUTE_MS = 60_000;
/** Rows of one page. */
export const PAGE_ROWS = 50;

export interface ReportView {
  readonly view: View;
  readonly tab: Tab;
  readonly preset: Preset;
  readonly groupBy: Grouping;
  readonly timezone: string;
  readonly days: Days;
  /** `from`, `to` and `timezone`, as every report takes them. */
  readonly range: { readonly from: string; readonly to: string; readonly timezone: string };
  /** Changes what is chosen, and goes back to the first page. */
  readonly choose: (change: Partial<View>) => void;
  readonly turnTo: (page: number) => void;
}

function oneOf<T extends string>(known: readonly T[], text: string, fallback: T): T {
  return known.find((one) => one === text) ?? fallback;
}

/** The time zone of this browser. */
export function ownTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function isTimezone(name: string): boolean {
  try {
    return name !== '' && new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return false;
  }
}

export function useReportView(): ReportView {
  const [view, setView] = useUrlState(VIEW);
  const now = useNow(MINUTE_MS);
  const timezone = isTimezone(view.timezone) ? view.timezone : ownTimezone();
  // An address that names days means them.
  const isOwn = view.from !== '' || view.to !== '';
  const preset = isOwn ? 'own' : oneOf(PRESETS, view.preset, 'week');
  const days = daysOf(preset, dayIn(timezone, now), view);
  return {
    view,
    tab: oneOf(TABS, view.tab, 'usage'),
    preset,
    groupBy: oneOf(GROUPINGS, view.groupBy, 'content'),
    timezone,
    days,
    range: { ...rangeQuery(days), timezone },
    choose: (change) => setView({ page: '1', ...change }),
    turnTo: (page) => setView({ page: String(page) }),
  };
}
