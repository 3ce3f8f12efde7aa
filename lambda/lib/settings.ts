/** What the Lambda is told by its environment (see template.yaml). */
export interface Settings {
  /** Where verified pictures go. */
  productionBucket: string;
  /** The one DynamoDB table. */
  tableName: string;
  /** Largest picture that is looked at, in bytes. */
  maxBytes: number;
  /** Largest video that is looked at, in bytes. */
  maxVideoBytes: number;
  /** Largest picture that is decoded, in pixels. */
  maxPixels: number;
  /** Which face engine runs. */
  faces: FacesSetting;
  /** Which engine looks for persons, vehicles and animals. */
  labels: LabelsSetting;
}

export type FacesSetting = 'embedded' | 'rekognition' | 'off';
export type LabelsSetting = FacesSetting;

/**
 * Reads the settings from an environment. Defaults: pictures of 10 MB and 24 million pixels, videos of 64 MB, embedded faces.
 * @throws Error that names the variable when one is missing or makes no sense
 */
export function settingsFrom(env: NodeJS.ProcessEnv): Settings {
  return {
    productionBucket: required(env, 'PRODUCTION_BUCKET'),
    tableName: required(env, 'TABLE_NAME'),
    maxBytes: positive(env, 'MAX_BYTES', 10_000_000),
    maxVideoBytes: positive(env, 'MAX_VIDEO_BYTES', 64_000_000),
    maxPixels: positive(env, 'MAX_PIXELS', 24_000_000),
    faces: engineSetting('FACES', env.FACES || 'embedded'),
    labels: engineSetting('LABELS', env.LABELS || 'embedded'),
  };
}

/** A variable; throws an Error that names it when it is not set. */
export function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`The environment variable ${name} is not set; template.yaml sets it.`);
  return value;
}

function positive(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name];
  if (!text) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new Error(`The environment variable ${name} is "${text}"; it must be a whole number above 0.`);
  }
  return value;
}

/** Reads FACES; throws an Error when it is no face engine. */
export function facesSetting(text: string): FacesSetting {
  return engineSetting('FACES', text);
}

function engineSetting(name: string, text: string): FacesSetting {
  if (text === 'embedded' || text === 'rekognition' || text === 'off') return text;
  throw new Error(`The environment variable ${name} is "${text}"; it must be embedded, rekognition or off.`);
}
