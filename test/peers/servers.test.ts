import { type Differences, s3Contract } from './contract';
import { motoMissing, radosgwMissing, startEmbedded, startMoto, startRadosgw } from './servers';

/** Ceph 16, as Debian 12 has it. */
const CEPH: Differences = {
  'stores a stream with a trailing checksum': 'it answers 411 MissingContentLength',
  'copies only the version asked for': 'it does not look at the condition',
  'refuses a body with another checksum': 'it looks at Content-MD5 only',
};

/** moto 5.2, with its authorization off. */
const MOTO: Differences = {
  'copies only the version asked for': 'it does not look at the condition',
  'refuses a body with another MD5': 'it does not look at it',
  'refuses a body with another checksum': 'it does not look at it',
  'serves a presigned URL': 'it does not look at response-content-type',
  'refuses a presigned URL that was changed or has expired': 'it looks at no signature',
  'refuses who has no secret, another, or none it knows': 'it looks at no signature',
  'refuses who signs with another time, so that a clock can be corrected': 'it looks at no signature',
  'lets a device neither read, look up nor delete what it wrote': 'everybody may do everything',
  'lets a device write to and list no other folder': 'everybody may do everything',
};

/** Declares that a server is left out of this run, and why. */
function leftOut(name: string, missing: string): void {
  it(`${name} is left out: ${missing} is not on this machine`, function () {
    this.skip();
  });
}

describe('what we rely on in an S3 server', () => {
  s3Contract('the embedded S3', startEmbedded);

  const noRadosgw = radosgwMissing();
  if (noRadosgw !== undefined) leftOut("Ceph's gateway", noRadosgw);
  else s3Contract("Ceph's gateway", startRadosgw, CEPH);

  const noMoto = motoMissing();
  if (noMoto !== undefined) leftOut('moto', noMoto);
  else s3Contract('moto', startMoto, MOTO);
});
