import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { bundle, FUNCTIONS, type FunctionName } from '../../lambda/build';
import { settingsFrom } from '../../lambda/lib/settings';
import { RETENTIONS } from '../../lambda/lib/table/account-item';
import { fieldsOf, list } from '../../lambda/lib/table/fields';
import { tableDefinition } from '../../lambda/lib/table/keys';
import { parseTemplate } from '../../lambda/test-packages';
import { PRODUCTION_LIFECYCLE, RETENTION_DAYS, UPLOADS_LIFECYCLE } from '../../tasks/lib/cloud/retention';

const LAMBDA = join(__dirname, '..', '..', 'lambda');

/** What each call of the SDK needs to be allowed to do. */
const ACTIONS: Record<string, string[]> = {
  GetObject: ['s3:GetObject'],
  CopyObject: ['s3:GetObject', 's3:PutObject', 's3:PutObjectTagging'],
  PutObject: ['s3:PutObject', 's3:PutObjectTagging'],
  PutObjectTagging: ['s3:PutObjectTagging'],
  ListObjectVersions: ['s3:ListBucketVersions'],
  DeleteObject: ['s3:DeleteObject'],
  DeleteObjects: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
  BatchGet: ['dynamodb:BatchGetItem'],
  Get: ['dynamodb:GetItem'],
  Update: ['dynamodb:UpdateItem'],
  Delete: ['dynamodb:DeleteItem'],
  Query: ['dynamodb:Query'],
  BatchWrite: ['dynamodb:BatchWriteItem'],
  Put: ['dynamodb:PutItem'],
  CreateCollection: ['rekognition:CreateCollection'],
  DeleteFaces: ['rekognition:DeleteFaces'],
  DetectFaces: ['rekognition:DetectFaces'],
  DetectLabels: ['rekognition:DetectLabels'],
  IndexFaces: ['rekognition:IndexFaces'],
  SendEmail: ['ses:SendEmail'],
  SearchFacesByImage: ['rekognition:SearchFacesByImage'],
};

const FUNCTION: Record<FunctionName, string> = {
  ingest: 'IngestFunction',
  gallery: 'GalleryFunction',
  notify: 'NotifyFunction',
};

/** What a function's bundle contains in a shared file, and never calls. */
const NOT_CALLED: Record<FunctionName, string[]> = {
  ingest: ['BatchWrite', 'Put'],
  gallery: [],
  notify: ['BatchWrite', 'Put'],
};

/** Without it S3 calls an upload that is gone forbidden. */
const NEEDED_TOO: Record<FunctionName, string[]> = { ingest: ['s3:ListBucket'], gallery: [], notify: [] };

/** Seconds. */
const HOUR = 3600;

type Visit = (key: string, value: unknown) => void;

/** Every key and value, however deep. */
function walk(value: unknown, visit: Visit): void {
  for (const [key, inner] of Object.entries(fieldsOf(value))) {
    visit(key, inner);
    walk(inner, visit);
  }
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');
}

describe('lambda: template.yaml', () => {
  const template = fieldsOf(parseTemplate(readFileSync(join(LAMBDA, 'template.yaml'), 'utf8')));
  const resources = fieldsOf(template.Resources);
  const properties = (name: string) => fieldsOf(fieldsOf(resources[name]).Properties);
  const ingest = properties('IngestFunction');
  const gallery = properties('GalleryFunction');
  // SAM makes a resource of a function's URL.
  const urls = Object.keys(resources).filter((name) => properties(name).FunctionUrlConfig);
  const named = new Set([
    ...Object.keys(resources),
    ...Object.keys(fieldsOf(template.Parameters)),
    ...urls.map((name) => `${name}Url`),
  ]);

  it('names nothing that is not there', () => {
    const conditions = Object.keys(fieldsOf(template.Conditions));
    let references = 0;
    const check = (name: string) => {
      references += 1;
      if (!name.startsWith('AWS::')) expect(named, name).to.include(name);
    };
    walk(template, (key, value) => {
      if (key === 'Ref') check(String(value));
      if (key === 'Fn::GetAtt') check(String(texts(value)[0]).split('.')[0] ?? '');
      if (key === 'Fn::Sub') for (const [, name = ''] of String(value).matchAll(/\$\{([\w:]+)/g)) check(name);
      if (key === 'DependsOn') texts(value).forEach(check);
      if (key === 'Condition' && typeof value === 'string') expect(conditions).to.include(value);
      if (key === 'Fn::If') expect(conditions).to.include(texts(value)[0]);
    });
    expect(references).to.be.above(30);
  });

  it('has no YAML aliases, which CloudFormation does not read', () => {
    expect(readFileSync(join(LAMBDA, 'template.yaml'), 'utf8')).not.to.match(/: [&*]\w/);
  });

  it('uses every parameter and every condition', () => {
    const text = JSON.stringify(template);
    for (const name of Object.keys(fieldsOf(template.Parameters))) expect(text).to.include(`{"Ref":"${name}"}`);
    for (const name of Object.keys(fieldsOf(template.Conditions))) {
      expect(text).to.match(new RegExp(`"Condition":"${name}"|"Fn::If":\\["${name}"`));
    }
  });

  for (const name of FUNCTIONS) {
    const { Policies } = properties(FUNCTION[name]);

    it(`allows the ${name} function every action that its code calls, and no other`, async function () {
      this.timeout(60_000);
      const directory = join(LAMBDA, 'dist', `test-template-${name}`);
      const sources = (await bundle(name, directory)).filter((path) => /^(lib\/.*|\w+)\.[jt]s$/.test(path));
      rmSync(directory, { recursive: true });
      expect(sources.length).to.be.above(10);
      const commands = sources.flatMap((path) =>
        [...readFileSync(join(LAMBDA, path.replace(/\.js$/, '.ts')), 'utf8').matchAll(/new (\w+)Command\(/g)].map(
          ([, command = '']) => command,
        ),
      );
      const needed = commands
        .filter((command) => !NOT_CALLED[name].includes(command))
        .flatMap((command) => ACTIONS[command] ?? [`of ${command}, which this test does not know`])
        .concat(NEEDED_TOO[name]);
      const granted: string[] = [];
      walk(Policies, (key, value) => {
        if (key === 'Action') granted.push(...texts(value));
      });
      expect([...new Set(granted)].sort()).to.deep.equal([...new Set(needed)].sort());
    });

    it(`grants the ${name} function nothing on everything, but for the actions that know no resources`, () => {
      walk(Policies, (_, value) => {
        const { Action, Resource } = fieldsOf(value);
        // docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrekognition.html
        const unbound = ['rekognition:CreateCollection', 'rekognition:DetectFaces'];
        const isLabels = texts(Action).join() === 'rekognition:DetectLabels';
        if (Resource === '*' && !isLabels) expect(texts(Action)).to.deep.equal(unbound);
        else expect(texts(Action).filter((action) => unbound.includes(action))).to.deep.equal([]);
        for (const action of texts(Action)) expect(action).to.match(/^[a-z0-9]+:[A-Za-z]+$/);
      });
    });
  }

  it('gives the function the environment that it reads', () => {
    const variables = fieldsOf(fieldsOf(ingest.Environment).Variables);
    const text = Object.fromEntries(Object.keys(variables).map((name) => [name, '1']));
    expect(settingsFrom({ ...text, FACES: 'off', LABELS: 'off' })).to.include({
      productionBucket: '1',
      tableName: '1',
      maxBytes: 1,
    });
    for (const name of Object.keys(variables).filter((one) => one !== 'NODE_OPTIONS')) {
      expect(readFileSync(join(LAMBDA, 'lib', 'settings.ts'), 'utf8')).to.match(new RegExp(`\\b${name}\\b`));
    }
    const parameters = fieldsOf(template.Parameters);
    const defaults = settingsFrom({ PRODUCTION_BUCKET: 'x', TABLE_NAME: 'x' });
    expect(fieldsOf(parameters.MaxBytes).Default).to.equal(defaults.maxBytes);
    expect(fieldsOf(parameters.MaxPixels).Default).to.equal(defaults.maxPixels);
    expect(fieldsOf(parameters.Faces).Default).to.equal(defaults.faces);
    expect(fieldsOf(parameters.Labels).Default).to.equal(defaults.labels);
  });

  it('has the table that the code works with', () => {
    const { TableName, ...definition } = tableDefinition('x');
    expect(properties('Table')).to.deep.include(definition);
    expect(properties('Table').TimeToLiveSpecification).to.deep.equal({ AttributeName: 'expires', Enabled: true });
    expect(properties('Table').PointInTimeRecoverySpecification).to.deep.equal({ PointInTimeRecoveryEnabled: true });
  });

  it('has private, encrypted buckets that are reached by TLS alone', () => {
    const buckets = Object.keys(resources).filter((name) => fieldsOf(resources[name]).Type === 'AWS::S3::Bucket');
    expect(buckets).to.have.length(2);
    for (const name of buckets) {
      const bucket = properties(name);
      expect(Object.values(fieldsOf(bucket.PublicAccessBlockConfiguration))).to.deep.equal([true, true, true, true]);
      expect(JSON.stringify(bucket.BucketEncryption)).to.include('AES256');
      const [statement] = list(fieldsOf(properties(`${name}Policy`).PolicyDocument), 'Statement');
      expect(statement).to.deep.include({ Effect: 'Deny', Principal: '*', Action: 's3:*' });
      expect(statement).to.deep.include({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
      expect(fieldsOf(resources[name]).DeletionPolicy).to.equal('RetainExceptOnCreate');
      expect(fieldsOf(resources[name]).UpdateReplacePolicy).to.equal('Retain');
    }
    expect(properties('ProductionBucket').VersioningConfiguration).to.deep.equal({ Status: 'Enabled' });
  });

  it('keeps uploads and pictures as long as the cloud on one machine does, and leaves nothing of them', () => {
    const rules = (bucket: string) => list(fieldsOf(properties(bucket).LifecycleConfiguration), 'Rules').map(fieldsOf);
    const expirations = (bucket: string) =>
      rules(bucket).flatMap(({ ExpirationInDays: days, TagFilters, Status }) => {
        if (days === undefined) return [];
        expect(Status).to.equal('Enabled');
        const [tag] = list({ TagFilters }, 'TagFilters').map(fieldsOf);
        return [{ ...(tag && { tag: { key: tag.Key, value: tag.Value } }), days }];
      });
    expect(expirations('UploadsBucket')).to.deep.equal(UPLOADS_LIFECYCLE.expiration);
    expect(expirations('ProductionBucket')).to.deep.equal(PRODUCTION_LIFECYCLE.expiration);
    expect(RETENTIONS).to.deep.equal(RETENTION_DAYS);
    const [leftovers] = rules('ProductionBucket').filter(({ ExpirationInDays }) => ExpirationInDays === undefined);
    expect(leftovers).to.deep.include({
      Status: 'Enabled',
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      ExpiredObjectDeleteMarker: true,
    });
  });

  it('lets anybody open the page, by its URL alone', () => {
    expect(gallery.FunctionUrlConfig).to.deep.equal({ AuthType: 'NONE', InvokeMode: 'BUFFERED' });
    const { FunctionName, ...permission } = properties('GalleryUrlPermission');
    expect(FunctionName).to.deep.equal({ Ref: 'GalleryFunction' });
    expect(permission).to.deep.equal({
      Action: 'lambda:InvokeFunction',
      Principal: '*',
      InvokedViaFunctionUrl: true,
    });
  });

  it('gives a message to nobody else while the function may still be at it, and lays it aside in the end', () => {
    const queue = properties('UploadsQueue');
    expect(queue.VisibilityTimeout).to.be.at.least(6 * Number(ingest.Timeout));
    const source = fieldsOf(fieldsOf(fieldsOf(ingest.Events).Uploads).Properties);
    expect(source.FunctionResponseTypes).to.deep.equal(['ReportBatchItemFailures']);
    expect(properties('DeadLettersAlarm').AlarmActions).to.deep.equal([{ Ref: 'AlarmTopic' }]);
  });

  it('gives an upload up after hours, not minutes, and no message about one lives longer than it', () => {
    const queue = properties('UploadsQueue');
    const tries = Number(fieldsOf(queue.RedrivePolicy).maxReceiveCount);
    expect((tries * Number(queue.VisibilityTimeout)) / HOUR).to.be.at.least(8);
    const waits = Number(queue.MessageRetentionPeriod);
    const dead = Number(properties('DeadLetters').MessageRetentionPeriod);
    // A message that is laid aside keeps its age. docs.aws.amazon.com/AWSSimpleQueueService: dead-letter queues
    expect(waits).to.be.above(tries * Number(queue.VisibilityTimeout));
    expect(dead).to.be.above(waits);
    const [rule] = list(fieldsOf(properties('UploadsBucket').LifecycleConfiguration), 'Rules').map(fieldsOf);
    // Laid aside at once, tried again on its last day, it is as new, and may be laid aside once more.
    expect(Number(rule?.ExpirationInDays) * 24 * HOUR).to.be.above(2 * dead);
  });

  it('counts what fails, what is gone and what is refused, and each has an alarm', () => {
    const handler = readFileSync(join(LAMBDA, 'lib', 'ingest', 'handler.ts'), 'utf8');
    const alarms = JSON.stringify(resources);
    for (const name of ['Failed', 'Gone', 'Refused']) {
      expect(handler).to.include(`metrics.addMetric('${name}'`);
      expect(alarms).to.include(`"MetricName":"${name}","Dimensions":[{"Name":"service","Value":"ingest"}]`);
    }
  });

  it('tells of alarms on a topic that CloudWatch may write to', () => {
    const alarms = Object.keys(resources).filter((name) => fieldsOf(resources[name]).Type === 'AWS::CloudWatch::Alarm');
    expect(alarms).to.have.length(7);
    for (const name of alarms) expect(properties(name).AlarmActions, name).to.deep.equal([{ Ref: 'AlarmTopic' }]);
    expect(properties('AlarmTopic')).not.to.have.property('KmsMasterKeyId');
    expect(properties('AlarmSubscription')).to.deep.include({ TopicArn: { Ref: 'AlarmTopic' }, Protocol: 'email' });
  });

  it('runs on arm64, traced, with logs that do not stay for ever', () => {
    for (const name of FUNCTIONS) {
      const architecture = { Architectures: ['arm64'], Tracing: 'Active' };
      const code = { CodeUri: `dist/${name}.zip`, Handler: `${name}.handler` };
      expect(properties(FUNCTION[name])).to.deep.include({ ...architecture, ...code });
    }
    for (const name of ['IngestLogs', 'GalleryLogs', 'NotifyLogs'])
      expect(properties(name).RetentionInDays).to.be.a('number');
  });
});
