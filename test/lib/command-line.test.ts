import { expect } from 'chai';
import { helpLines, TASK_OPTIONS, tasksAskedFor, wrongOptions } from '../../tasks/lib/command-line';
import { flaggedSettings } from '../../tasks/lib/settings/table';
import { type TaskName, tasksOf } from '../../tasks/lib/task-names';

const gruntOptions: unknown = require('grunt-known-options');
const known = Object.keys(Object(gruntOptions));

/** What is said of a command line: `sync --onse`. */
function said(typed: string, isShared = false): string[] {
  const args = typed.split(' ');
  const tasks = args.filter((arg) => !arg.startsWith('-'));
  const options = args.flatMap((arg) => /^-+(?:no-)?([^=]+)/.exec(arg)?.[1] ?? []);
  const line = { args, tasks, options, known };
  const named = tasksOf(isShared ? undefined : { allTasks: true });
  return wrongOptions(tasksAskedFor(line, named), line, isShared);
}

describe('an option that no task takes', () => {
  for (const [typed, meant] of [
    ['sync --dry-run', '--no-write'],
    ['sync --onse', '--once'],
    ['sync --Once', '--once'],
    ['sync --no-writ', '--no-write'],
    ['sync:front --bukcet=x', '--bucket'],
    ['sync --limitrate=200k', '--limit-rate'],
    ['sync --verbos', '--verbose'],
    ['check --jason', '--json'],
    ['status --fiel=a.jpg', '--file'],
    ['cloud --ap-port=1', '--app-port'],
  ] as const) {
    it(`grunt ${typed}: did you mean ${meant}?`, () => {
      expect(said(typed)).to.have.length(1);
      expect(said(typed)[0]).to.include(`did you mean ${meant}?`);
    });
  }

  it('is refused also where nothing is like it, or where another task takes it', () => {
    for (const typed of ['sync --frobnicate', 'check --file=a.jpg', 'sync --port=1', 'replay --json']) {
      expect(said(typed)[0], typed).to.match(/is no option of grunt \w+: grunt \w+ --help lists them/);
    }
  });

  it('is each of them, when several are wrong', () => {
    expect(said('sync --onse --frobnicate')).to.have.length(2);
  });
});

describe('an option that is taken', () => {
  it("is every one of the task's own, and of Grunt's", () => {
    for (const [task, options] of Object.entries(TASK_OPTIONS)) {
      for (const { name } of options) expect(said(`${task} --${name}=1`), `${task} --${name}`).to.deep.equal([]);
    }
    for (const name of known) expect(said(`sync --${name}`), name).to.deep.equal([]);
  });

  it('is every setting that has a flag', () => {
    for (const { flag } of flaggedSettings()) expect(said(`sync --${flag}=1`)).to.deep.equal([]);
  });

  it('may belong to the other task that is asked for', () => {
    expect(said('check status --file=a.jpg')).to.deep.equal([]);
  });

  it("is anything in another project's Gruntfile that is not nearly ours, and anything for its own tasks", () => {
    expect(said('sync --environment=production', true)).to.deep.equal([]);
    expect(said('build --onse', true)).to.deep.equal([]);
    expect(said('sync --onse', true)).to.have.length(1);
  });

  it('was set by the Gruntfile, and not typed', () => {
    const line = { args: ['sync'], tasks: ['sync'], options: ['onse'], known };
    expect(wrongOptions(['sync'], line)).to.deep.equal([]);
  });
});

describe('the help', () => {
  it('lists every option of every task', () => {
    for (const [task, options] of Object.entries(TASK_OPTIONS)) {
      const text = helpLines(Object.keys(TASK_OPTIONS).filter((name): name is TaskName => name === task)).join('\n');
      for (const { name } of options) expect(text, task).to.include(name);
    }
  });
});

describe('the tasks of a Gruntfile', () => {
  it("are all of them, by their short names, in this project's own", () => {
    expect([...tasksOf({ allTasks: true }).keys()]).to.deep.equal(Object.keys(TASK_OPTIONS));
  });

  it("are sync and what tells of it in another project's", () => {
    expect([...tasksOf(undefined).keys()]).to.deep.equal(['sync', 'sync-check', 'sync-status']);
  });
});
