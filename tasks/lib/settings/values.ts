/**
 * Parsers of settings. Each gets the text with its origin, and passes `complain` a sentence about what is wrong, which
 * names the origin and says what to type. After a complaint the returned value is not used.
 */
import { parse as parseBytes } from 'bytes';
import { printable } from '../printable';
import type { Fact } from './fact';

/** Makes the value of a setting from its text, or complains. */
export type Parse<Value> = (fact: Fact, complain: (problem: string) => void) => Value;

/** Any text. */
export const text: Parse<string> = ({ value }) => value;

/** Texts that cannot be the name of a bucket on any server, and what to type instead. The first match counts. */
const NO_BUCKETS: readonly (readonly [form: RegExp, hint: string])[] = [
  // Access key ids of Amazon are 20 capitals and digits, its secret keys 40 letters, digits, `/` and `+`.
  [
    /^A[KS]IA[A-Z0-9]{16}$|^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9/+]{40}$/,
    'it looks like a key. Type the name of the bucket here, and replace the key, which may have been seen',
  ],
  [/^\w+:\/\//, 'type its name alone, without s3:// or https://'],
  [/^arn:/, 'type its name, or the alias of the access point, not the ARN'],
  [
    /^\d+\.\d+\.\d+\.\d+$/,
    'it is an address. Type the name of the bucket here, and that of the server in AWS_ENDPOINT_URL',
  ],
  [
    /^(?!(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{3,255}$)/s,
    'a name has 3 to 63 lower-case letters, digits, dots and hyphens (old ones up to 255, capitals and underscores, too)',
  ],
  [/--ol-s3$/, 'it is an Object Lambda access point, which can only be read. Type the name of a bucket'],
  [/\.mrap$/, 'it is a Multi-Region access point. Type the name of a bucket'],
  [/--x-s3$/, 'it is a directory bucket. Type the name of a general purpose bucket'],
  [/--table-s3$/, 'it is a table bucket. Type the name of a general purpose bucket'],
];

/**
 * The name of a bucket, or the alias of an access point (`…-s3alias`). New buckets have 3 to 63 lower-case letters,
 * digits, dots and hyphens; buckets made in us-east-1 before March 2018, and those of other servers, may have 255
 * characters, capitals and underscores. A name that no server can have is most likely something else that was typed
 * here. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export const bucketName: Parse<string> = ({ value, origin }, complain) => {
  const hint = NO_BUCKETS.find(([form]) => form.test(value))?.[1];
  // A private key that was typed into the wrong field must not appear in the log.
  const shown = /^[A-Za-z0-9/+=]{16,}$/.test(value) ? `${value.slice(0, 4)}…` : printable(value.slice(0, 80));
  if (hint !== undefined) complain(`${origin}: "${shown}" cannot be a bucket: ${hint}.`);
  return value;
};

/**
 * Whether a text has the form of Amazon's private keys (40 letters, digits, / and +, with all kinds), which no folder
 * or bucket is likely to have.
 */
export function looksLikePrivateKey(text: string): boolean {
  return /^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9/+]{40}$/.test(text);
}

/** The folder in a bucket, without slashes at its ends; may be empty. */
export const folderName: Parse<string> = ({ value, origin }, complain) => {
  const folder = value.replace(/^\/+|\/+$/g, '');
  if (folder === '') return '';
  const parts = folder.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..') || /\p{Cc}/u.test(folder)) {
    complain(`${origin}: "${printable(folder)}" cannot be a folder: type a name without "..", "." or empty parts.`);
  } else if (Buffer.byteLength(folder) > 768) {
    // A key has at most 1024 bytes, a file name 255.
    complain(`${origin}: the folder is longer than 768 bytes: type a shorter one.`);
  }
  return folder;
};

/** The URL of an S3 server, without a trailing slash. */
export const endpointUrl: Parse<string | undefined> = ({ value, origin }, complain) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    complain(`${origin} is no endpoint: type a URL such as https://s3.example.org or http://127.0.0.1:4580.`);
    return undefined;
  }
  return url.href.replace(/\/+$/, '');
};

/** The name of a region, at Amazon or elsewhere. */
export const regionName: Parse<string> = ({ value, origin }, complain) => {
  if (!/^[a-z0-9-]{1,63}$/.test(value)) complain(`${origin}: "${value}" is no region: type one such as eu-west-1.`);
  return value;
};

/** Half of a key pair. Its text is never shown. */
export const key: Parse<string> = ({ value, origin }, complain) => {
  if (!/^[\x21-\x7e]+$/.test(value)) {
    complain(`${origin} holds a blank or a character that no key has: copy it again, alone and whole.`);
  }
  return value;
};

/** A whole number from `least` to `most`. */
export function integer(least: number, most: number): Parse<number> {
  return ({ value, origin }, complain) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) {
      complain(`${origin}: "${value}" is not a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

/**
 * Bytes per second as curl reads them: a number, perhaps with a fraction, and a unit of 1024 (k), 1024² (M) or 1024³
 * (G). `undefined` (no limit) for less than one byte.
 */
export const rate: Parse<number | undefined> = ({ value, origin }, complain) => {
  const unit = /^\d+(\.\d+)?\s*([kmg])?b?$/i.exec(value);
  const bytes = unit
    ? Math.floor(parseBytes(value.replace(/b$/i, '') + (unit[2] ? 'b' : '')) ?? Number.NaN)
    : Number.NaN;
  if (Number.isNaN(bytes)) {
    complain(`${origin}: "${value}" is no rate: type bytes a second, such as 200k or 1.5M.`);
  }
  return bytes > 0 ? bytes : undefined;
};

/** `on` or `off`, and synonyms. */
export const onOrOff: Parse<'on' | 'off'> = ({ value, origin }, complain) => {
  const isOn = /^(on|true|yes|1)$/i.test(value);
  if (!isOn && !/^(off|false|no|0)$/i.test(value)) complain(`${origin}: "${value}" is neither on nor off.`);
  return isOn ? 'on' : 'off';
};

/** Storage classes from which the cloud can read a picture at once; pictures in an archive cannot be shown. */
export const STORAGE_CLASSES = ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'REDUCED_REDUNDANCY'];

/** One of some words, in S3's spelling. */
export function oneOf(words: readonly string[]): Parse<string> {
  return ({ value, origin }, complain) => {
    const word = words.find((each) => each.toLowerCase() === value.toLowerCase());
    if (word === undefined) complain(`${origin}: "${printable(value)}" is none of ${words.join(', ')}.`);
    return word ?? value;
  };
}
