import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import * as ts from 'typescript';
import { fieldsOf } from '../../../lambda/lib/table/fields';
import { parseYaml } from '../../../lambda/test-packages';

const LAMBDA = join(__dirname, '..', '..', '..', 'lambda');
const CHECKED = join(LAMBDA, 'page', 'held-against-openapi.ts');

/** What openapi.yaml says of a value, as a type. */
function typeOf(schema: unknown): string {
  const { $ref, type, properties, required, items, additionalProperties, oneOf, ...rest } = fieldsOf(schema);
  if (typeof $ref === 'string') return $ref === '#/components/schemas/Box' ? 'Box' : `Api${$ref.split('/').at(-1)}`;
  if (rest.const !== undefined) return JSON.stringify(rest.const);
  if (Array.isArray(rest.enum)) return rest.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (Array.isArray(oneOf)) return oneOf.map(typeOf).join(' | ');
  if (type === 'array') return `${typeOf(items)}[]`;
  if (type !== 'object') return type === 'integer' ? 'number' : String(type);
  if (properties === undefined) return `Record<string, ${typeOf(additionalProperties)}>`;
  const needed = new Set(Array.isArray(required) ? required : []);
  const members = Object.entries(fieldsOf(properties)).map(
    ([name, value]) => `${name}${needed.has(name) ? '' : '?'}: ${typeOf(value)}`,
  );
  return `{ ${members.join('; ')} }`;
}

/** What tsc says of the page's types beside those of the contract. */
function disagreements(change = (text: string) => text): string[] {
  const { components } = fieldsOf(parseYaml(readFileSync(join(LAMBDA, 'openapi.yaml'), 'utf8')));
  const { Box: _, ...schemas } = fieldsOf(fieldsOf(components).schemas);
  const types = Object.entries(schemas).map(([name, schema]) => `type Api${name} = ${typeOf(schema)};`);
  const names = [
    'Account',
    'Event',
    'Version',
    'Burst',
    'Usual',
    'Heat',
    'Appearance',
    'Address',
    'Label',
    'Face',
    'Person',
    'Instance',
    'Rejected',
    'Problem',
    'Rule',
    'NotificationSettings',
    'Channel',
    'NewChannel',
    'Notifications',
  ];
  const text = change(`
    import type * as page from './api-types';
    type Box = page.Box;
    ${types.join('\n')}
    type Same<A, B> = (<T>() => T extends Flat<A> ? 1 : 2) extends <T>() => T extends Flat<B> ? 1 : 2 ? true : false;
    type Flat<T> = T extends Box ? T : T extends object ? { [K in keyof T]: Flat<T[K]> } : T;
    ${names.map((name) => `export const is${name}: Same<page.${name}, Api${name}> = true;`).join('\n')}`);
  const options: ts.CompilerOptions = {
    ...{
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      types: [],
      skipLibCheck: true,
      lib: ['lib.es2022.d.ts'],
    },
    ...{ module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === CHECKED || fileExists(file);
  host.getSourceFile = (file, version, ...others) =>
    file === CHECKED ? ts.createSourceFile(file, text, version) : getSourceFile(file, version, ...others);
  const found = ts.getPreEmitDiagnostics(ts.createProgram([CHECKED], options, host));
  return found.map(({ messageText, file, start = 0 }) => {
    const line = file?.text.slice(start).split('\n', 1)[0];
    return `${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

describe("page: the API's types", function () {
  // Three programs are compiled.
  this.timeout(90_000);
  it('are those of openapi.yaml, and another member or another kind of it would be noticed', () => {
    expect(disagreements()).to.deep.equal([]);
    expect(disagreements((text) => text.replace('retentionDays: number', 'retentionDays: string'))).to.have.length(1);
    // An event, and a burst, which has one.
    expect(disagreements((text) => text.replace('changes?: number', 'changed?: number'))).to.have.length(2);
  });
});
