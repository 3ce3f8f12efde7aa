/**
 * Reads the access key that signs requests. A key pair counts only as a pair: both halves come from the same source, so
 * that a key of the environment is never combined with the secret of a configuration file.
 */
import type { Fact } from './fact';
import type { Sources } from './sources';
import { SETTINGS } from './table';

/** A key pair, or a profile of the AWS configuration files. */
export type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | { profile: string };

/**
 * The credentials from the source that comes last in this order: the Kerberos configuration, the Gruntfile, a profile,
 * the environment.
 */
export function readCredentials(
  sources: Sources,
  xml: { readonly publicKey?: Fact; readonly privateKey?: Fact },
): Credentials | undefined {
  const { publicKey, privateKey, sessionToken, profile } = SETTINGS;
  const [ofEnvironment, ofOptions] = [
    pairOf(sources, sources.ofEnvironment(publicKey)[0], sources.ofEnvironment(privateKey)[0], [
      publicKey.env[0],
      privateKey.env[0],
    ]),
    pairOf(sources, sources.ofOptions(publicKey)[0], sources.ofOptions(privateKey)[0], [
      `option ${publicKey.option}`,
      `option ${privateKey.option}`,
    ]),
  ];
  if (ofEnvironment) {
    const token = sources.read(sessionToken);
    return token === undefined ? ofEnvironment : { ...ofEnvironment, sessionToken: token };
  }
  const name = sources.read(profile);
  if (name !== undefined) return { profile: name };
  return ofOptions ?? keyPair(sources, xml.publicKey, xml.privateKey);
}

/**
 * A key pair from its two halves. A missing half is a mistake where it was typed; in the web interface it is a
 * subscription that is not typed yet.
 */
function pairOf(sources: Sources, id: Fact | undefined, secret: Fact | undefined, names: [id: string, secret: string]) {
  if (id && !secret) sources.complain(`${id.origin} is set but ${names[1]} is not: set both, or neither.`);
  if (secret && !id) sources.complain(`${secret.origin} is set but ${names[0]} is not: set both, or neither.`);
  return keyPair(sources, id, secret);
}

function keyPair(sources: Sources, id: Fact | undefined, secret: Fact | undefined) {
  if (!id || !secret) return undefined;
  return {
    accessKeyId: SETTINGS.publicKey.parse(id, sources.complain),
    secretAccessKey: SETTINGS.privateKey.parse(secret, sources.complain),
  };
}
