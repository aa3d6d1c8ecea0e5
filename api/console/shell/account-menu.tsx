/** Who is signed in, how the console looks, and the way out. */
import { ActionIcon, Menu, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { CircleUserRound, LogOut, Monitor, Moon, Sun, UserCog } from 'lucide-react';
import { Link } from 'wouter';
import { useSession, useUser } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';

export function AccountMenu() {
  const texts = useTexts().shell;
  const session = useSession();
  const user = useUser();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const schemes = [
    { value: 'light', label: texts.light, icon: Sun },
    { value: 'dark', label: texts.dark, icon: Moon },
    { value: 'auto', label: texts.asSystem, icon: Monitor },
  ] as const;
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={texts.accountOf(user.displayName)}>
          <CircleUserRound size={22} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user.displayName} · {user.tenantName}
        </Menu.Label>
        <Menu.Item component={Link} href="/account" leftSection={<UserCog size={16} aria-hidden />}>
          {texts.ownAccount}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{texts.colours}</Menu.Label>
        <Menu.RadioGroup value={colorScheme} onChange={(scheme) => setColorScheme(scheme as MantineColorScheme)}>
          {schemes.map(({ value, label, icon: Icon }) => (
            <Menu.RadioItem key={value} value={value} rightSection={<Icon size={16} aria-hidden />}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={() => void session.signOut()}>
          {texts.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
