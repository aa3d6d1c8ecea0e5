/** The ways between the pages about alerts. */
import { Button, Group } from '@mantine/core';
import { BookMarked, History, Siren } from 'lucide-react';
import { Link, useLocation } from 'wouter';
import { useTexts } from '../texts/texts-context.tsx';

const WAYS = [
  { to: '/alerts', name: 'board', icon: Siren },
  { to: '/alerts/prepared', name: 'prepared', icon: BookMarked },
  { to: '/alerts/history', name: 'history', icon: History },
] as const;

export function AlertPages() {
  const texts = useTexts().alerts;
  const [path] = useLocation();
  return (
    <Group gap={4} component="nav" aria-label={texts.pages}>
      {WAYS.map(({ to, name, icon: Icon }) => (
        <Button
          key={to}
          component={Link}
          href={to}
          size="compact-sm"
          variant={path === to ? 'light' : 'subtle'}
          aria-current={path === to ? 'page' : undefined}
          leftSection={<Icon size={15} aria-hidden />}
        >
          {texts[name]}
        </Button>
      ))}
    </Group>
  );
}
