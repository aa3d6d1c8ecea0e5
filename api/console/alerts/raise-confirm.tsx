/** Second step of raising: what screens will show, where, for how long, and the button that does it. */
import { Button, Fieldset, Grid, Group, Stack, Switch, Title } from '@mantine/core';
import { ArrowLeft, PencilLine } from 'lucide-react';
import { useState } from 'react';
import type { AlertJson } from '../../alerts/alert-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { AlertPreview } from './alert-preview.tsx';
import { AlertTextFields } from './alert-text-fields.tsx';
import { ExpiryField } from './expiry-field.tsx';
import { useLastTargets } from './last-targets.ts';
import { NO_TARGETS, requestOf, type RaiseDraft } from './raise-draft.ts';
import { RaiseFoot } from './raise-foot.tsx';
import { TargetsFields } from './targets-fields.tsx';
import { useRaising } from './use-raising.ts';

export interface RaiseConfirmProps {
  readonly draft: RaiseDraft;
  readonly onChange: (draft: RaiseDraft) => void;
  readonly prepared: readonly AlertJson[];
  readonly onBack: () => void;
  readonly onClose: () => void;
}

/** Takes the focus when the step begins: the button that chose it is gone. */
function focusOnce(heading: HTMLElement | null): void {
  heading?.focus({ preventScroll: true });
}

export function RaiseConfirm({ draft, onChange, prepared, onBack, onClose }: RaiseConfirmProps) {
  const texts = useTexts().alerts;
  const [isWriting, setIsWriting] = useState(draft.title === '');
  const last = useLastTargets();
  const targets = draft.targets ?? last ?? NO_TARGETS;
  const raising = useRaising(onClose);
  const change = (part: Partial<RaiseDraft>): void => onChange({ ...draft, ...part });
  const isFixed = raising.state !== 'open';
  return (
    <div className={draft.drill ? 'drill-stripes' : undefined}>
      <Fieldset variant="unstyled" disabled={isFixed} pt={draft.drill ? 'sm' : 0} pb="md">
        <Heading title={draft.title} onBack={onBack} onWrite={isWriting ? null : () => setIsWriting(true)} />
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, sm: 6 }}>
            <Stack gap="sm">
              <AlertPreview {...draft} />
              {isWriting && <AlertTextFields value={draft} onChange={change} />}
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, sm: 6 }}>
            <Stack gap="md">
              <TargetsFields value={targets} onChange={(next) => change({ targets: next })} />
              <ExpiryField
                label={texts.howLong}
                value={draft.expiresInSeconds}
                onChange={(expiresInSeconds) => change({ expiresInSeconds })}
              />
              <Switch
                label={texts.drillSwitch}
                description={texts.drillHint}
                checked={draft.drill}
                onChange={(event) => change({ drill: event.currentTarget.checked })}
              />
            </Stack>
          </Grid.Col>
        </Grid>
      </Fieldset>
      <RaiseFoot
        draft={draft}
        targets={targets}
        isSettled={draft.targets !== null || last !== undefined}
        raising={raising}
        onRaise={() => raising.raise(requestOf(draft, targets, prepared))}
        onClose={onClose}
      />
    </div>
  );
}

interface HeadingProps {
  readonly title: string;
  readonly onBack: () => void;
  /** Opens the fields of the text; null while they are open. */
  readonly onWrite: (() => void) | null;
}

function Heading({ title, onBack, onWrite }: HeadingProps) {
  const texts = useTexts().alerts;
  return (
    <Group justify="space-between" mb="xs">
      <Title order={3} size="h4" tabIndex={-1} ref={focusOnce} style={{ outline: 'none' }}>
        {title.trim() === '' ? texts.write : title}
      </Title>
      <Group gap="xs">
        <Button variant="subtle" size="compact-sm" leftSection={<ArrowLeft size={14} aria-hidden />} onClick={onBack}>
          {texts.other}
        </Button>
        {onWrite !== null && (
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<PencilLine size={14} aria-hidden />}
            onClick={onWrite}
          >
            {texts.changeText}
          </Button>
        )}
      </Group>
    </Group>
  );
}
