import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import * as ts from 'typescript';
import { ROOT } from './kerberos';

/** The longest that a source file may be, in lines. */
const LONGEST = 350;

/** The sources that are committed, or are about to be. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'tasks', 'lambda'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.tsx?$/.test(file) && existsSync(join(ROOT, file)));
const known = new Set(files);

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The files that a file imports, and the packages. */
function importsOf(file: string): { files: string[]; packages: string[] } {
  const names = [...textOf(file).matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*'([^']+)'/g)].map(
    ([, name = '']) => name,
  );
  const base = dirname(file);
  const found = (name: string) => {
    const path = join(base, name).replace(/\.js$/, '');
    return [`${path}.ts`, `${path}.tsx`, path].find((candidate) => known.has(candidate));
  };
  return {
    files: names.filter((name) => name.startsWith('.')).flatMap((name) => found(name) ?? []),
    packages: names.filter((name) => !name.startsWith('.')),
  };
}

/** A circle in a graph, as the names along it; undefined where there is none. */
function circleIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next, [...path, node]);
      if (circle) return circle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const circle = visit(node, []);
    if (circle) return circle;
  }
  return undefined;
}

/** What lies in a folder, files and folders, and which of them import which. */
function neighbours(folder: string): Map<string, Set<string>> {
  const depth = folder.split('/').length;
  const nameOf = (file: string) =>
    file
      .split('/')
      .slice(0, depth + 1)
      .join('/');
  const graph = new Map<string, Set<string>>();
  for (const file of files.filter((one) => one.startsWith(`${folder}/`))) {
    const from = nameOf(file);
    const to = graph.get(from) ?? new Set();
    for (const target of importsOf(file).files) {
      if (target.startsWith(`${folder}/`) && nameOf(target) !== from) to.add(nameOf(target));
    }
    graph.set(from, to);
  }
  return graph;
}

describe('the house', () => {
  it('no file imports itself by way of others', () => {
    const graph = new Map(files.map((file) => [file, new Set(importsOf(file).files)]));
    expect(circleIn(graph)?.join(' → ')).to.equal(undefined);
  });

  const folders = new Set(
    files.flatMap((file) => {
      const parts = file.split('/');
      return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
    }),
  );
  for (const folder of folders) {
    it(`${folder}/: what lies in it has an order, in which nobody imports from above`, () => {
      expect(circleIn(neighbours(folder))?.join(' → ')).to.equal(undefined);
    });
  }

  it('only the tasks know Grunt', () => {
    const knowing = files.filter(
      (file) => /^tasks\/lib|^lambda/.test(file) && importsOf(file).packages.includes('grunt'),
    );
    expect(knowing).to.deep.equal([]);
  });

  it('the Pi knows nothing of the Lambda, and the Lambda of the Pi what the name of an event tells', () => {
    const across = files.flatMap((file) =>
      importsOf(file)
        .files.filter((target) => file.split('/')[0] !== target.split('/')[0])
        .map((target) => `${file} → ${target}`),
    );
    const allowed = /^lambda\/.* → tasks\/lib\/event\.ts$/;
    expect(across.filter((line) => !allowed.test(line))).to.deep.equal([]);
  });

  it(`no file has more than ${LONGEST} lines`, () => {
    const long = files.map((file) => `${file}: ${textOf(file).split('\n').length - 1}`);
    expect(long.filter((line) => Number(line.split(': ')[1]) > LONGEST)).to.deep.equal([]);
  });
});

/** The sources as the compiler reads them, with all their comments: each as one line, with where it stands. */
const parsed = files.map((file) => {
  const text = textOf(file);
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false, kind);
  const found = new Map<number, string>();
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(text, node.pos) ?? []) {
      found.set(pos, text.slice(pos, end).replace(/\s*\n\s*\*?\s*/g, ' '));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const where = (pos: number) => `${file}:${source.getLineAndCharacterOfPosition(pos).line + 1}`;
  return { text, source, where, comments: [...found].map(([pos, comment]) => ({ at: where(pos), comment })) };
});

/** The names that a statement exports; none for what another file declares. */
function exportedBy(statement: ts.Statement): string[] {
  if (!ts.canHaveModifiers(statement)) return [];
  if (!ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
  }
  const isDeclaration =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return isDeclaration && statement.name ? [statement.name.text] : [];
}

describe('the comments', () => {
  const linesWith = (pattern: RegExp) =>
    parsed.flatMap(({ comments }) =>
      comments.flatMap(({ at, comment }) => (pattern.test(comment) ? [`${at}: ${comment}`] : [])),
    );

  it('whatever a file exports has a docstring of its own', () => {
    const without = parsed.flatMap(({ text, source, where }) =>
      source.statements.flatMap((statement) => {
        const last = ts.getLeadingCommentRanges(text, statement.pos)?.at(-1);
        const start = statement.getStart(source);
        // A comment before an empty line is about the file.
        const isItsOwn = last && text.startsWith('/**', last.pos) && !/\n\s*\n/.test(text.slice(last.end, start));
        return isItsOwn ? [] : exportedBy(statement).map((name) => `${where(start)}: ${name}`);
      }),
    );
    expect(without).to.deep.equal([]);
  });

  it('a number is told with its unit and its reason, not as "so many"', () => {
    expect(linesWith(/\b(so (many|often)|(this|that) (many|often))\b/i)).to.deep.equal([]);
  });

  it('what is thrown stands behind @throws, not in a sentence', () => {
    expect(linesWith(/(^\/\*\*|[.;:]) (Throws|Rejects) /)).to.deep.equal([]);
  });

  it('what a truth value means stands behind @returns, not in a second sentence', () => {
    expect(linesWith(/^\/\*\*.*[.;:] Whether /)).to.deep.equal([]);
  });
});
