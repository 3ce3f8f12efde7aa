/**
 * The operator's command: makes, lists, changes and removes accounts (`npm run account -- help`). On AWS it uses the
 * outputs of the stack, on one machine the files of `grunt cloud`. Read lib/accounts/licences.ts next.
 */

import { createInterface } from 'node:readline/promises';
import { text as readAll } from 'node:stream/consumers';
import { Command } from 'commander';
import { z } from 'zod';
import type { KeyPair } from './lib/accounts/camera-user';
import { type AccountsCloud, accountsCloud } from './lib/accounts/cloud';
import { explain, Failure } from './lib/accounts/failure';
import * as licences from './lib/accounts/licences';
import {
  isOwnersEnvironment,
  type Place,
  placeOfEnvironment,
  placeOnAws,
  placeOnOneMachine,
} from './lib/accounts/place';
import { isRetention, RETENTIONS, type RetentionDays } from './lib/table/account-item';

const FIRST = z.object({
  account: z.string(),
  password: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
});

// The SDK warns of Node.js versions that it will stop to support. That is no news for an operator.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const program = new Command('account')
  .description(
    'Accounts of the cloud: one account is one licence, with a folder, a login, and a key pair for its cameras.',
  )
  .option('--stack <name>', 'a cloud on AWS, by its stack', 'kerberos')
  .option('--cloud <directory>', 'a cloud on this machine, by the directory of its data')
  .showHelpAfterError();

program
  .command('add <name>')
  .description('makes an account, and prints what its owner needs')
  .action((name: string) =>
    run(async (cloud) => {
      const { login, keys } = await licences.add(cloud, name);
      print(`The account "${name}" is made.`, '', ...forCameras(cloud.place, name, keys), '');
      print(...forThePage(cloud.place, login), '', 'The private key and the password are told this once only.');
    }),
  );

program
  .command('list')
  .description('lists the accounts')
  .action(() =>
    run(async (cloud) => {
      const found = await licences.list(cloud);
      if (found.length === 0) return print('There are no accounts. Make one: add NAME');
      const rows = found.map(({ account, instances }) => {
        const last = Math.max(...instances.map(({ lastSeen }) => lastSeen.getTime()));
        return [
          account.name,
          account.state,
          `${account.retentionDays} days`,
          day(account.created.getTime()),
          String(instances.length),
          instances.length === 0 ? 'never' : `${new Date(last).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
        ];
      });
      print(...table([['account', 'state', 'keeps', 'since', 'instances', 'last seen'], ...rows]));
    }),
  );

program
  .command('rotate <name>')
  .description('makes a second key pair; the first works on until --finish')
  .option('--finish', 'deletes the older key pair, when all cameras have the newer one')
  .option('--undo', 'deletes the newer key pair')
  .action((name: string, { finish, undo }: { finish?: true; undo?: true }) =>
    run(async (cloud) => {
      if (finish && undo) throw new Failure('Either --finish or --undo.');
      if (finish) {
        const deleted = await licences.finishRotation(cloud, name);
        const nothing = `"${name}" has one key pair only; nothing was changed.`;
        return print(deleted ? `The key pair ${deleted} is deleted; it uploads no more.` : nothing);
      }
      if (undo)
        return print(`The key pair ${await licences.undoRotation(cloud, name)} is deleted; the older one stays.`);
      const keys = await licences.rotate(cloud, name);
      print(`"${name}" has a second key pair.`, '', ...forCameras(cloud.place, name, keys), '');
      print('The private key is told this once only. The older key pair works on, so no camera is cut off.');
      print(`When all cameras have the newer one, or at once if it was stolen: rotate ${name} --finish`);
    }),
  );

program
  .command('password <name>')
  .description('makes a new password; all sessions end')
  .action((name: string) =>
    run(async (cloud) => {
      const login = await licences.resetPassword(cloud, name);
      print(...forThePage(cloud.place, login), '', 'The password is told this once only. All sessions have ended.');
    }),
  );

program
  .command('retention <name> <days>')
  .description(`keeps events for ${RETENTIONS.join(', ')} days; those that are there too`)
  .action((name: string, days: string) =>
    run(async (cloud) => {
      await licences.setRetention(cloud, name, retention(days));
      print(`Events of "${name}" are kept for ${days} days after they came.`);
    }),
  );

program
  .command('suspend <name>')
  .description('lets an account neither upload nor look, until resume')
  .action((name: string) =>
    run(async (cloud) => {
      await licences.suspend(cloud, name);
      print(`"${name}" is suspended: it can neither upload nor look. Nothing is deleted before it expires.`);
    }),
  );

program
  .command('resume <name>')
  .description('lets a suspended account upload and look again')
  .action((name: string) =>
    run(async (cloud) => {
      await licences.resume(cloud, name);
      print(`"${name}" can upload and look again.`);
    }),
  );

program
  .command('remove <name>')
  .description('removes an account with its key pair, its pictures and all that is known of them')
  .option('--yes', 'does not ask')
  .action((name: string, { yes }: { yes?: true }) =>
    run(async (cloud) => {
      if (!yes) await confirm(cloud, name);
      const { objects, items } = await licences.remove(cloud, name, print);
      print(`"${name}" is removed, with ${objects} objects and ${items} items.`);
    }),
  );

program
  .command('ensure', { hidden: true })
  .description('for grunt cloud: has the account that standard input describes, with its login')
  .action(() =>
    run(async (cloud) => {
      const { data } = FIRST.safeParse(jsonOf(await readAll(process.stdin)));
      if (!data) throw new Failure('Standard input must be {"account", "password", "accessKeyId", "secretAccessKey"}.');
      await licences.ensure(cloud, data.account, data.password, data.accessKeyId);
    }),
  );

/** Runs a command on the cloud that the options name. Explains what goes wrong. */
async function run(work: (cloud: AccountsCloud) => Promise<void>): Promise<void> {
  let where = 'AWS';
  try {
    const place = await placeOf(program.opts());
    where = place.endpoint === undefined ? 'AWS' : place.name;
    await work(accountsCloud(place, process.env));
  } catch (error) {
    console.error(explain(error, where));
    process.exitCode = 1;
  }
}

async function placeOf({ stack, cloud }: { stack?: string; cloud?: string }): Promise<Place> {
  if (cloud !== undefined) return placeOnOneMachine(cloud, process.env);
  if (isOwnersEnvironment(process.env)) return placeOfEnvironment(process.env, 'The environment', 'This cloud');
  return await placeOnAws(stack ?? 'kerberos');
}

/** The four values, under their names in the Kerberos web interface. */
function forCameras({ uploadsBucket, endpoint }: Place, name: string, keys: KeyPair): string[] {
  return [
    "For the Kerberos web interface of each camera, under 'Cloud':",
    ...table([
      ['  bucket', uploadsBucket],
      ['  folder', name],
      ['  public key', keys.accessKeyId],
      ['  private key', keys.secretAccessKey],
    ]),
    'A Kerberos 2.x that has them there uploads by itself as well, to Amazon alone. To have grunt sync alone do it, leave the',
    'fields empty, and write SYNC_BUCKET, SYNC_FOLDER, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY into /etc/default/cloud.',
    ...(endpoint === undefined ? [] : [`Its sync must be told where that is: AWS_ENDPOINT_URL=${endpoint}`]),
  ];
}

function forThePage({ appUrl }: Place, { user, password }: licences.Login): string[] {
  return [
    'For the page:',
    ...table([
      ['  address', appUrl],
      ['  user', user],
      ['  password', password],
    ]),
  ];
}

async function confirm({ place }: AccountsCloud, name: string): Promise<void> {
  if (!process.stdin.isTTY) throw new Failure('Nobody is here to be asked; --yes removes without asking.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(
    `${place.name}: all pictures of "${name}" are deleted for good. Type the name to go on: `,
  );
  terminal.close();
  if (answer.trim() !== name) throw new Failure('Nothing was removed.');
}

function retention(days: string): RetentionDays {
  const number = Number(days);
  if (isRetention(number)) return number;
  throw new Failure(`"${days}" cannot be chosen: ${RETENTIONS.join(', ')} days can.`);
}

/** Lines of columns that are as wide as their widest cell. */
function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function print(...lines: string[]): void {
  console.log(lines.join('\n'));
}

void program.parseAsync();
