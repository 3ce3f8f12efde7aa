import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { expect } from 'chai';

const ROOT = join(__dirname, '..');

/** Columns of a line of prose. Tables, code and addresses cannot be wrapped. */
const WIDTH = 120;

const files = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
const documents = files.filter((file) => file.endsWith('.md') && !file.startsWith('test/bench/'));

/** Where a document may begin the path of a file: at the top, beside itself, or in one of these. */
const FROM = ['', 'tasks', 'tasks/lib', 'lambda', 'lambda/lib', 'lambda/lib/gallery', 'test'];

/** What the programs write themselves is no file of the repository. */
const WRITTEN = /^(?:cloud|keys|iam)\.json$/;

/** The lines of a document that are no code block, with their numbers. */
function proseOf(document: string): { line: string; at: string }[] {
  let isCode = false;
  return readFileSync(join(ROOT, document), 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const isFence = line.trimStart().startsWith('```');
      if (isFence) isCode = !isCode;
      return isCode || isFence ? [] : [{ line, at: `${document}:${index + 1}` }];
    });
}

describe('the documents', () => {
  it('name source files that are there', () => {
    const known = new Set(files);
    const unknown = documents.flatMap((document) =>
      proseOf(document).flatMap(({ line, at }) =>
        [...line.matchAll(/`([\w./-]+\.(?:tsx?|cjs|json|yaml|service))`/g)]
          .map(([, path = '']) => path)
          .filter((path) => !WRITTEN.test(basename(path)))
          .filter((path) => ![dirname(document), ...FROM].some((from) => known.has(normalize(join(from, path)))))
          .map((path) => `${at} ${path}`),
      ),
    );
    expect(unknown).to.deep.equal([]);
  });

  it('link to files that are there', () => {
    const known = new Set(files);
    const folders = new Set(files.map(dirname));
    const broken = documents.flatMap((document) =>
      proseOf(document).flatMap(({ line, at }) =>
        [...line.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
          .map(([, path = '']) => path)
          .filter((path) => !/^[a-z]+:/.test(path))
          .map((path) => normalize(join(dirname(document), path)).replace(/\/$/, ''))
          .filter((path) => !known.has(path) && !folders.has(path))
          .map((path) => `${at} ${path}`),
      ),
    );
    expect(broken).to.deep.equal([]);
  });

  it(`have lines of at most ${WIDTH} columns`, () => {
    const long = documents.flatMap((document) =>
      proseOf(document)
        .filter(({ line }) => line.length > WIDTH && !line.startsWith('|') && line.trim().includes(' '))
        .map(({ at }) => at),
    );
    expect(long).to.deep.equal([]);
  });
});
