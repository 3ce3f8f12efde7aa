import { jpeg } from '../kerberos';

/** A JPEG of about so many bytes: a real one, with a comment segment that fills it up. */
export function jpegOf(size: number): Buffer {
  const picture = jpeg(3);
  const parts = [picture.subarray(0, 2)];
  let left = size - picture.length;
  while (left > 4) {
    const length = Math.min(left - 4, 65_000);
    const segment = Buffer.alloc(length + 4, 0x20);
    segment.writeUInt16BE(0xfffe, 0);
    segment.writeUInt16BE(length + 2, 2);
    parts.push(segment);
    left -= segment.length;
  }
  parts.push(picture.subarray(2));
  return Buffer.concat(parts);
}

/** A finished MP4 as far as its boxes go, of so many bytes. */
export function mp4Of(size: number): Buffer {
  const box = (type: string, body: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + body.length, 0);
    head.write(type, 4);
    return Buffer.concat([head, body]);
  };
  const front = Buffer.concat([box('ftyp', Buffer.from('isom0000')), box('moov', box('mvhd', Buffer.alloc(100)))]);
  return Buffer.concat([front, box('mdat', Buffer.alloc(size - front.length - 8, 7))]);
}
