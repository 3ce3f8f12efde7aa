/** Mail: text and HTML with the small picture in it, sent by Amazon SES, or on one machine written to a folder. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { MailTarget } from '../table/channel-item';
import type { Notice } from './notice';
import type { Notifier, SendMail } from './notifier';
import { NotTaken } from './post';

/** Sends by SES, whose region and credentials are the SDK's. */
export function mailBySes(): SendMail {
  const client = new SESv2Client();
  return async ({ raw, from, to }) => {
    await client.send(
      new SendEmailCommand({
        FromEmailAddress: from,
        Destination: { ToAddresses: [to] },
        Content: { Raw: { Data: raw } },
      }),
    );
  };
}

/** Writes each mail to a file of a folder, whole or not at all, under the id of its message and of its channel. */
export function mailToFolder(directory: string): SendMail {
  return async ({ id, raw }) => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = join(directory, `${id.replace(/[^\w-]/g, '_').slice(0, 150)}.eml`);
    await writeFile(`${file}.part`, raw, { mode: 0o600 });
    await rename(`${file}.part`, file);
  };
}

/** Sends a notice to an address; `channel` is that address's id. @throws NotTaken */
export async function sendMailOf(
  notifier: Notifier,
  target: MailTarget,
  channel: string,
  notice: Notice,
): Promise<void> {
  const { settings, sendMail } = notifier;
  if (!sendMail) throw new NotTaken('This cloud sends no mail.');
  const { id, title, body, path, event } = notice;
  const from = settings.mail && 'from' in settings.mail ? settings.mail.from : 'kerberos@localhost';
  const url = `${settings.appUrl}${path}`;
  const picture = event?.thumbnailKey === undefined ? undefined : await pictureOf(notifier, event.thumbnailKey);
  const image = picture ? `<p><a href="${escaped(url)}"><img src="cid:picture" alt="${escaped(title)}"></a></p>` : '';
  const mail = new MailComposer({
    from: { name: 'Kerberos', address: from },
    to: target.address,
    subject: title,
    messageId: `<${Buffer.from(`${id}.${channel}`).toString('base64url')}@kerberos>`,
    text: `${body}\n\n${url}\n`,
    html: `<p>${escaped(body)}</p>${image}<p><a href="${escaped(url)}">Open it in Kerberos</a></p>`,
    ...(picture && { attachments: [{ filename: 'picture.jpg', cid: 'picture', content: picture }] }),
  });
  const raw = await mail.compile().build();
  try {
    await sendMail({ id: `${id}-${channel}`, raw, from, to: target.address });
  } catch (error) {
    throw new NotTaken(`Mail cannot be sent: ${error instanceof Error ? error.name : 'it failed'}.`);
  }
}

async function pictureOf({ s3, settings }: Notifier, key: string): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: settings.productionBucket, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
