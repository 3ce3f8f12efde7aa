/** The settings of the Lambda, from its environment (see template.yaml). */
export interface Settings {
  /** The bucket for published files. */
  productionBucket: string;
  /** The DynamoDB table. */
  tableName: string;
  /** Largest picture that is accepted, in bytes. */
  maxBytes: number;
  /** Largest video that is accepted, in bytes. */
  maxVideoBytes: number;
  /** Largest picture that is accepted, in pixels. */
  maxPixels: number;
  /** The face engine. */
  faces: FacesSetting;
  /** The engine that looks for persons, vehicles and animals. */
  labels: LabelsSetting;
}

/** Which face engine is used. */
export type FacesSetting = 'embedded' | 'rekognition' | 'off';
/** Which label engine is used. */
export type LabelsSetting = FacesSetting;

/**
 * Reads the settings from an environment. Defaults: pictures of 10 MB and 24 million pixels, videos of 64 MB, embedded
 * engines for faces and labels.
 *
 * @throws Error that names a variable that is missing or wrong.
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

/**
 * An environment variable that must be set.
 *
 * @throws Error that names it if it is not set.
 */
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

/**
 * Reads the value of FACES.
 *
 * @throws Error if it names no face engine.
 */
export function facesSetting(text: string): FacesSetting {
  return engineSetting('FACES', text);
}

function engineSetting(name: string, text: string): FacesSetting {
  if (text === 'embedded' || text === 'rekognition' || text === 'off') return text;
  throw new Error(`The environment variable ${name} is "${text}"; it must be embedded, rekognition or off.`);
}
