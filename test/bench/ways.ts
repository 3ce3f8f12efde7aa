/** The programs that can bring a directory to a bucket, each with the settings that its own manual gives for speed. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../kerberos';
import type { Command } from './measured';
import { PEERS } from './programs';

/** What is to be brought where. */
export interface Job {
  /** Holds pictures, and nothing else. */
  readonly directory: string;
  /** For configurations and ledgers; what is there may be overwritten. */
  readonly scratch: string;
  readonly endpoint: string;
  /** The authority that signed the certificate of an endpoint with TLS. */
  readonly certificate: string;
  readonly concurrency: number;
}

export interface Way {
  readonly name: string;
  command(job: Job): Command;
  /** Takes so long a file that fewer files tell as much. */
  readonly isSlow?: true;
  /** Knows no concurrency: it sends one file at a time. */
  readonly isSequential?: true;
}

const BUCKET = 'bench';
const FOLDER = 'camera';
/** Nobody looks at the signatures. */
export const KEYS = { AWS_ACCESS_KEY_ID: 'BENCHKEY', AWS_SECRET_ACCESS_KEY: 'bench-secret' };

/** Settings of `grunt sync` that are no options of its command line. `state`: where its ledger is. */
export function syncEnvironment(job: Job, state: string): Record<string, string> {
  const config = join(job.scratch, 'config');
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'config.xml'), '<kerberos><instance><name>camera</name></instance></kerberos>');
  writeFileSync(join(config, 'io.xml'), `<ios><Disk><directory>${job.directory}/</directory></Disk></ios>`);
  return {
    ...KEYS,
    KERBEROS_CONFIG: config,
    SYNC_BUCKET: BUCKET,
    SYNC_FOLDER: FOLDER,
    SYNC_STATE: state,
    SYNC_SIGN_OF_LIFE: 'off',
    AWS_ENDPOINT_URL: job.endpoint,
    NODE_EXTRA_CA_CERTS: job.endpoint.startsWith('https') ? job.certificate : '',
  };
}

export const sync: Way = {
  name: 'grunt sync',
  command(job) {
    const state = join(job.scratch, 'state');
    rmSync(state, { recursive: true, force: true });
    return {
      program: process.execPath,
      args: [
        join(ROOT, 'node_modules/grunt/bin/grunt'),
        ...syncArguments,
        '--once',
        `--concurrency=${job.concurrency}`,
      ],
      env: syncEnvironment(job, state),
    };
  },
};

/** What a service manager gives `grunt`. */
export const syncArguments: readonly string[] = ['--gruntfile', join(ROOT, 'Gruntfile.js'), '--no-color', 'sync'];

export const rclone: Way = {
  name: 'rclone copy',
  command: (job) => ({
    program: 'rclone',
    // The sink answers no HEAD, so rclone is told not to look whether a file has arrived: it has less to do.
    args: ['copy', job.directory, `:s3:${BUCKET}/${FOLDER}`, ...rcloneOptions(job), `--transfers=${job.concurrency}`],
    env: KEYS,
  }),
};

function rcloneOptions({ endpoint, certificate }: Job): string[] {
  return [
    ...['--config=', '--s3-provider=Other', '--s3-env-auth', `--s3-endpoint=${endpoint}`, '--s3-region=eu-west-1'],
    ...['--s3-no-head', '--s3-no-check-bucket'],
    ...(endpoint.startsWith('https') ? [`--ca-cert=${certificate}`] : []),
  ];
}

export const awsCli: Way = {
  name: 'aws s3 cp --recursive',
  isSlow: true,
  command: (job) => aws(job, 'cp', '--recursive'),
};

/** `aws s3 cp` or `sync`, with these options. */
export function aws(job: Job, verb: 'cp' | 'sync', ...options: readonly string[]): Command {
  const config = join(job.scratch, 'aws.config');
  writeFileSync(config, `[default]\nregion = eu-west-1\ns3 =\n  max_concurrent_requests = ${job.concurrency}\n`);
  return {
    program: '/usr/bin/aws',
    args: [
      ...['--endpoint-url', job.endpoint, '--ca-bundle', job.certificate, 's3', verb, '--only-show-errors', ...options],
      ...[job.directory, `s3://${BUCKET}/${FOLDER}`],
    ],
    env: { ...KEYS, AWS_CONFIG_FILE: config },
  };
}

export const s3cmd: Way = {
  name: 's3cmd put',
  isSlow: true,
  isSequential: true,
  command(job) {
    const { host, protocol } = new URL(job.endpoint);
    const config = join(job.scratch, 's3cfg');
    writeFileSync(
      config,
      `[default]\naccess_key = ${KEYS.AWS_ACCESS_KEY_ID}\nsecret_key = ${KEYS.AWS_SECRET_ACCESS_KEY}\n` +
        `host_base = ${host}\nhost_bucket = ${host}\nuse_https = ${protocol === 'https:' ? 'True' : 'False'}\n` +
        `bucket_location = eu-west-1\nca_certs_file = ${job.certificate}\n`,
    );
    const to = `s3://${BUCKET}/${FOLDER}/`;
    return {
      program: '/usr/bin/s3cmd',
      args: ['-c', config, '--quiet', '--no-progress', '--recursive', 'put', `${job.directory}/`, to],
    };
  },
};

export const gruntAwsS3: Way = {
  name: 'grunt-aws-s3',
  isSlow: true,
  command(job) {
    const { host, protocol } = new URL(job.endpoint);
    const options = {
      ...{ bucket: BUCKET, region: 'eu-west-1', endpoint: host, sslEnabled: protocol === 'https:' },
      ...{ s3ForcePathStyle: true, access: 'private', progress: 'none', uploadConcurrency: job.concurrency },
    };
    const files = [{ expand: true, cwd: `${job.directory}/`, src: ['*.jpg'], dest: `${FOLDER}/`, action: 'upload' }];
    const task = `grunt.initConfig({ aws_s3: { options: ${JSON.stringify(options)}, all: { files: ${JSON.stringify(files)} } } });`;
    const gruntfile = join(PEERS, 'Gruntfile.js');
    writeFileSync(gruntfile, `module.exports = (grunt) => { ${task} grunt.loadNpmTasks('grunt-aws-s3'); };\n`);
    const grunt = join(PEERS, 'node_modules/grunt/bin/grunt');
    return { program: process.execPath, args: [grunt, '--gruntfile', gruntfile, 'aws_s3'], env: KEYS };
  },
};

/** The least that a Node program can do: it reads, signs with the aws4 package, puts, and looks at the status. */
const LOOP = `
const [endpoint, directory, concurrency] = process.argv.slice(2);
const { sign } = require('aws4');
const { readdirSync, promises } = require('node:fs');
const { Agent, request } = require('node:http');
const { host, hostname, port } = new URL(endpoint);
const agent = new Agent({ keepAlive: true, maxSockets: Number(concurrency) });
const put = (path, body) => new Promise((resolve, reject) => {
  const headers = { Host: host, 'Content-Type': 'image/jpeg', 'Content-Length': body.length };
  const signed = sign({ method: 'PUT', service: 's3', region: 'eu-west-1', path, headers, body });
  const sent = request({ agent, hostname, port, method: 'PUT', path, headers: signed.headers }, (answer) => {
    answer.resume();
    answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(String(answer.statusCode)))));
  });
  sent.on('error', reject);
  sent.end(body);
});
const names = readdirSync(directory);
const work = async () => {
  for (let name = names.pop(); name !== undefined; name = names.pop())
    await put('/${BUCKET}/${FOLDER}/' + encodeURIComponent(name), await promises.readFile(directory + '/' + name));
};
Promise.all(Array.from({ length: Number(concurrency) }, work)).catch((error) => { console.error(error); process.exitCode = 1; });
`;

export const signedLoop: Way = {
  name: 'node http loop, signed by aws4',
  command(job) {
    const file = join(PEERS, 'loop.js');
    if (!existsSync(file)) writeFileSync(file, LOOP);
    return { program: process.execPath, args: [file, job.endpoint, job.directory, String(job.concurrency)], env: KEYS };
  },
};

export const PEER_WAYS: readonly Way[] = [rclone, awsCli, s3cmd, gruntAwsS3, signedLoop];

/** grunt-contrib-watch with the AWS SDK: the way that Grunt's own documentation suggests. */
export function watchAndSdk(job: Job): Command {
  const gruntfile = join(PEERS, 'watch.Gruntfile.js');
  writeFileSync(
    gruntfile,
    `const { readFileSync } = require('node:fs');
const { PutObjectCommand, S3Client } = require('@aws-sdk/client-s3');
module.exports = (grunt) => {
  const client = new S3Client({ endpoint: '${job.endpoint}', region: 'eu-west-1', forcePathStyle: true });
  const options = { cwd: '${job.directory}', event: ['added'], spawn: false };
  grunt.initConfig({ watch: { pictures: { files: ['*.jpg'], tasks: [], options } } });
  grunt.loadNpmTasks('grunt-contrib-watch');
  grunt.event.on('watch', (action, path) => {
    const name = path.split('/').pop();
    const Body = readFileSync('${job.directory}/' + name);
    client.send(new PutObjectCommand({ Bucket: '${BUCKET}', Key: '${FOLDER}/' + name, Body })).catch(console.error);
  });
};
`,
  );
  const grunt = join(PEERS, 'node_modules/grunt/bin/grunt');
  const env = { ...KEYS, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  return { program: process.execPath, args: [grunt, '--gruntfile', gruntfile, 'watch'], env };
}
