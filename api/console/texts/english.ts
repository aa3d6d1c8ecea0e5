/**
 * Everything the console says, in English, one file per area. To translate the console, write the same files in another folder
 * (the compiler says what is missing) and name the language in texts-context.tsx.
 */
import { accountTexts } from './en/account.ts';
import { alertTexts } from './en/alerts.ts';
import { auditTexts } from './en/audit.ts';
import { commonTexts } from './en/everywhere.ts';
import { contentTexts } from './en/content.ts';
import { deviceTexts } from './en/devices.ts';
import { devicePageTexts } from './en/device-page.ts';
import { groupTexts } from './en/groups.ts';
import { notificationTexts } from './en/notifications.ts';
import { overviewTexts } from './en/overview.ts';
import { reportTexts } from './en/reports.ts';
import { scheduleDeployTexts } from './en/schedule-deploy.ts';
import { scheduleTimingTexts } from './en/schedule-timing.ts';
import { scheduleTexts } from './en/schedules.ts';
import { shellTexts } from './en/shell.ts';
import { userTexts } from './en/users.ts';

export const english = {
  account: accountTexts,
  alerts: alertTexts,
  audit: auditTexts,
  common: commonTexts,
  content: contentTexts,
  devices: deviceTexts,
  devicePage: devicePageTexts,
  groups: groupTexts,
  notifications: notificationTexts,
  overview: overviewTexts,
  reports: reportTexts,
  schedules: scheduleTexts,
  scheduleDeploy: scheduleDeployTexts,
  scheduleTiming: scheduleTimingTexts,
  shell: shellTexts,
  users: userTexts,
};

export type Texts = typeof english;
