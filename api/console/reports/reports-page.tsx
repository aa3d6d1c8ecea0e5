/** Reports: what was played, what should have been, who was there, how fast alerts were. What is chosen is in the address. */
import { Tabs } from '@mantine/core';
import { useTexts } from '../texts/texts-context.tsx';
import { Page } from '../ui/page.tsx';
import { AlertsTab } from './alerts-tab.tsx';
import { AvailabilityTab } from './availability-tab.tsx';
import { ExpectedTab } from './expected-tab.tsx';
import { PlaysTab } from './plays-tab.tsx';
import { ReportFilters } from './report-filters.tsx';
import { TABS, useReportView } from './report-view.ts';
import { UsageTab } from './usage-tab.tsx';

const PANELS = {
  usage: UsageTab,
  plays: PlaysTab,
  expected: ExpectedTab,
  availability: AvailabilityTab,
  alerts: AlertsTab,
} as const;

export function ReportsPage() {
  const texts = useTexts().reports;
  const report = useReportView();
  const Panel = PANELS[report.tab];
  return (
    <Page title={texts.title} description={texts.description}>
      <Tabs
        value={report.tab}
        // A sort or a search of one report means nothing to another.
        onChange={(tab) => report.choose({ tab: tab ?? 'usage', sort: '', q: '' })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {TABS.map((tab) => (
            <Tabs.Tab key={tab} value={tab}>
              {texts.tabs[tab]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map((tab) => (
          <Tabs.Panel key={tab} value={tab}>
            {tab === report.tab && <ReportFilters report={report} />}
            {tab === report.tab && <Panel report={report} />}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
