import { expect } from 'chai';
import { S3Error } from '../../../../tasks/lib/cloud/s3/errors';
import { children, fromXml } from '../../../../tasks/lib/cloud/s3/xml';

/** Documents that stop the parser for minutes, or that it throws at, at a size that an upload may have. */
const HOSTILE: Record<string, string> = {
  'a megabyte of beginnings of comments': '<!--'.repeat(250_000),
  'such comments in an element': `<Delete>${'<!--'.repeat(250_000)}--></Delete>`,
  'a megabyte of whole comments': `<Delete>${'<!---->'.repeat(150_000)}</Delete>`,
  '400 KB of spaces in a text': `<Delete>${' '.repeat(400_000)}</Delete>`,
  '400 KB of spaces in a tag': `<Delete${' '.repeat(400_000)}></Delete>`,
  '400 KB of spaces in a tag that does not end': `<Delete${' '.repeat(400_000)}`,
  '400 KB of spaces before the document': `${' '.repeat(400_000)}<Delete></Delete>`,
  '400 KB of line feeds after the document': `<Delete></Delete>${'\n'.repeat(400_000)}x`,
  'a hundred thousand attributes': `<Delete ${'a="1" '.repeat(100_000)}></Delete>`,
  'an attribute of a megabyte': `<Delete a="${' '.repeat(1_000_000)}"></Delete>`,
  'a hundred thousand levels': `<Delete>${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}</Delete>`,
  'a hundred levels': `<Delete>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</Delete>`,
  'more ends than beginnings': `<Delete>${'</a>'.repeat(100_000)}`,
  'beginnings of CDATA': `<Delete>${'<![CDATA['.repeat(100_000)}</Delete>`,
  'beginnings of document types': '<!DOCTYPE '.repeat(100_000),
  'entities of entities': `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Delete>${'&b;'.repeat(1000)}</Delete>`,
  'an entity that is a file': '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><Delete>&a;</Delete>',
  'processing instructions': `<?xml version="1.0"?>${'<?a ?>'.repeat(100_000)}<Delete></Delete>`,
  'references without end': `<Delete>&#${'0'.repeat(1_000_000)}</Delete>`,
  'a million ampersands': `<Delete>${'&amp;'.repeat(200_000)}</Delete>`,
  'a name of objects themselves': '<Delete><__proto__><Key>a</Key></__proto__></Delete>',
};

describe('the embedded S3: XML', () => {
  for (const [name, document] of Object.entries(HOSTILE)) {
    it(`of ${name} is refused at once`, () => {
      const start = process.cpuUsage();
      expect(() => fromXml(document, 'Delete'))
        .to.throw(S3Error)
        .with.property('code', 'MalformedXML');
      const { user } = process.cpuUsage(start);
      // Seconds to hours without its guard.
      expect(user / 1000, 'ms of CPU').to.be.below(500);
    });
  }

  // Each well-formed and harmless in itself, and out of shape in one way alone.
  const object = '<Object></Object>';
  const OUT_OF_SHAPE: Record<string, readonly [refused: string, read: string]> = {
    'a comment': [`<Delete><!--<a/>-->${object}</Delete>`, `<Delete>${object}</Delete>`],
    CDATA: [`<Delete><Quiet><![CDATA[<a/>]]></Quiet></Delete>`, `<Delete><Quiet>a</Quiet></Delete>`],
    'a document type': [`<!DOCTYPE Delete []><Delete>${object}</Delete>`, `<Delete>${object}</Delete>`],
    'a processing instruction': [
      `<Delete><?a b?>${object}</Delete>`,
      `<?xml version="1.0"?><Delete>${object}</Delete>`,
    ],
    'nine levels': [
      `<Delete>${'<a>'.repeat(8)}x${'</a>'.repeat(8)}</Delete>`,
      `<Delete>${'<a>'.repeat(7)}x${'</a>'.repeat(7)}</Delete>`,
    ],
    'a text over 16 KB': [
      `<Delete><Key>${'x'.repeat(16 * 1024 + 1)}</Key></Delete>`,
      `<Delete><Key>${'x'.repeat(16 * 1024)}</Key></Delete>`,
    ],
    'a tag over 1 KB': [
      `<Delete><Key a="${'x'.repeat(1024)}">a</Key></Delete>`,
      `<Delete><Key a="${'x'.repeat(900)}">a</Key></Delete>`,
    ],
    'more than 120,000 tags': [
      `<Delete>${object.repeat(60_000)}</Delete>`,
      `<Delete>${object.repeat(59_999)}</Delete>`,
    ],
  };
  for (const [what, [refused, read]] of Object.entries(OUT_OF_SHAPE)) {
    it(`with ${what} is refused, and read without`, () => {
      expect(() => fromXml(refused, 'Delete'))
        .to.throw(S3Error)
        .with.property('code', 'MalformedXML');
      fromXml(read, 'Delete');
    });
  }

  it('as S3 clients write it is read, also the longest', () => {
    const part = (n: number) =>
      `<Part><ETag>&quot;${'a'.repeat(32)}&quot;</ETag><PartNumber>${n}</PartNumber><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part>`;
    const parts = Array.from({ length: 10_000 }, (_, i) => part(i + 1)).join('\n  ');
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>\n`;
    expect(children(fromXml(text, 'CompleteMultipartUpload'), 'Part')).to.have.length(10_000);
    const key = '&#x20AC;'.repeat(341);
    expect(children(fromXml(`<Delete><Object><Key>${key}</Key></Object></Delete>`, 'Delete'), 'Object')).to.deep.equal([
      { Key: '€'.repeat(341) },
    ]);
  });
});
