import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Document, readDocument, textAt } from '../../../tasks/lib/settings/xml';

describe('an XML file', () => {
  let directory: string;
  let path: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'xml-'));
    path = join(directory, 'cloud.xml');
  });
  after(() => rm(directory, { recursive: true }));

  async function read(bytes: Buffer | string): Promise<Document> {
    await writeFile(path, bytes);
    return readDocument(path);
  }

  const xml = (encoding: string | undefined, folder = 'müller', more = '') =>
    `<?xml version="1.0"${encoding === undefined ? '' : ` encoding="${encoding}"`}?>\n${more}<a><folder>${folder}</folder></a>`;
  const latin1 = (text: string) => Buffer.from(text, 'latin1');
  const utf16 = (text: string) => Buffer.from(text, 'utf16le');
  const swapped = (text: string) => utf16(text).swap16();
  const MARK = '\ufeff';

  async function folder(bytes: Buffer | string): Promise<[folder: string | undefined, note: string | undefined]> {
    const document = await read(bytes);
    if (document.state !== 'read') throw new Error(JSON.stringify(document));
    return [textAt(document.root, ['a', 'folder']), document.note];
  }

  const right: [what: string, bytes: Buffer | string][] = [
    ['UTF-8 without a declaration', xml(undefined)],
    ['UTF-8', xml('UTF-8')],
    ['UTF-8 with a byte order mark', `${MARK}${xml('utf-8')}`],
    ['ISO-8859-1', latin1(xml('ISO-8859-1'))],
    ['ISO-8859-1 in single quotes, after a blank line', latin1(`\n${xml('ISO-8859-1').replaceAll('"', "'")}`)],
    ['windows-1252', latin1(xml('windows-1252'))],
    ['UTF-16 of Notepad', utf16(`${MARK}${xml('UTF-16')}`)],
    ['UTF-16 of the other byte order', swapped(`${MARK}${xml('UTF-16')}`)],
    ['UTF-16 without a byte order mark', utf16(xml('UTF-16'))],
    ['UTF-16 without a declaration', utf16(`${MARK}<a><folder>müller</folder></a>`)],
    ['UTF-8 that says it is UTF-16, as .NET writes it', xml('utf-16')],
    ['US-ASCII that is windows-1252 in fact', latin1(xml('US-ASCII'))],
  ];
  for (const [what, bytes] of right) {
    it(`in ${what} is read`, async () => expect(await folder(bytes)).to.deep.equal(['müller', undefined]));
  }

  it('in another encoding that it declares is read', async () => {
    const whole = latin1(xml('Shift_JIS', '\x90\xb3'));
    expect(await folder(whole)).to.deep.equal(['正', undefined]);
  });

  it('that is windows-1252 without saying so is read as that, and its owner is told', async () => {
    for (const encoding of [undefined, 'UTF-8']) {
      const [value, note] = await folder(latin1(xml(encoding)));
      expect(value).to.equal('müller');
      expect(note)
        .to.include(path)
        .and.to.match(/not UTF-8: it is read as windows-1252\. Save it as UTF-8\./);
    }
  });

  it('that is UTF-8 although it says ISO-8859-1 is read as what it is, and its owner is told', async () => {
    const [value, note] = await folder(xml('ISO-8859-1', '正門'));
    expect(value).to.equal('正門');
    expect(note).to.match(/says that it is ISO-8859-1, but is UTF-8.*Mend its first line/);
  });

  it('in an encoding that nobody knows is told by its name', async () => {
    const document = await read(xml('EBCDIC-US'));
    expect(document).to.include({ state: 'invalid' });
    expect(JSON.stringify(document)).to.include('its encoding is \\"EBCDIC-US\\"').and.to.include('save it as UTF-8');
  });

  it('in UTF-16, or with a letter of several bytes, that is being written is cut, never wrong', async () => {
    for (const whole of [utf16(`${MARK}${xml('UTF-16')}`), Buffer.from(xml(undefined, 'ü正🚪'))]) {
      for (let length = 0; length < whole.length; length++) {
        expect((await read(whole.subarray(0, length))).state, String(length)).to.equal('cut');
      }
      expect((await read(whole)).state).to.equal('read');
    }
  });

  describe('that is hostile costs a moment, and is refused or read', () => {
    const many = (text: string) => text.repeat(Math.floor(250_000 / text.length));
    const nested = Array.from({ length: 20 }, (_, at) => `<!ENTITY x${at + 1} "${`&x${at};`.repeat(10)}">`).join('');
    const files: [what: string, text: string][] = [
      ['entities of entities', `<!DOCTYPE a [<!ENTITY x0 "ha">${nested}]><a>&x20;</a>`],
      ['a long entity, often', `<!DOCTYPE a [<!ENTITY x "${'h'.repeat(9_000)}">]><a>${'&x;'.repeat(50_000)}</a>`],
      ['a file of the machine as an entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
      ['deep nesting', `${'<a>'.repeat(30_000)}${'</a>'.repeat(30_000)}`],
      ['comments without an end', `<a>${many('<!--')}</a>`],
      ['instructions without an end', `<a>${many('<?')}</a>`],
      ['white space', `<a>x${many(' ')}y</a>`],
      ['invisible characters', `<a>${'\u200b'.repeat(80_000)}</a>`],
      ['attributes', `<a ${many('b="c" ')}></a>`],
      ['names of objects', '<a><__proto__><x>1</x></__proto__><constructor>2</constructor></a>'],
      ['open brackets', many('<')],
    ];
    for (const [what, text] of files) {
      it(what, async function () {
        this.timeout(60_000);
        const started = performance.now();
        const document = await read(text);
        expect(performance.now() - started).to.be.below(15_000);
        expect(JSON.stringify(document).length).to.be.below(1_000_000);
        expect(JSON.stringify(document)).not.to.include('root:');
        if (document.state === 'invalid') expect(document.problem.length).to.be.below(500);
      });
    }

    it('a file that is far too long is not read', async () => {
      const document = await read(`<a>${'x'.repeat(300_000)}</a>`);
      expect(JSON.stringify(document)).to.include('more than 256 KB');
    });
  });
});
