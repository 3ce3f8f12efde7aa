/**
 * What test/lambda uses of this folder's packages. They lie in lambda/node_modules, where an import of a test does not
 * look; it finds them through this file. Nothing else imports it, so it is in no bundle.
 */
import { createRequire } from 'node:module';
import ajvFormats from 'ajv-formats';

export { Logger } from '@aws-lambda-powertools/logger';
export { Metrics } from '@aws-lambda-powertools/metrics';
export * as dynamodb from '@aws-sdk/client-dynamodb';
export * as iam from '@aws-sdk/client-iam';
export { RekognitionClient } from '@aws-sdk/client-rekognition';
export * as s3 from '@aws-sdk/client-s3';
export * as documents from '@aws-sdk/lib-dynamodb';
export { Ajv2020 } from 'ajv/dist/2020';
export type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
export * as fflate from 'fflate';
export * as jose from 'jose';
export * as mp4box from 'mp4box';
export { default as sharp } from 'sharp';
export { Webhook } from 'standardwebhooks';
export { parse as parseYaml } from 'yaml';

// The package brings no types.
const cloudFormation: { yamlParse: (text: string) => unknown } = createRequire(__filename)('yaml-cfn');
/** Reads YAML with CloudFormation's tags: `!Ref x` becomes `{ Ref: 'x' }`, and so on. */
export const parseTemplate = cloudFormation.yamlParse;

/** Formats of JSON Schema, such as date-time. */
export const addFormats = ajvFormats.default;
