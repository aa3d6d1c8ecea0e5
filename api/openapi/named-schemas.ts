/** Names of schemas that stand inside others; those of whole requests and answers are named after their operation (operation-names.ts). */
import Type, { type TSchema } from 'typebox';
import { CommandName, Config, Id, Timestamp } from '../../protocol/desired-state.ts';
import { Layout, LayoutInput, Timing, TimingInput } from '../../protocol/schedule.ts';
import { AlertDevicesJson } from '../reports/alert-devices-report.ts';
import { DeploymentDetailJson } from '../alerts/read-deployments.ts';
import { TargetCounts } from '../alerts/deployment-json.ts';
import { SettingsStep } from '../groups/group-standing.ts';
import * as live from '../live/live-messages.ts';
import { UserView } from '../auth/user-view.ts';
import { PartsTicket } from '../content/upload-parts.ts';
import { TargetJson } from '../schedules/preview.ts';
import { ScheduleDeploymentJson } from '../schedules/read-deployments.ts';

/** The page that a list's answer is; the same shape as in the envelope of reports. */
const PageMeta = Type.Object(
  { page: Type.Integer(), limit: Type.Integer(), total: Type.Integer() },
  { description: '`page` and `limit` as asked, `total` over all pages' },
);

/** Every schema that is named by hand, with its name. */
export const NAMED_SCHEMAS: Readonly<Record<string, TSchema>> = {
  Id,
  Timestamp,
  CommandName,
  Config,
  PageMeta,
  Empty: Type.Object({}),
  OwnAccount: UserView,
  CalendarDate: Timing.properties.startDate,
  TimeWindow: Timing.properties.windows.items,
  TimeWindowInput: TimingInput.properties.windows.items,
  Layout,
  LayoutInput,
  Timing,
  TimingInput,
  Zone: Layout.properties.zones.items,
  ZoneInput: LayoutInput.properties.zones.items,
  ZoneItem: Layout.properties.zones.items.properties.items.items,
  ZoneItemInput: LayoutInput.properties.zones.items.properties.items.items,
  UploadPart: PartsTicket.properties.addresses.items,
  TargetCounts,
  Ladder: DeploymentDetailJson.properties.ladder,
  Latency: DeploymentDetailJson.properties.latency,
  ScheduleTarget: TargetJson,
  SettingsStep,
  ScheduleProgress: ScheduleDeploymentJson.properties.progress,
  LiveServerMessage: live.LiveServerMessage,
  LiveReady: live.ReadyMessage,
  LiveAuthenticated: live.AuthenticatedMessage,
  LivePresence: live.PresenceMessage,
  LiveLadder: live.LadderMessage,
  LiveDeployments: live.DeploymentsMessage,
  LiveChanged: live.ChangedMessage,
  AlertReportRow: AlertDevicesJson.properties.alert,
};
