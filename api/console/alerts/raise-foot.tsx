/** The end of the dialog: how many screens it will be, and the button that says what it does. */
import { Alert, Button, Group, Kbd, Stack, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { Siren, TriangleAlert, WifiOff } from 'lucide-react';
import { useId } from 'react';
import { Link } from 'wouter';
import type { Texts } from '../texts/english.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { useNow } from '../ui/now.ts';
import { SEVERITY_COLOR } from '../ui/severity-badge.tsx';
import { EXPIRES_SECONDS_DEFAULT, whatIsMissing, type Missing, type RaiseDraft, type Targets } from './raise-draft.ts';
import { useTargetCount, type CountState } from './target-count.ts';
import { untilText } from './time-left.tsx';
import type { Raising } from './use-raising.ts';

export interface RaiseFootProps {
  readonly draft: RaiseDraft;
  readonly targets: Targets;
  /** False while it is not known yet where it is proposed to go. */
  readonly isSettled: boolean;
  readonly raising: Raising;
  readonly onRaise: () => void;
  readonly onClose: () => void;
}

export function RaiseFoot({ draft, targets, isSettled, raising, onRaise, onClose }: RaiseFootProps) {
  const texts = useTexts().alerts;
  const reason = useId();
  const counted = useTargetCount(targets);
  const total = counted.kind === 'counted' ? counted.count.total : null;
  const missing = whatIsMissing(draft, targets, total);
  const isLost = raising.state === 'lost';
  const isOff = !isLost && (missing !== null || raising.state === 'sending');
  useHotkeys([['mod+Enter', () => (isOff ? undefined : onRaise())]], []);
  return (
    <Stack className="raise-foot" gap="xs">
      {raising.refusal !== null && <FailureNotice cause={raising.refusal} />}
      {isLost && <LostNotice onClose={onClose} />}
      <Group justify="space-between" gap="sm">
        <div id={reason} style={{ flex: '1 1 16rem' }} aria-live="polite">
          {!isLost && <Reach draft={draft} counted={counted} missing={isSettled ? missing : null} />}
        </div>
        <Group gap="sm" flex={{ base: '1 1 100%', xs: '0 0 auto' }}>
          <Button
            size="lg"
            fullWidth
            color={draft.drill ? 'grape' : SEVERITY_COLOR[draft.severity]}
            variant={draft.drill ? 'outline' : 'filled'}
            leftSection={<Siren size={20} aria-hidden />}
            disabled={isOff && raising.state !== 'sending'}
            loading={raising.state === 'sending'}
            aria-describedby={reason}
            aria-keyshortcuts="Control+Enter"
            // The second click of a double one on a card must not fall on this button.
            onClick={(event) => (event.detail > 1 ? undefined : onRaise())}
          >
            {isLost ? texts.tryAgain : buttonText(draft, total, texts)}
          </Button>
        </Group>
      </Group>
      {!isOff && (
        <Text size="xs" c="dimmed" ta="right" visibleFrom="sm">
          <Kbd size="xs">{texts.shortcut}</Kbd>
        </Text>
      )}
    </Stack>
  );
}

function buttonText({ drill }: RaiseDraft, total: number | null, texts: Texts['alerts']): string {
  if (total === null || total === 0) return drill ? texts.drillNow : texts.raiseNow;
  return drill ? texts.drillOn(total) : texts.raiseOn(total);
}

interface ReachProps {
  readonly draft: RaiseDraft;
  readonly counted: CountState;
  readonly missing: Missing | null;
}

/** What keeps the button off, or whom it reaches. */
function Reach({ draft, counted, missing }: ReachProps) {
  const texts = useTexts().alerts;
  const now = useNow(5_000);
  if (missing !== null) {
    const why = {
      text: texts.needText,
      targets: texts.needTargets,
      minutes: texts.needMinutes,
      screens: texts.noScreens,
    }[missing];
    return (
      <Text size="sm" fw={600}>
        {why}
      </Text>
    );
  }
  if (counted.kind === 'unknown')
    return (
      <Text size="sm">
        <TriangleAlert size={14} aria-hidden /> {texts.countFailed}
      </Text>
    );
  if (counted.kind !== 'counted')
    return (
      <Text size="sm" c="dimmed">
        {texts.counting}
      </Text>
    );
  const { online, offline, http } = counted.count;
  const until = untilText(now + (draft.expiresInSeconds ?? EXPIRES_SECONDS_DEFAULT) * 1000, now);
  return (
    <Text size="sm">
      {texts.reach(online, offline, until)} {http > 0 && texts.reachHttp(http)}
    </Text>
  );
}

function LostNotice({ onClose }: { readonly onClose: () => void }) {
  const texts = useTexts().alerts;
  return (
    <Alert color="orange" variant="light" icon={<WifiOff aria-hidden />} title={texts.lost} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{texts.lostHint}</Text>
        <Button component={Link} href="/alerts" size="xs" variant="default" onClick={onClose}>
          {texts.lookAtBoard}
        </Button>
      </Stack>
    </Alert>
  );
}
