/** The way of a newcomer from nothing to an alert on a screen. It goes when the way has been walked. */
import { Anchor, Box, Button, Group, Paper, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { Check, FolderTree } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { OverviewJson } from '../../reports/overview-report.ts';
import { useMay } from '../session/session-context.tsx';
import { useRaiseAlert } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';

export function FirstSteps({ now }: { readonly now: OverviewJson }) {
  const { begin: texts } = useTexts().overview;
  const { manage } = useMay();
  if (!manage)
    return now.devices > 0 ? null : <EmptyState icon={FolderTree} title={texts.nothing} hint={texts.onlyLooking} />;
  const steps = [now.devices > 0, now.content > 0, now.scheduleDeployments > 0, now.alerts > 0];
  const done = steps.filter(Boolean).length;
  if (done === steps.length) return null;
  return (
    <Paper withBorder radius="md" p="lg" component="section" aria-label={texts.title} maw={720} w="100%">
      <Group justify="space-between" mb="md">
        <div>
          <Title order={2} size="h3">
            {texts.title}
          </Title>
          <Text size="sm" c="dimmed">
            {texts.description}
          </Text>
        </div>
        <Text size="sm" fw={500}>
          {texts.progress(done, steps.length)}
        </Text>
      </Group>
      <Steps now={now} next={steps.indexOf(false)} />
    </Paper>
  );
}

interface StepsProps {
  readonly now: OverviewJson;
  /** Index of the first that is not done. */
  readonly next: number;
}

function Steps({ now, next }: StepsProps) {
  const { begin: texts } = useTexts().overview;
  const raise = useRaiseAlert();
  const player = new URL('/player/', location.href).href;
  const way = (at: number, to: string, word: string) => (
    <Button component={Link} href={to} size="sm" variant={at === next ? 'filled' : 'default'}>
      {word}
    </Button>
  );
  return (
    <Stack component="ol" gap="lg" m={0} p={0} style={{ listStyle: 'none' }}>
      <Step at={1} isDone={now.devices > 0} title={texts.pair} action={way(0, '/devices/pair', texts.pairAction)}>
        {texts.pairHint}{' '}
        <Anchor
          href={player}
          target="_blank"
          rel="noreferrer"
          size="sm"
          underline="always"
          aria-label={`${texts.player}: ${player}`}
        >
          {player}
        </Anchor>
      </Step>
      <Step at={2} isDone={now.content > 0} title={texts.content} action={way(1, '/content', texts.contentAction)}>
        {texts.contentHint}
      </Step>
      <Step
        at={3}
        isDone={now.scheduleDeployments > 0}
        title={texts.schedule}
        action={way(2, '/schedules', texts.scheduleAction)}
      >
        {texts.scheduleHint}
      </Step>
      <Step
        at={4}
        isDone={now.alerts > 0}
        title={texts.alert}
        action={
          <Button
            size="sm"
            color="red"
            variant={next === 3 ? 'filled' : 'light'}
            onClick={() => raise({ drill: true })}
          >
            {texts.alertAction}
          </Button>
        }
      >
        {texts.alertHint}
      </Step>
    </Stack>
  );
}

interface StepProps {
  readonly at: number;
  readonly isDone: boolean;
  readonly title: string;
  readonly action: ReactNode;
  readonly children: ReactNode;
}

function Step({ at, isDone, title, action, children }: StepProps) {
  const { begin: texts } = useTexts().overview;
  return (
    <Group component="li" wrap="nowrap" align="flex-start" gap="md">
      <ThemeIcon radius="xl" size={32} variant={isDone ? 'filled' : 'default'} color="teal">
        {isDone ? (
          <Check size={18} role="img" aria-label={texts.done} />
        ) : (
          <Text span size="sm" fw={600}>
            {at}
          </Text>
        )}
      </ThemeIcon>
      <Box flex={1} miw={0}>
        <Title order={3} size="h5">
          {title}
        </Title>
        {!isDone && (
          <>
            <Text size="sm" c="dimmed" component="div" mb="xs" style={{ overflowWrap: 'anywhere' }}>
              {children}
            </Text>
            {action}
          </>
        )}
      </Box>
    </Group>
  );
}
