/** The frame around every page: navigation, the state of the live feed, and the one button that must always be there. */
import { Anchor, AppShell, Burger, Button, Group, Kbd, Text, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Siren } from 'lucide-react';
import { lazy, Suspense, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useLadders } from '../live/live-context.tsx';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AccountMenu } from './account-menu.tsx';
import { LiveBadge, LostNotice } from './live-badge.tsx';
import { Mark } from './mark.tsx';
import { Navigation } from './navigation.tsx';
import { PageBoundary } from './page-boundary.tsx';
import { PageWaits } from './page-waits.tsx';
import { RAISE_KEY, useRaiseAlert, useRaiseKey } from './raise-alert-context.tsx';

const UploadsIndicator = lazy(async () => {
  const { UploadsIndicator: component } = await import('../content/uploads-indicator.tsx');
  return { default: component };
});

export function Shell({ children }: { readonly children: ReactNode }) {
  const texts = useTexts().shell;
  const [opened, { toggle, close }] = useDisclosure(false);
  const [path] = useLocation();
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={0}
    >
      <Anchor href="#content" className="skip-link">
        {texts.skipToContent}
      </Anchor>
      <AppShell.Header>
        <Group h="100%" px="sm" gap="sm" wrap="nowrap" justify="space-between">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? texts.closeNavigation : texts.openNavigation}
              aria-expanded={opened}
            />
            <Anchor component={Link} href="/" underline="never" c="inherit" aria-label={texts.product}>
              <Group gap={8} wrap="nowrap">
                <Mark />
                <Text fw={700} size="lg" visibleFrom="xs">
                  {texts.product}
                </Text>
              </Group>
            </Anchor>
            <ActiveAlerts />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Group visibleFrom="xs">
              <LiveBadge />
            </Group>
            <RaiseButton />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label={texts.mainNavigation}>
        <Navigation onGone={close} />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <LostNotice />
        <PageBoundary key={path}>
          <Suspense fallback={<PageWaits />}>{children}</Suspense>
        </PageBoundary>
      </AppShell.Main>
      <Suspense fallback={null}>
        <UploadsIndicator />
      </Suspense>
    </AppShell>
  );
}

/** How many alerts are on screens now, on every page, because nobody may forget one. */
function ActiveAlerts() {
  const texts = useTexts().shell;
  const active = [...useLadders().values()].filter(({ status }) => status === 'active').length;
  if (active === 0) return null;
  return (
    <Button
      component={Link}
      href="/alerts"
      size="compact-sm"
      color="red"
      variant="light"
      leftSection={<Siren size={14} aria-hidden />}
      aria-label={texts.activeAlerts(active)}
    >
      <Text span size="sm" fw={600} visibleFrom="sm">
        {texts.activeAlerts(active)}
      </Text>
      <Text span size="sm" fw={600} hiddenFrom="sm">
        {active}
      </Text>
    </Button>
  );
}

function RaiseButton() {
  const texts = useTexts().shell;
  const raise = useRaiseAlert();
  const [keyIsOn] = useRaiseKey();
  const { manage } = useMay();
  if (!manage) return null;
  return (
    <Tooltip label={texts.raiseAlertHint(RAISE_KEY)} disabled={!keyIsOn}>
      <Button
        color="red"
        variant="filled"
        leftSection={<Siren size={18} aria-hidden />}
        onClick={() => raise()}
        {...(keyIsOn
          ? {
              'aria-keyshortcuts': RAISE_KEY,
              rightSection: (
                <Kbd size="xs" visibleFrom="md">
                  {RAISE_KEY}
                </Kbd>
              ),
            }
          : {})}
      >
        {texts.raiseAlert}
      </Button>
    </Tooltip>
  );
}
