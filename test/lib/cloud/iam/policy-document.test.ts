import { expect } from 'chai';
import { MalformedPolicy, policyOf } from '../../../../tasks/lib/cloud/iam/policy-document';
import { type Action, allows } from '../../../../tasks/lib/cloud/s3/policy';

const DEVICE = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::uploads/jane/*' },
    {
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: 'arn:aws:s3:::uploads',
      Condition: { StringLike: { 's3:prefix': ['jane/*'] } },
    },
  ],
};

describe("IAM's policy documents", () => {
  const may = (statement: object | object[], action: Action, bucket: string, key: string) =>
    allows(policyOf(JSON.stringify({ Version: '2012-10-17', Statement: statement })), action, bucket, key);

  it("of a camera: its folder may be written and listed, and nothing else, of nobody's", () => {
    const policy = policyOf(JSON.stringify(DEVICE));
    const can = (action: Action, bucket: string, key: string) => allows(policy, action, bucket, key);
    expect(can('s3:PutObject', 'uploads', 'jane/a.jpg')).to.equal(true);
    expect(can('s3:ListBucket', 'uploads', 'jane/')).to.equal(true);
    expect(can('s3:ListBucket', 'uploads', 'jane/2026')).to.equal(true);
    for (const [action, bucket, key] of [
      ['s3:PutObject', 'uploads', 'jane'],
      ['s3:PutObject', 'uploads', 'jane2/a.jpg'],
      ['s3:PutObject', 'uploads', 'other/a.jpg'],
      ['s3:PutObject', 'production', 'jane/a.jpg'],
      ['s3:ListBucket', 'uploads', ''],
      ['s3:ListBucket', 'uploads', 'jane'],
      ['s3:ListBucket', 'uploads', 'jane2/'],
      ['s3:ListBucket', 'production', 'jane/'],
      ['s3:ListBucketVersions', 'uploads', 'jane/'],
      ['s3:GetObject', 'uploads', 'jane/a.jpg'],
      ['s3:DeleteObject', 'uploads', 'jane/a.jpg'],
      ['s3:PutObjectTagging', 'uploads', 'jane/a.jpg'],
      ['s3:AbortMultipartUpload', 'uploads', 'jane/a.jpg'],
      ['s3:ListAllMyBuckets', '', ''],
      ['s3:CreateBucket', 'uploads', ''],
    ] as const) {
      expect(can(action, bucket, key), `${action} ${bucket}/${key}`).to.equal(false);
    }
  });

  it('know wildcards in actions, whatever the capitals', () => {
    const all = { Effect: 'Allow', Action: ['s3:get*', 'S3:PutObject'], Resource: 'arn:aws:s3:::bkt/*' };
    expect(may(all, 's3:GetObject', 'bkt', 'k')).to.equal(true);
    expect(may(all, 's3:GetObjectTagging', 'bkt', 'k')).to.equal(true);
    expect(may(all, 's3:PutObject', 'bkt', 'k')).to.equal(true);
    expect(may(all, 's3:PutObjectTagging', 'bkt', 'k')).to.equal(false);
    const every = { Effect: 'Allow', Action: '*', Resource: '*' };
    expect(may(every, 's3:ListAllMyBuckets', '', '')).to.equal(true);
  });

  it('hold an action on objects against keys, and one on buckets against buckets', () => {
    const of = (Resource: string) => ({ Effect: 'Allow', Action: 's3:*', Resource });
    expect(may(of('arn:aws:s3:::bkt'), 's3:ListBucket', 'bkt', '')).to.equal(true);
    expect(may(of('arn:aws:s3:::bkt'), 's3:GetObject', 'bkt', 'k')).to.equal(false);
    expect(may(of('arn:aws:s3:::bkt/*'), 's3:ListBucket', 'bkt', '')).to.equal(false);
    expect(may(of('arn:aws:s3:::bkt/*'), 's3:GetObject', 'bkt', 'k')).to.equal(true);
    expect(may(of('arn:aws:s3:::bkt/k'), 's3:GetObject', 'bkt', 'k')).to.equal(true);
    expect(may(of('arn:aws:s3:::bkt/k'), 's3:GetObject', 'bkt', 'k2')).to.equal(false);
    expect(may(of('arn:aws:s3:::bkt/*'), 's3:ListAllMyBuckets', '', '')).to.equal(false);
  });

  it('deny what another statement allows', () => {
    const statements = [
      { Effect: 'Allow', Action: 's3:*', Resource: '*' },
      { Effect: 'Deny', Action: 's3:Delete*', Resource: ['arn:aws:s3:::bkt/kept/*'] },
    ];
    expect(may(statements, 's3:DeleteObject', 'bkt', 'kept/a')).to.equal(false);
    expect(may(statements, 's3:DeleteObjectVersion', 'bkt', 'kept/a')).to.equal(false);
    expect(may(statements, 's3:DeleteObject', 'bkt', 'a')).to.equal(true);
  });

  it('with a condition on prefixes allow lists with such a prefix, and nothing that is no list', () => {
    const equals = {
      Effect: 'Allow',
      Action: 's3:*',
      Resource: ['arn:aws:s3:::bkt', 'arn:aws:s3:::bkt/*'],
      Condition: { StringEquals: { 's3:prefix': ['jane/', 'joe/'] } },
    };
    expect(may(equals, 's3:ListBucket', 'bkt', 'joe/')).to.equal(true);
    expect(may(equals, 's3:ListBucket', 'bkt', 'joe/a')).to.equal(false);
    expect(may(equals, 's3:GetObject', 'bkt', 'jane/')).to.equal(false);
    expect(may(equals, 's3:GetBucketLocation', 'bkt', '')).to.equal(false);
  });

  describe('are refused where they say what is not understood:', () => {
    const [put] = DEVICE.Statement;
    const list = DEVICE.Statement[1];
    const with_ = (change: object) => ({ ...DEVICE, Statement: [{ ...put, ...change }] });
    const where = (Condition: unknown) => ({ ...DEVICE, Statement: [{ ...list, Condition }] });
    const documents: Record<string, unknown> = {
      'no object': [],
      'no version': { Statement: DEVICE.Statement },
      'another version': { ...DEVICE, Version: '2008-10-17' },
      'no statement': { Version: '2012-10-17' },
      'an empty list of statements': { ...DEVICE, Statement: [] },
      'an element more': { ...DEVICE, Other: 1 },
      'another effect': with_({ Effect: 'allow' }),
      NotAction: with_({ NotAction: 's3:GetObject' }),
      NotResource: with_({ NotResource: 'arn:aws:s3:::bkt/*' }),
      'a principal': with_({ Principal: '*' }),
      'no action': with_({ Action: undefined }),
      'an empty list of actions': with_({ Action: [] }),
      'an action of another service': with_({ Action: 'iam:CreateUser' }),
      'an action that this server does not have': with_({ Action: 's3:PutObjectAcl' }),
      'a regular expression for an action': with_({ Action: 's3:(Get|Put)Object' }),
      'no resource': with_({ Resource: undefined }),
      'a number for a resource': with_({ Resource: ['arn:aws:s3:::bkt/*', 1] }),
      'a resource of another service': with_({ Resource: 'arn:aws:sqs:eu-west-1:1:queue' }),
      'a wildcard in a bucket': with_({ Resource: 'arn:aws:s3:::up*/*' }),
      'a wildcard in mid-key': with_({ Resource: 'arn:aws:s3:::uploads/*/a' }),
      'one character of a key': with_({ Resource: 'arn:aws:s3:::uploads/?' }),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how IAM writes its variables
      'a variable': with_({ Resource: 'arn:aws:s3:::uploads/${aws:username}/*' }),
      'an operator that is not known': where({ Bool: { 'aws:SecureTransport': 'true' } }),
      'two operators': where({ StringLike: { 's3:prefix': 'a/*' }, StringEquals: { 's3:prefix': 'b/' } }),
      'another key': where({ StringLike: { 's3:prefix': 'a/*', 's3:delimiter': '/' } }),
      'an empty condition': where({}),
      'a condition on nothing': where({ StringLike: {} }),
      'a condition that every prefix meets': where({ StringLike: { 's3:prefix': '*' } }),
      'a condition on the empty prefix': where({ StringEquals: { 's3:prefix': '' } }),
      'a wildcard within a prefix': where({ StringLike: { 's3:prefix': '*/jane' } }),
    };
    for (const [what, document] of Object.entries(documents)) {
      it(what, () => {
        expect(() => policyOf(JSON.stringify(document))).to.throw(MalformedPolicy);
      });
    }
    it('no JSON', () => {
      expect(() => policyOf('{')).to.throw(MalformedPolicy);
    });
  });
});
