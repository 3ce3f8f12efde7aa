/** What an account wants to be told, as its owner has chosen. Without the item nothing is told. */
import { isLabel, type Label } from '../labels/engine';
import { Change } from './expression';
import { type Fields, fieldsOf, list, number, optional, text } from './fields';
import { notificationsKey } from './keys';
import type { Table } from './table';

/** Which events are told. All that it names must be so; of persons, faces and labels one is enough. */
export interface Rule {
  /** Opaque. */
  id: string;
  /** Ids of instances; none stands for all. */
  cameras: string[];
  /** By the clock on the camera's wall, `22:00`; a span may go over midnight. Absent: always. */
  hours?: { from: string; to: string } | undefined;
  /** Whatever moves; then the next three say nothing. */
  anything: boolean;
  /** Ids of persons. */
  persons: string[];
  /** A face that nobody has named. */
  unknownFaces: boolean;
  labels: Label[];
  /** After a message of this rule about a camera, no other one for so long. */
  coolDownMinutes: number;
}

/** What the owner chose. */
export interface NotificationSettings {
  rules: Rule[];
  /** Whether to tell of cameras that are gone, uploads that are refused, and queues that grow. */
  health: boolean;
}

/** What is told from the first channel on, until the owner chooses. */
export const FIRST_SETTINGS: NotificationSettings = {
  rules: [
    {
      ...{ id: 'first-rule', cameras: [], anything: true, persons: [], unknownFaces: false, labels: [] },
      coolDownMinutes: 10,
    },
  ],
  health: true,
};

/** What an account wants to be told; undefined when it has never had a channel. */
export async function readNotifications(table: Table, account: string): Promise<NotificationSettings | undefined> {
  const item = await table.get(notificationsKey(account));
  return item && settingsOf(item);
}

/** Sets what an account wants to be told. */
export async function writeNotifications(table: Table, account: string, settings: NotificationSettings): Promise<void> {
  await table.update(notificationsKey(account), new Change().set({ ...settings }));
}

/** Sets FIRST_SETTINGS for an account that has none. */
export async function beginNotifications(table: Table, account: string): Promise<void> {
  await table.update(notificationsKey(account), new Change().setOnce({ ...FIRST_SETTINGS }));
}

function settingsOf(item: Fields): NotificationSettings {
  return { rules: list(item, 'rules').map(ruleOf), health: item.health === true };
}

function ruleOf(value: unknown): Rule {
  const from = fieldsOf(value);
  return {
    id: text(from, 'id'),
    cameras: list(from, 'cameras').map(String),
    hours: optional(from, 'hours', hoursOf),
    anything: from.anything === true,
    persons: list(from, 'persons').map(String),
    unknownFaces: from.unknownFaces === true,
    labels: list(from, 'labels').filter(isLabel),
    coolDownMinutes: number(from, 'coolDownMinutes'),
  };
}

function hoursOf(item: Fields, name: string): { from: string; to: string } {
  const from = fieldsOf(item[name]);
  return { from: text(from, 'from'), to: text(from, 'to') };
}
