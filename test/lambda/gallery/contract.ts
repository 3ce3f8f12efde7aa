/**
 * Holds answers of the cloud application against lambda/openapi.yaml: every status, every media type and every body must
 * be as the file says, and an answer to what is not in it must be a problem.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { fieldsOf } from '../../../lambda/lib/table/fields';
import { Ajv2020, addFormats, parseYaml } from '../../../lambda/test-packages';

/** An operation of the file. */
export interface Operation {
  method: string;
  /** With its parameters' names in braces. */
  path: string;
  pattern: RegExp;
  /** What answers there may be, by status, with `$ref` resolved. */
  responses: Record<string, Record<string, unknown>>;
  /** Where they are in the file, by status: a JSON pointer. */
  pointers: Record<string, string>;
}

/** An answer as it came. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Undefined when the body is no JSON. */
  json: unknown;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

export class Contract {
  readonly operations: Operation[];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(file = join(__dirname, '..', '..', '..', 'lambda', 'openapi.yaml')) {
    const document = fieldsOf(parseYaml(readFileSync(file, 'utf8')));
    addFormats(this.#ajv);
    this.#ajv.addSchema(document, 'openapi', false, false);
    this.operations = Object.entries(fieldsOf(document.paths)).flatMap(([path, item]) =>
      Object.entries(fieldsOf(item))
        .filter(([method]) => METHODS.includes(method))
        .map(([method, operation]) => operationOf(document, path, method, fieldsOf(operation))),
    );
  }

  /** The operation of a request; undefined when the file has none. */
  operation(method: string, path: string): Operation | undefined {
    const plain = path.replace(/\?.*/, '');
    return this.operations.find((one) => one.method === method && one.pattern.test(plain));
  }

  /** Throws when an answer is not as the file says. */
  check(method: string, path: string, answer: Answer): void {
    const what = `${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`;
    const operation = this.operation(method === 'HEAD' ? 'GET' : method, path);
    if (!operation) {
      expect([400, 401, 403, 404], what).to.include(answer.status);
      if (method !== 'HEAD') this.#checkBody(what, answer, 'application/problem+json', '#/components/schemas/Problem');
      return;
    }
    const response = operation.responses[answer.status];
    expect(response, `${what} — this status is not in openapi.yaml`).not.to.equal(undefined);
    const [mediaType] = Object.keys(fieldsOf(response?.content));
    for (const name of Object.keys(fieldsOf(response?.headers))) {
      expect(answer.headers.has(name), `${what} — it lacks the header ${name}`).to.equal(true);
    }
    if (mediaType === undefined) expect(answer.text, what).to.equal('');
    else if (method !== 'HEAD') {
      const pointer = `${operation.pointers[answer.status]}/content/${escaped(mediaType)}/schema`;
      this.#checkBody(what, answer, mediaType, pointer);
      if (answer.status >= 400) expect(fieldsOf(answer.json).status, what).to.equal(answer.status);
    }
  }

  #checkBody(what: string, answer: Answer, mediaType: string, pointer: string): void {
    expect(answer.headers.get('content-type')?.split(';')[0], what).to.equal(mediaType);
    const validate = this.#ajv.compile({ $ref: `openapi${pointer}` });
    const valid = validate(answer.json);
    expect(valid, `${what} — ${this.#ajv.errorsText(validate.errors)}`).to.equal(true);
  }
}

function operationOf(document: object, path: string, method: string, operation: Record<string, unknown>): Operation {
  const responses: Operation['responses'] = {};
  const pointers: Operation['pointers'] = {};
  for (const [status, response] of Object.entries(fieldsOf(operation.responses))) {
    const { $ref } = fieldsOf(response);
    const pointer = typeof $ref === 'string' ? $ref : `#/paths/${escaped(path)}/${method}/responses/${status}`;
    pointers[status] = pointer;
    responses[status] = fieldsOf(at(document, pointer));
  }
  const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
  return { method: method.toUpperCase(), path, pattern, responses, pointers };
}

function at(document: object, pointer: string): unknown {
  const names = pointer.slice(2).split('/');
  const unescaped = names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return unescaped.reduce<unknown>((value, name) => fieldsOf(value)[name], document);
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
