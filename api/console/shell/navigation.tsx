/** The ways through the console. */
import { NavLink } from '@mantine/core';
import {
  CalendarClock,
  ChartColumn,
  FolderTree,
  Images,
  LayoutDashboard,
  MonitorPlay,
  ScrollText,
  Siren,
  Users,
  Webhook,
  type LucideIcon,
} from 'lucide-react';
import { Link, useLocation } from 'wouter';
import { useMay } from '../session/session-context.tsx';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';

interface Way {
  readonly to: string;
  readonly name: keyof Texts['shell']['nav'];
  readonly icon: LucideIcon;
  readonly adminOnly?: true;
}

const WAYS: readonly Way[] = [
  { to: '/', name: 'overview', icon: LayoutDashboard },
  { to: '/alerts', name: 'alerts', icon: Siren },
  { to: '/devices', name: 'devices', icon: MonitorPlay },
  { to: '/groups', name: 'groups', icon: FolderTree },
  { to: '/content', name: 'content', icon: Images },
  { to: '/schedules', name: 'schedules', icon: CalendarClock },
  { to: '/reports', name: 'reports', icon: ChartColumn },
  { to: '/users', name: 'users', icon: Users, adminOnly: true },
  { to: '/notifications', name: 'notifications', icon: Webhook, adminOnly: true },
  { to: '/audit', name: 'audit', icon: ScrollText, adminOnly: true },
];

export function Navigation({ onGone }: { readonly onGone: () => void }) {
  const texts = useTexts().shell;
  const [path] = useLocation();
  const { administer } = useMay();
  return (
    <>
      {WAYS.filter(({ adminOnly }) => adminOnly !== true || administer).map(({ to, name, icon: Icon }) => {
        const here = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
        return (
          <NavLink
            key={to}
            component={Link}
            href={to}
            active={here}
            aria-current={here ? 'page' : undefined}
            label={texts.nav[name]}
            leftSection={<Icon size={18} aria-hidden />}
            onClick={onGone}
          />
        );
      })}
    </>
  );
}
