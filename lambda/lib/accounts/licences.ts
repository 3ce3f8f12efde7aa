/**
 * The operations of the accounts command. A licence has three parts: its item in the table (login, state, retention),
 * its IAM user (the key pair), and what its cameras uploaded. Every operation writes in an order that lets it be
 * repeated after a failure, and that never leaves access to someone who should have none.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DeleteCollectionCommand, RekognitionClient, ResourceNotFoundException } from '@aws-sdk/client-rekognition';
import { collectionOf } from '../faces/rekognition-collection';
import {
  ACCOUNT_NAME,
  type Account,
  type AccountChange,
  allAccounts,
  changeAccount,
  createAccount,
  dropAccount,
  LONGEST_RETENTION,
  type RetentionDays,
  readAccount,
  removeAccount,
  suspendAccount,
} from '../table/account-item';
import { type Instance, readInstances } from '../table/instance-item';
import { accountKey } from '../table/keys';
import { rescue } from '../table/login-item';
import { type AccessKey, CameraUser, type KeyPair } from './camera-user';
import type { AccountsCloud } from './cloud';
import { Failure } from './failure';
import { keepFor } from './keep-for';
import { hashPassword, isPassword, newPassword } from './password';
import { deleteVersions, itemsOf, versionsOf } from './stored';

/**
 * Ms after a suspension in which a function may still work on the account's pictures: a function has a minute, and IAM
 * takes seconds.
 */
const AT_WORK_MS = 75_000;

/** Stands for the access key id of an account that is being made. */
const NO_KEY = 'none';

/** A user's name and password. */
export interface Login {
  user: string;
  password: string;
}

/**
 * Makes a new licence: login, user, key pair. The account's item comes first, so that of two who add the same name at
 * once only one continues. It is suspended until its key pair exists. If a later step fails, everything made is undone.
 *
 * @throws Failure if there is such an account, or the name cannot be used.
 */
export async function add(cloud: AccountsCloud, name: string): Promise<{ login: Login; keys: KeyPair }> {
  requireName(name);
  const user = new CameraUser(cloud.iam, cloud.place, name);
  const password = newPassword();
  const account = await newAccount(name, password, NO_KEY);
  if (!(await createAccount(cloud.table, { ...account, state: 'suspended' }))) {
    const unfinished = (await readAccount(cloud.table, name))?.accessKeyId === NO_KEY;
    const remedy = unfinished ? ` It is not finished; if nobody else is at it, begin again: remove ${name}` : '';
    throw new Failure(`There is an account "${name}" already.${remedy}`);
  }
  let isOurs = false;
  try {
    await user.create();
    isOurs = true;
    const keys = await user.createKey();
    await changed(cloud, name, { accessKeyId: keys.accessKeyId, state: 'active' });
    return { login: { user: name, password }, keys };
  } catch (error) {
    if (isOurs) await user.delete();
    await dropAccount(cloud.table, name);
    throw error;
  }
}

/** All licences with their instances, by name. */
export async function list({ table }: AccountsCloud): Promise<{ account: Account; instances: Instance[] }[]> {
  const accounts = await allAccounts(table);
  return await Promise.all(
    accounts.map(async (account) => ({ account, instances: await readInstances(table, account.name) })),
  );
}

/**
 * Makes a second key pair. The first one works until `finishRotation`, so that no camera is cut off before it has the
 * new one.
 *
 * @throws Failure if there is no such account, or it has two key pairs already.
 */
export async function rotate(cloud: AccountsCloud, name: string): Promise<KeyPair> {
  const { account, user } = await existing(cloud, name);
  if ((await user.keys()).length > 1) {
    throw new Failure(
      `"${name}" has two key pairs already. When all cameras have the newer one, delete the older one: ` +
        `rotate ${name} --finish. When the newer one is lost, delete that: rotate ${name} --undo.`,
    );
  }
  const keys = await user.createKey();
  try {
    if (account.state === 'suspended') await user.setActive(false);
    await changed(cloud, name, { accessKeyId: keys.accessKeyId });
  } catch (error) {
    await user.deleteKey(keys.accessKeyId);
    throw error;
  }
  return keys;
}

/**
 * Deletes the older key pair. Returns its public half; undefined when there is but one.
 * @throws Failure when the newer one was never told, since making it was interrupted
 */
export async function finishRotation(cloud: AccountsCloud, name: string): Promise<string | undefined> {
  const { account, user } = await existing(cloud, name);
  const { older, newer } = byAge(await user.keys(), account);
  if (!newer) throw new Failure(`The key pair of "${name}" is not in IAM. Make one: rotate ${name}`);
  if (!older) return undefined;
  if (account.accessKeyId !== newer) {
    throw new Failure(
      `The newer key pair of "${name}" was never told, since a rotation was interrupted. Delete it: rotate ${name} --undo`,
    );
  }
  await user.deleteKey(older);
  return older;
}

/**
 * Deletes the newer key pair and returns to the older one.
 *
 * @returns the access key id of the deleted key pair.
 * @throws Failure if there is only one key pair.
 */
export async function undoRotation(cloud: AccountsCloud, name: string): Promise<string> {
  const { account, user } = await existing(cloud, name);
  const { older, newer } = byAge(await user.keys(), account);
  if (!older || !newer) throw new Failure(`"${name}" has one key pair only; there is nothing to undo.`);
  await changed(cloud, name, { accessKeyId: older });
  await user.deleteKey(newer);
  return newer;
}

/**
 * The access key ids of the two key pairs, by when IAM made them. If both were made in the same second, the account's
 * item tells which is newer.
 */
function byAge(keys: readonly AccessKey[], { accessKeyId }: Account): { older?: string; newer?: string } {
  const [first, second] = keys;
  if (!first) return {};
  if (!second) return { newer: first.accessKeyId };
  const isReversed = first.created.getTime() === second.created.getTime() && first.accessKeyId === accessKeyId;
  const [older, newer] = isReversed ? [second, first] : [first, second];
  return { older: older.accessKeyId, newer: newer.accessKeyId };
}

/**
 * Sets a new password, ends all sessions, and lifts the login limits.
 *
 * @throws Failure if there is no such account.
 */
export async function resetPassword(cloud: AccountsCloud, name: string): Promise<Login> {
  await existing(cloud, name);
  const password = newPassword();
  await changed(cloud, name, { passwordHash: await hashPassword(password), sessionKey: randomBytes(32) });
  await rescue(cloud.table, name, Date.now());
  return { user: name, password };
}

/**
 * Keeps events for `days` days, existing events included.
 *
 * @throws Failure if there is no such account.
 */
export async function setRetention(cloud: AccountsCloud, name: string, days: RetentionDays): Promise<void> {
  await existing(cloud, name);
  await changed(cloud, name, { retentionDays: days });
  await keepFor(cloud, name, days);
}

/**
 * Suspends a licence: it can neither upload nor log in until `resume`.
 *
 * @throws Failure if there is no such account.
 */
export async function suspend(cloud: AccountsCloud, name: string): Promise<void> {
  const { user } = await existing(cloud, name);
  if (!(await suspendAccount(cloud.table, name, new Date()))) throw noAccount(name);
  await user.setActive(false);
}

/**
 * Ends a suspension.
 *
 * @throws Failure if there is no such account.
 */
export async function resume(cloud: AccountsCloud, name: string): Promise<void> {
  const { user } = await existing(cloud, name);
  await user.setActive(true);
  await changed(cloud, name, { state: 'active', suspended: undefined });
}

/**
 * Removes a licence and everything stored for it. First uploads and logins are ended; then it waits until no function
 * that began before can be at work; then the uploads are deleted, so that queued notifications have nothing to publish,
 * and then all the rest. Last, the account's item records that it was removed, so that a failed removal can be repeated
 * and late deliveries end there.
 *
 * @param tell receives why it takes a while
 * @returns how many objects and items were deleted.
 * @throws Failure if there is no such account.
 */
export async function remove(
  cloud: AccountsCloud,
  name: string,
  tell: (text: string) => void,
): Promise<{ objects: number; items: number }> {
  const { place, table } = cloud;
  requireName(name);
  const user = new CameraUser(cloud.iam, place, name);
  // Without an account, a failed removal may have left its user. Another cloud's user does not count.
  if (!(await readAccount(table, name)) && !(await user.isLeftOver())) throw noAccount(name);
  await suspendAccount(table, name, new Date());
  await user.setActive(false);
  const since = (await readAccount(table, name))?.suspended ?? new Date(0);
  const left = since.getTime() + AT_WORK_MS - Date.now();
  if (left > 0) {
    tell(
      `"${name}" is suspended. In ${Math.ceil(left / 1000)} s, when no picture of it can be looked at any more, all goes.`,
    );
    await setTimeout(left);
  }
  const deleted = { objects: 0, items: 0 };
  let usesRekognition = false;
  // Each pass may be overtaken by work that was still running, which the next pass finds.
  for (let pass = { objects: 1, items: 1 }; pass.objects + pass.items > 0; ) {
    pass = { objects: 0, items: 0 };
    for (const bucket of [place.uploadsBucket, place.productionBucket]) {
      for await (const versions of versionsOf(cloud, bucket, name)) {
        await deleteVersions(cloud, versions);
        pass.objects += versions.length;
      }
    }
    const own = accountKey(name).pk;
    for await (const items of itemsOf(cloud, name, [])) {
      const others = items.filter(({ pk }) => pk !== own);
      usesRekognition ||= others.some(({ pk }) => pk.includes('#FACES#rekognition'));
      await table.removeAll(others);
      pass.items += others.length;
    }
    deleted.objects += pass.objects;
    deleted.items += pass.items;
  }
  if (usesRekognition) await deleteCollection(name);
  await user.delete();
  await removeAccount(table, name, new Date());
  return deleted;
}

/**
 * Makes sure that the account exists and has this password. Its key pair must be in IAM; a key pair that was rotated
 * since stays.
 *
 * @throws Failure if IAM has no such user.
 */
export async function ensure(cloud: AccountsCloud, name: string, password: string, accessKeyId: string): Promise<void> {
  requireName(name);
  const user = new CameraUser(cloud.iam, cloud.place, name);
  const keys = (await user.keys()).map((key) => key.accessKeyId);
  if (!keys.includes(accessKeyId) && keys.length === 0) {
    throw new Failure(`IAM has no user "${user.name}" with the key pair ${accessKeyId}.`);
  }
  const account = await readAccount(cloud.table, name);
  if (!account && (await createAccount(cloud.table, await newAccount(name, password, accessKeyId)))) return;
  if (!(await isPassword(password, account?.passwordHash))) {
    await changed(cloud, name, { passwordHash: await hashPassword(password), sessionKey: randomBytes(32) });
  }
  if (account && !keys.includes(account.accessKeyId)) await changed(cloud, name, { accessKeyId });
}

async function existing(cloud: AccountsCloud, name: string): Promise<{ account: Account; user: CameraUser }> {
  requireName(name);
  const account = await readAccount(cloud.table, name);
  if (!account) throw noAccount(name);
  return { account, user: new CameraUser(cloud.iam, cloud.place, name) };
}

async function changed({ table }: AccountsCloud, name: string, change: AccountChange): Promise<void> {
  if (!(await changeAccount(table, name, change))) throw noAccount(name);
}

async function newAccount(name: string, password: string, accessKeyId: string): Promise<Account> {
  return {
    name,
    state: 'active',
    retentionDays: LONGEST_RETENTION,
    passwordHash: await hashPassword(password),
    sessionKey: randomBytes(32),
    endedSessions: new Set(),
    accessKeyId,
    created: new Date(),
  };
}

function requireName(name: string): void {
  if (ACCOUNT_NAME.test(name)) return;
  throw new Failure(
    `"${name}" can be no account: a name has 1 to 63 lower-case letters, digits, dots, dashes and underscores, ` +
      'and begins with a letter or a digit.',
  );
}

function noAccount(name: string): Failure {
  return new Failure(`There is no account "${name}". See them all with: list`);
}

/** Deletes the faces that Amazon's engine keeps for an account. */
async function deleteCollection(account: string): Promise<void> {
  const client = new RekognitionClient();
  try {
    await client.send(new DeleteCollectionCommand({ CollectionId: collectionOf(account) }));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  } finally {
    client.destroy();
  }
}
