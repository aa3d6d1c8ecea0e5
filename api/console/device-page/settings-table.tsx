/** Each setting as it was asked for, where that comes from, and what the screen says. */
import { Table, Text } from '@mantine/core';
import type { DeviceStateJson } from '../../devices/device-state.ts';
import { inheritedSetting } from '../device-config/inherited-settings.ts';
import { useSettingWords } from '../device-config/setting-words.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { AgreementBadge } from './agreement-badge.tsx';
import { compareSettings, type SettingComparison } from './compare-state.ts';
import { Section } from './section.tsx';

export function SettingsTable({ state }: { readonly state: DeviceStateJson }) {
  const { now: texts, config } = useTexts().devicePage;
  const all = compareSettings(state);
  const told = all.filter(({ asked, says }) => asked !== null || says !== null);
  const rest = all.filter((one) => !told.includes(one)).map(({ key }) => config.names[key]);
  return (
    <Section title={texts.settingsTitle}>
      {told.length > 0 && (
        <Table.ScrollContainer minWidth={0} type="native" tabIndex={0} role="region" aria-label={texts.settingsTitle}>
          <Table verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{texts.setting}</Table.Th>
                <Table.Th>{texts.asked}</Table.Th>
                <Table.Th>{texts.says}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {told.map((one) => (
                <SettingRow key={one.key} comparison={one} state={state} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {rest.length > 0 && (
        <Text size="sm" c="dimmed" mt={told.length > 0 ? 'xs' : 0}>
          {texts.notSet(rest.join(', '))}
        </Text>
      )}
    </Section>
  );
}

interface SettingRowProps {
  readonly comparison: SettingComparison;
  readonly state: DeviceStateJson;
}

function SettingRow({ comparison, state }: SettingRowProps) {
  const { now: texts, config } = useTexts().devicePage;
  const words = useSettingWords();
  const { key, asked, says, agreement } = comparison;
  const source = inheritedSetting(state.settings, key);
  const word = (): string => {
    if (agreement === 'different' && asked !== null && says !== null)
      return texts.differs(words.value(key, asked), words.value(key, says));
    if (agreement === 'same') return texts.agrees;
    return texts.doesNotSay;
  };
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500}>
        {config.names[key]}
      </Table.Th>
      <Table.Td>
        {asked === null ? (
          <Text size="sm" c="dimmed">
            {texts.notAsked}
          </Text>
        ) : (
          <>
            <Text size="sm">{words.value(key, asked)}</Text>
            {source !== null && (
              <Text size="xs" c="dimmed">
                {texts.setAt(words.source(source.from))}
              </Text>
            )}
          </>
        )}
      </Table.Td>
      <Table.Td>
        {says !== null && <Text size="sm">{words.value(key, says)}</Text>}
        {agreement !== 'free' && <AgreementBadge agreement={agreement}>{word()}</AgreementBadge>}
      </Table.Td>
    </Table.Tr>
  );
}
