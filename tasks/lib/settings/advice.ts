/**
 * Warnings and advice about a Kerberos configuration: which events cannot be uploaded, and what its owner could
 * improve. Each sentence names its subject and what to do.
 */
import { kindOf } from '../event';
import type { KerberosFacts } from './kerberos';

/** What keeps some events from being uploaded. */
export function warningsOf(facts: Partial<KerberosFacts>): string[] {
  const { nested, videoExtension } = facts;
  const warnings: string[] = [];
  if (nested) {
    warnings.push(
      `${nested.origin} has a "/" in it, so the camera puts events into sub-directories of the capture directory, where they are not uploaded. ` +
        'Take it out in the web interface or, if they all lie in one, name that in SYNC_DIRECTORY.',
    );
  }
  if (videoExtension && savesVideos(facts) && kindOf(`video.${videoExtension.value}`) === undefined) {
    warnings.push(
      `${videoExtension.origin} is ${videoExtension.value}, and such videos are not uploaded. Set it to mp4 in the web interface.`,
    );
  }
  return warnings;
}

/** What works, but could be better. `isAmazon`: whether events go to Amazon's S3. */
export function adviceOf(facts: Partial<KerberosFacts>, isAmazon: boolean): string[] {
  const { io, angle, subscription } = facts;
  const advice: string[] = [];
  const devices = devicesOf(facts);
  if (io && devices.includes('Video') && !devices.includes('Disk')) {
    advice.push(
      `${io.origin} is Video alone: a recording is in the cloud only after its end. With Disk,Video a picture of the first movement is there at once.`,
    );
  }
  if (angle && savesVideos(facts) && ['90', '270'].includes(angle.value)) {
    advice.push(
      `${angle.origin} is ${angle.value}: a camera that is turned so far may save videos without a single frame. Use Disk in the place of Video, or turn the camera itself.`,
    );
  }
  const { element, file, bucket, folder, publicKey, privateKey } = subscription ?? {};
  if (element === '<clouds><S3>' && bucket && folder && publicKey && privateKey) {
    advice.push(
      `With these keys in ${file} the machinery of Kerberos 2.x uploads, too: each event is sent twice, ` +
        (isAmazon
          ? 'from 2.6.2 on by way of proxy.kerberos.io.'
          : `the second time to Amazon's bucket ${bucket.value}.`) +
        ' To have grunt sync alone do it, empty the fields in the web interface and put SYNC_BUCKET, SYNC_FOLDER, ' +
        'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY into /etc/default/cloud.',
    );
  }
  return advice;
}

function devicesOf({ io }: Partial<KerberosFacts>): string[] {
  return io?.value.split(',').map((device) => device.trim()) ?? [];
}

function savesVideos(facts: Partial<KerberosFacts>): boolean {
  return devicesOf(facts).includes('Video');
}
