/** First step of raising: a prepared alert, or one of one's own. */
import { Badge, Group, SimpleGrid, Stack, Text, UnstyledButton } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { PencilLine } from 'lucide-react';
import { useState } from 'react';
import type { AlertJson } from '../../alerts/alert-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { SearchField } from '../ui/search-field.tsx';
import { SEVERITY_COLOR, SEVERITY_ICON } from '../ui/severity-badge.tsx';

/** A search is offered from so many prepared alerts on. */
const SEARCH_FROM = 9;

export interface RaiseChooseProps {
  readonly prepared: UseQueryResult<AlertJson[]>;
  readonly onPrepared: (alert: AlertJson) => void;
  readonly onWrite: () => void;
}

export function RaiseChoose({ prepared, onPrepared, onWrite }: RaiseChooseProps) {
  const texts = useTexts().alerts;
  const [q, setQ] = useState('');
  return (
    <Stack gap="sm">
      <Text c="dimmed">{texts.choose}</Text>
      {(prepared.data?.length ?? 0) >= SEARCH_FROM && (
        <SearchField label={texts.searchPrepared} value={q} onChange={setQ} />
      )}
      <Loaded query={prepared} lines={5}>
        {(alerts) => (
          <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
            {alerts
              .filter((alert) => isAbout(alert, q))
              .map((alert, at) => (
                <PreparedChoice key={alert.id} alert={alert} isFirst={at === 0} onPick={() => onPrepared(alert)} />
              ))}
          </SimpleGrid>
        )}
      </Loaded>
      <UnstyledButton
        className="alert-choice"
        style={{ '--choice-color': 'var(--mantine-color-gray-6)' }}
        onClick={onWrite}
      >
        <Group gap="sm" wrap="nowrap">
          <PencilLine size={22} aria-hidden />
          <div>
            <Text fw={600}>{texts.write}</Text>
            <Text size="sm" c="dimmed">
              {texts.writeHint}
            </Text>
          </div>
        </Group>
      </UnstyledButton>
    </Stack>
  );
}

function isAbout({ name, title, message }: AlertJson, q: string): boolean {
  return `${name} ${title} ${message}`.toLowerCase().includes(q.trim().toLowerCase());
}

export interface PreparedChoiceProps {
  readonly alert: AlertJson;
  readonly isFirst?: boolean;
  readonly onPick: () => void;
}

/** A prepared alert as a card that is one button. */
export function PreparedChoice({ alert, isFirst = false, onPick }: PreparedChoiceProps) {
  const { alerts: texts, common } = useTexts();
  const Icon = SEVERITY_ICON[alert.severity];
  const color = SEVERITY_COLOR[alert.severity];
  return (
    <UnstyledButton
      className="alert-choice"
      style={{ '--choice-color': `var(--mantine-color-${color}-filled)` }}
      onClick={onPick}
      {...(isFirst ? { 'data-autofocus': true } : {})}
    >
      <Group gap={6} wrap="nowrap" c={`var(--mantine-color-${color}-light-color)`}>
        <Icon size={16} aria-hidden />
        <Text size="xs" fw={700}>
          {common.severity[alert.severity]}
        </Text>
        {alert.drill && (
          <Badge size="xs" color="gray" variant="light">
            {texts.drill}
          </Badge>
        )}
      </Group>
      <Text fw={600} lineClamp={1}>
        {alert.name}
      </Text>
      <Text size="sm" c="dimmed" lineClamp={2}>
        {alert.message === '' ? alert.title : alert.message}
      </Text>
    </UnstyledButton>
  );
}
