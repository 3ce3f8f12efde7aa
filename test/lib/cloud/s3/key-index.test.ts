import { expect } from 'chai';
import { compareUtf8, KeyIndex } from '../../../../tasks/lib/cloud/s3/key-index';

const object = (key: string) => ({ key, size: 1, etag: '0', lastModified: 0 });

describe('the index of keys', () => {
  it('orders as the bytes of UTF-8 do', () => {
    const keys = [
      '',
      '\u0000',
      '/',
      'A',
      'a',
      'a\u0000',
      'aa',
      'é',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '😀',
      '😀a',
      '\u{10ffff}',
    ];
    for (const a of keys) {
      for (const b of keys) {
        expect(Math.sign(compareUtf8(a, b)), JSON.stringify([a, b])).to.equal(Buffer.from(a).compare(Buffer.from(b)));
      }
    }
  });

  it('gives every key once, in order, in pages of any size, with and without a delimiter', () => {
    const names = ['a', 'a/', 'a/1', 'a/2/x', 'a/2/y', 'a0', 'b//c', 'b/c', '/', '//', 'z/'];
    const index = new KeyIndex<ReturnType<typeof object>>();
    for (const name of names) index.set(object(name));
    for (const [prefix, delimiter] of [
      ['', ''],
      ['', '/'],
      ['a', '/'],
      ['a/', '/'],
      ['b/', ''],
      ['', '2/'],
      ['nope', '/'],
    ]) {
      // What a list means, worked out the plain way.
      const expected = new Set<string>();
      for (const key of [...names].sort(compareUtf8)) {
        if (!key.startsWith(prefix ?? '')) continue;
        const cut = delimiter ? key.indexOf(delimiter, prefix?.length) : -1;
        expected.add(cut < 0 ? key : key.slice(0, cut + (delimiter?.length ?? 0)));
      }
      for (let limit = 1; limit <= names.length; limit++) {
        const found: string[] = [];
        let after: string | undefined = '';
        while (after !== undefined) {
          const page: ReturnType<typeof index.page> = index.page({
            prefix: prefix ?? '',
            delimiter: delimiter ?? '',
            limit,
            after,
          });
          const items = [...page.objects.map(({ key }) => key), ...page.commonPrefixes].sort(compareUtf8);
          expect(items.length).to.be.at.most(limit);
          found.push(...items);
          after = page.next;
        }
        expect(found, JSON.stringify({ prefix, delimiter, limit })).to.deep.equal([...expected]);
      }
    }
  });

  it('forgets a deleted key', () => {
    const index = new KeyIndex([object('b'), object('a')]);
    index.delete('a');
    index.delete('never there');
    expect(index.page({}).objects.map(({ key }) => key)).to.deep.equal(['b']);
  });

  it('gives a page of 100,000 keys in milliseconds', () => {
    const index = new KeyIndex(Array.from({ length: 100_000 }, (_, at) => object(`home/${at}.jpg`)));
    const start = performance.now();
    for (let at = 0; at < 100; at++) index.page({ prefix: 'home/', after: `home/${at * 1000}`, limit: 1000 });
    expect((performance.now() - start) / 100).to.be.lessThan(20);
  });
});
