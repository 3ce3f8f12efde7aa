/** Ways into the bucket: signatures that are wrong, and folders of others. */
import { uriEncode } from '../../tasks/lib/cloud/s3/encoding';
import { type RawRequest, type SignOptions, sign } from '../lib/cloud/support';
import type { Category } from './attempt';
import type { Estates } from './page';
import type { Random } from './random';
import { refused } from './refused';
import type { Target } from './target';

const OWN = '/uploads/home/attack';
const THEIRS = '/uploads/john/attack';

/** Signatures of the stolen key that were changed, or are of something else. */
export function signatures(target: Target, { home, john }: Estates, random: Random): Category {
  const put: RawRequest = { method: 'PUT', path: `${OWN}.jpg`, body: 'picture' };
  const list: RawRequest = { path: '/uploads?list-type=2&prefix=home%2F' };
  const good = (request: RawRequest, options: SignOptions = {}) =>
    sign(target.s3, request, { credentials: home.device, ...options });
  const changed = (what: string, request: RawRequest, change: (authorization: string) => string) =>
    refused(target, what, async () => {
      const signed = await good(request);
      const { authorization = '', ...headers } = signed.headers ?? {};
      return { ...signed, headers: { ...headers, authorization: change(authorization) } };
    });
  const signatureOf = (authorization: string) => /Signature=([0-9a-f]{64})/.exec(authorization)?.[1] ?? '';
  const withSignature = (authorization: string, signature: string) =>
    authorization.replace(/Signature=[0-9a-f]{64}/, `Signature=${signature}`);
  const after = (what: string, change: (signed: RawRequest) => RawRequest, request = put) =>
    refused(target, what, async () => change(await good(request)));
  const wrong = (what: string, options: SignOptions) => refused(target, what, () => good(put, options));

  const attempts = [
    ...Array.from({ length: 64 }, (_, at) =>
      changed(`digit ${at} changed`, put, (authorization) => {
        const signature = signatureOf(authorization);
        const other = ((Number.parseInt(signature[at] ?? '0', 16) + 1 + random.below(15)) % 16).toString(16);
        return withSignature(authorization, `${signature.slice(0, at)}${other}${signature.slice(at + 1)}`);
      }),
    ),
    ...Array.from({ length: 64 }, (_, length) =>
      changed(`cut to ${length}`, list, (authorization) =>
        withSignature(authorization, signatureOf(authorization).slice(0, length)),
      ),
    ),
    ...Array.from({ length: 24 }, (_, at) =>
      changed(`by chance ${at}`, list, (authorization) =>
        withSignature(authorization, random.bytes(32).toString('hex')),
      ),
    ),
    ...['', ' ', '0'.repeat(64), 'f'.repeat(64), 'null', 'undefined', '../', '*', 'NaN'].map((signature) =>
      changed(`signature "${signature}"`, list, (authorization) => withSignature(authorization, signature)),
    ),
    ...[
      'AWS',
      'AWS4',
      'AWS4-HMAC-SHA1',
      'AWS4-HMAC-SHA512',
      'AWS4-ECDSA-P256-SHA256',
      'Bearer',
      'Basic',
      '',
      'none',
    ].map((algorithm) =>
      changed(`algorithm "${algorithm}"`, put, (authorization) => authorization.replace('AWS4-HMAC-SHA256', algorithm)),
    ),
    ...['host', 'x-amz-date', 'x-amz-content-sha256'].map((name) =>
      changed(`${name} is not signed`, put, (authorization) =>
        authorization.replace(/SignedHeaders=([^,]*)/, (_, names: string) => {
          const left = names.split(';').filter((other) => other !== name);
          return `SignedHeaders=${left.join(';')}`;
        }),
      ),
    ),
    ...['eu-central-1', 'us-east-1', '', '*', 'EU-WEST-1', 'local'].map((region) =>
      wrong(`region "${region}"`, { region }),
    ),
    ...[-16, -60, -1440, 16, 60, 1440, -525_600, 525_600].map((minutes) =>
      wrong(`${minutes} minutes`, { at: new Date(Date.now() + minutes * 60_000) }),
    ),
    ...[
      { ...home.device, secretAccessKey: john.device.secretAccessKey },
      { ...john.device, secretAccessKey: home.device.secretAccessKey },
      { ...target.ownerKeys, secretAccessKey: home.device.secretAccessKey },
      { ...home.device, secretAccessKey: '' },
      { ...home.device, secretAccessKey: home.device.secretAccessKey.slice(0, -1) },
      { ...home.device, secretAccessKey: home.device.secretAccessKey.toLowerCase() },
      { ...home.device, accessKeyId: home.device.accessKeyId.toLowerCase() },
      { ...home.device, accessKeyId: `${home.device.accessKeyId}/x` },
      { ...home.device, accessKeyId: '__proto__' },
      { ...home.device, accessKeyId: 'constructor' },
    ].map((credentials, at) => wrong(`key pair ${at}`, { credentials })),
    // What was signed is not what is sent.
    ...['GET', 'HEAD', 'DELETE', 'POST'].map((method) =>
      after(`${method} in the place of PUT`, (signed) => ({ ...signed, method })),
    ),
    ...['other.jpg', 'attack.jpg%20', 'ATTACK.jpg', 'attack.jpg%00', '%61ttack2.jpg', 'attack.jpg/', '/attack.jpg'].map(
      (name) => after(`another key ${name}`, (signed) => ({ ...signed, path: `/uploads/home/${name}` })),
    ),
    ...['acl', 'tagging', 'uploads', 'partNumber=1&uploadId=x', 'x=1', 'versionId=null', 'X-Amz-Expires=1'].map(
      (query) => after(`with ?${query}`, (signed) => ({ ...signed, path: `${signed.path}?${query}` })),
    ),
    ...['', 'john%2F', 'home', 'home%2F&prefix=john%2F'].map((prefix) =>
      after(`prefix ${prefix}`, (signed) => ({ ...signed, path: `/uploads?list-type=2&prefix=${prefix}` }), list),
    ),
    ...[
      'x-amz-acl',
      'x-amz-copy-source',
      'x-amz-tagging',
      'x-amz-meta-a',
      'x-amz-storage-class',
      'x-amz-security-token',
      'x-amz-grant-full-control',
      'x-amz-website-redirect-location',
      'x-amz-checksum-crc32',
      'x-amz-trailer',
    ].map((name) =>
      after(`${name} added`, (signed) => ({ ...signed, headers: { ...signed.headers, [name]: '/uploads/john/a' } })),
    ),
    ...['another picture', 'picturE', '', 'picture ', 'p'.repeat(100_000)].map((body) =>
      after(`${body.length} other bytes "${body.slice(0, 20)}"`, (signed) => ({ ...signed, body })),
    ),
    ...['x-amz-date', 'host', 'x-amz-content-sha256'].flatMap((name) =>
      ['-', 'x', '20150422T100000Z', 'UNSIGNED-PAYLOAD', 'evil.example'].map((value) =>
        after(`${name} is "${value}"`, (signed) => ({ ...signed, headers: { ...signed.headers, [name]: value } })),
      ),
    ),
    ...['AWS home:x', 'Bearer x', 'Basic aG9tZTpob21l', 'AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA256 Credential=', ''].map(
      (authorization) =>
        refused(target, `authorization "${authorization}"`, () => ({ ...list, headers: { authorization } })),
    ),
    ...['GET', 'PUT', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PATCH'].flatMap((method) =>
      ['/', '/uploads', '/production', OWN].map((path) =>
        refused(target, `${method} ${path} of nobody`, () => ({ method, path })),
      ),
    ),
  ];
  return {
    name: 'signatures',
    least: 266,
    attempts,
    control: async () => (await target.bucket(await good(list))).status === 200,
  };
}

/** A stolen key that works, in other people's folders. */
export function folders(target: Target, { home, john }: Estates): Category {
  // Signed as the server reads it, and sent as it is written: the signature holds, and the policy has to.
  const good = async (request: RawRequest) => {
    const [path = '', query] = request.path.split('?');
    const canonical = uriEncode(decodeURIComponent(path), true) + (query === undefined ? '' : `?${query}`);
    const signed = await sign(target.s3, { ...request, path: canonical }, { credentials: home.device });
    return { ...signed, path: request.path };
  };
  const paths = [
    THEIRS,
    '/uploads/john/../john/attack',
    '/uploads//john/attack',
    '/uploads/%2Fjohn/attack',
    '/uploads/../uploads/john/attack',
    '/uploads/./john/attack',
    '/uploads/home',
    '/uploads/home2/attack',
    '/uploads/homejohn/attack',
    '/uploads/HOME/attack',
    '/uploads/hom%65%00/attack',
    '/uploads/%20home/attack',
    '/uploads/home%2E%2E/attack',
    '/uploads/home%5Cattack',
    '/uploads/attack',
    '/uploads/*',
    '/production/home/attack',
    '/production/john/attack',
    '/uploads/..%2Fjohn%2Fattack',
    '/%75ploads/john/attack',
  ];
  const ways: readonly ((path: string) => RawRequest)[] = [
    (path) => ({ method: 'PUT', path, body: 'attack' }),
    (path) => ({ method: 'POST', path: `${path}?uploads` }),
    (path) => ({ method: 'GET', path }),
    (path) => ({ method: 'HEAD', path }),
    (path) => ({ method: 'DELETE', path }),
  ];
  const theirs = async () => [
    ...(await target.keys('uploads', 'john/')),
    ...(await target.keys('production', 'john/')),
    ...(await target.keys('production', 'home/attack')),
  ];
  let before: string[] | undefined;
  const published = `/uploads/john/${'1429700001_6-000000_door_1-1-2-2_1_1.jpg'}`;
  const attempts = [
    ...paths.flatMap((path) => ways.map((way) => refused(target, JSON.stringify(way(path)), () => good(way(path))))),
    // Out of their folder into one's own.
    ...[published, published.slice(1), '/production/john/a.jpg', '/uploads/home/../john/a.jpg'].map((source) =>
      refused(target, `a copy of ${source}`, () =>
        good({ method: 'PUT', path: `${OWN}-copy`, headers: { 'x-amz-copy-source': source } }),
      ),
    ),
    // What a device may do to its own folder, and what not.
    ...['GET', 'HEAD', 'DELETE'].map((method) =>
      refused(target, `${method} of one's own`, () =>
        good({ method, path: '/uploads/home/1429700001_6-000000_door_1-1-2-2_1_1.jpg' }),
      ),
    ),
    ...['acl', 'tagging', 'policy', 'versioning', 'lifecycle', 'uploads', 'location'].flatMap((name) =>
      ['GET', 'PUT', 'DELETE'].map((method) =>
        refused(target, `${method} ?${name}`, () => good({ method, path: `/uploads?${name}` })),
      ),
    ),
    refused(target, 'a bucket of its own', () => good({ method: 'PUT', path: '/attack' })),
    refused(target, 'many at once deleted', () =>
      good({
        method: 'POST',
        path: '/uploads?delete',
        body: `<Delete><Object><Key>john/a</Key></Object></Delete>`,
        headers: { 'x-amz-checksum-crc32': 'AAAAAA==' },
      }),
    ),
    refused(target, "the metadata of john's tag", () =>
      good({ method: 'PUT', path: `${THEIRS}?tagging`, body: '<Tagging/>' }),
    ),
  ];
  return {
    name: 'other folders by path',
    least: 106,
    attempts,
    control: async () => {
      before ??= await theirs();
      const request: RawRequest = { method: 'POST', path: `${OWN}.mp4?uploads` };
      const isOwn = (await target.bucket(await good(request))).status === 200;
      const seen = await target.bucket(await sign(target.s3, { path: published }, { credentials: target.ownerKeys }));
      return isOwn && seen.status === 200 && john.name === 'john';
    },
    aftermath: async () => {
      const now = await theirs();
      const changed = now.length === before?.length && now.every((key) => before?.includes(key));
      return changed ? undefined : `the others have ${now.join(', ')}`;
    },
  };
}
