/** One screen: what it should be and is, what is on it, what it was told to do, when it was there. */
import { Alert, Group, Tabs, Text } from '@mantine/core';
import { Unplug } from 'lucide-react';
import type { ComponentType } from 'react';
import { useParams } from 'wouter';
import type { DeviceJson } from '../../devices/device-json.ts';
import { groupPath, useGroups } from '../pickers/groups.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Ago } from '../ui/ago.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { PresenceBadge } from '../ui/presence-badge.tsx';
import { useUrlState } from '../ui/url-state.ts';
import { AuditTab } from './audit-tab.tsx';
import { CommandsTab } from './commands-tab.tsx';
import { NowTab } from './now-tab.tsx';
import { OnScreenTab } from './on-screen-tab.tsx';
import { PlaysTab } from './plays-tab.tsx';
import { ScreenActions } from './screen-actions.tsx';
import { useScreen, useScreenNews } from './screen-data.ts';
import { SessionsTab } from './sessions-tab.tsx';
import { SettingsTab } from './settings-tab.tsx';

const VIEW = { tab: 'now' };

interface TabOfScreen {
  readonly name: 'now' | 'screen' | 'commands' | 'sessions' | 'plays' | 'settings' | 'audit';
  readonly component: ComponentType<{ readonly device: DeviceJson }>;
  readonly who?: 'manage' | 'administer';
}

const TABS: readonly TabOfScreen[] = [
  { name: 'now', component: NowTab },
  { name: 'screen', component: OnScreenTab },
  { name: 'commands', component: CommandsTab },
  { name: 'sessions', component: SessionsTab },
  { name: 'plays', component: PlaysTab },
  { name: 'settings', component: SettingsTab, who: 'manage' },
  { name: 'audit', component: AuditTab, who: 'administer' },
];

export function DevicePage() {
  const texts = useTexts().devicePage;
  const deviceId = Number(useParams<{ id: string }>().id);
  useScreenNews(deviceId);
  const query = useScreen(deviceId);
  const device = query.data;
  return (
    <Page
      title={device?.name ?? texts.title}
      {...(device === undefined
        ? {}
        : { description: <Standing device={device} />, actions: <ScreenActions device={device} /> })}
    >
      <Loaded query={query} lines={8}>
        {(one) => <ScreenTabs device={one} />}
      </Loaded>
    </Page>
  );
}

/** Whether it is there, where it stands, and what it is. */
function Standing({ device }: { readonly device: DeviceJson }) {
  const texts = useTexts().devicePage;
  const groups = useGroups();
  const { groupId } = device;
  return (
    <Group gap="sm" mt={4}>
      <PresenceBadge status={device.status} transport={device.transport} />
      {/* Of a live connection it is known that it is there; when it last said so tells nothing. */}
      {(device.status === 'offline' || device.transport === 'http') && (
        <Text size="sm" span>
          {texts.lastSeen} <Ago at={device.lastSeen} />
        </Text>
      )}
      {groupId === null ? (
        <Text size="sm" span>
          {texts.inNoGroup}
        </Text>
      ) : (
        <AnchorLink to={`/groups?group=${groupId}`} size="sm">
          {groups.data === undefined ? texts.group : groupPath(groups.data, groupId)}
        </AnchorLink>
      )}
      <Text size="sm" span>
        {[device.playerId, device.model].filter((part) => part !== null).join(' · ')}
      </Text>
    </Group>
  );
}

function ScreenTabs({ device }: { readonly device: DeviceJson }) {
  const texts = useTexts().devicePage;
  const may = useMay();
  const [view, setView] = useUrlState(VIEW);
  const tabs = TABS.filter(({ who }) => who === undefined || may[who]);
  const tab = tabs.some(({ name }) => name === view.tab) ? view.tab : VIEW.tab;
  return (
    <>
      {device.state === 'revoked' && (
        <Alert color="orange" variant="light" icon={<Unplug aria-hidden />} title={texts.revokedTitle}>
          {texts.revokedHint}
        </Alert>
      )}
      <Tabs value={tab} onChange={(next) => setView({ tab: next ?? VIEW.tab })} keepMounted={false}>
        <Tabs.List aria-label={texts.tabsOf(device.name)} mb="md" style={{ flexWrap: 'nowrap', overflowX: 'auto' }}>
          {tabs.map(({ name }) => (
            <Tabs.Tab key={name} value={name} style={{ flex: 'none' }}>
              {texts.tabs[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map(({ name, component: Content }) => (
          <Tabs.Panel key={name} value={name}>
            <Content device={device} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}
