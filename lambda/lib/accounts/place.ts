/**
 * Finds the servers and names of a cloud. On AWS they are the outputs of its stack; on one machine they are in the file
 * owner.env, which `grunt cloud` writes into its directory with the owner's credentials.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { Failure } from './failure';

/** The buckets, table and names of one cloud. */
export interface Place {
  /** Describes the cloud in messages. */
  name: string;
  uploadsBucket: string;
  productionBucket: string;
  tableName: string;
  /** URL of the cloud application. */
  appUrl: string;
  /** The partition in ARNs: `aws`, or that of China or a government. */
  partition: string;
  /** The name of an account's IAM user is this prefix and the account's name. */
  userPrefix: string;
  /** The S3 endpoint that a Pi must send to; absent for AWS. */
  endpoint?: string;
}

/** Variables of the SDK that must be unset, because they would lead to another cloud than the one on this machine. */
const NOT_OF_ONE_MACHINE = ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL', 'AWS_DEFAULT_PROFILE'];

const NEEDED = [
  'AWS_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_IAM',
  'AWS_ENDPOINT_URL_DYNAMODB',
  'UPLOADS_BUCKET',
  'PRODUCTION_BUCKET',
  'TABLE_NAME',
  'APP_URL',
];

/**
 * The cloud of a stack, in the region and AWS account of the SDK's environment.
 *
 * @throws Failure if the stack does not exist or lacks an output.
 */
export async function placeOnAws(stack: string): Promise<Place> {
  const client = new CloudFormationClient();
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const { Outputs = [], StackId = '' } = Stacks?.[0] ?? {};
    const output = (key: string): string => {
      const value = Outputs.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
      if (value) return value;
      throw new Failure(
        `The stack "${stack}" has no output ${key}. Deploy this version first: npm run build && sam deploy`,
      );
    };
    return {
      name: `The stack "${stack}"`,
      uploadsBucket: output('UploadsBucket'),
      productionBucket: output('ProductionBucket'),
      tableName: output('Table'),
      appUrl: output('AppUrl'),
      partition: StackId.split(':')[1] || 'aws',
      userPrefix: `kerberos-${stack}-`,
    };
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError') {
      throw new Failure(`There is no stack "${stack}" in this region and AWS account. Name yours with --stack.`);
    }
    throw error;
  } finally {
    client.destroy();
  }
}

/**
 * The cloud on this machine, by its data directory. Sets the SDK's variables in `env` to its servers and its owner's
 * credentials.
 *
 * @throws Failure if there is no owner.env, or it lacks a variable.
 */
export function placeOnOneMachine(directory: string, env: NodeJS.ProcessEnv): Place {
  const file = join(directory, 'owner.env');
  const said = readEnv(file);
  for (const name of NOT_OF_ONE_MACHINE) delete env[name];
  Object.assign(env, said);
  return placeOfEnvironment(said, file, `The cloud in ${directory}`);
}

/** Whether an environment has all variables of owner.env. */
export function isOwnersEnvironment(env: NodeJS.ProcessEnv): boolean {
  return NEEDED.every((name) => env[name]);
}

/**
 * The cloud that an environment describes.
 *
 * @throws Failure that names the variable that `source` lacks.
 */
export function placeOfEnvironment(env: NodeJS.Dict<string>, source: string, name: string): Place {
  const needed = (variable: string): string => {
    const value = env[variable];
    if (value) return value;
    throw new Failure(
      `${source} does not say ${variable}. Start grunt cloud of this version, with the Lambda installed.`,
    );
  };
  for (const variable of NEEDED) needed(variable);
  return {
    name,
    uploadsBucket: needed('UPLOADS_BUCKET'),
    productionBucket: needed('PRODUCTION_BUCKET'),
    tableName: needed('TABLE_NAME'),
    appUrl: needed('APP_URL'),
    partition: 'aws',
    userPrefix: 'kerberos-',
    endpoint: needed('AWS_ENDPOINT_URL_S3'),
  };
}

function readEnv(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Failure(`There is no ${file}. Is that where the cloud keeps its data? grunt cloud writes it.`);
    }
    throw error;
  }
}
