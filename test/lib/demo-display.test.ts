import { expect } from 'chai';
import { Display } from '../../tasks/lib/demo/display';

const APP = { url: 'http://127.0.0.1:4581/', user: 'home', password: 'abcd-efgh' };

describe('what the demo shows', () => {
  function displayOf(options: { isTerminal: boolean; isVerbose: boolean }) {
    let written = '';
    const display = new Display({
      ...options,
      columns: () => 120,
      write: (text) => {
        written += text;
      },
    });
    return { display, written: () => written, screen: () => screenOf(written) };
  }

  function busy(display: Display): void {
    display.begin(['frontdoor', 'garden'], APP);
    for (let index = 0; index < 50; index++) {
      display.written();
      display.arrived(`${index}.jpg`);
      display.cloudSaid(`published home/${index}.jpg`);
    }
    display.cloudSaid('published home/a.jpg, on it: person-1');
    display.cloudSaid('refused home/b.jpg (TooSmall): The picture is 16 x 16.');
  }

  it('on a terminal is a block that is drawn anew, whose last line is always the address and the login', () => {
    const { display, screen } = displayOf({ isTerminal: true, isVerbose: false });
    busy(display);
    display.tell('bucket cannot be listed: AccessDenied');
    const lines = screen();
    expect(lines.at(-1)).to.equal('Open http://127.0.0.1:4581/ and log in as home with abcd-efgh');
    expect(lines.filter((line) => line.startsWith('Open'))).to.have.length(1);
    expect(lines).to.include('bucket cannot be listed: AccessDenied');
    expect(lines).to.include('cameras   frontdoor, garden');
    expect(lines.join()).to.match(/50 written, 50 in the bucket, 51 published, 1 refused \(1 TooSmall\), 1 faces/);
    expect(lines).to.include('latest    49.jpg');
    display.close();
  });

  it('in a log has no line for a picture, and the address and the login', () => {
    const { display, written } = displayOf({ isTerminal: false, isVerbose: false });
    busy(display);
    expect(written().trim()).to.equal('Open http://127.0.0.1:4581/ and log in as home with abcd-efgh');
    display.close();
    expect(written()).to.include('51 published, 1 refused (1 TooSmall)');
  });

  it('with --verbose has a line for everything, and no control character of a name', () => {
    const { display, written } = displayOf({ isTerminal: true, isVerbose: true });
    busy(display);
    display.cloudSaid('published home/\u001b[31m.jpg');
    expect(written()).to.include('cloud  published home/7.jpg\n').and.not.include('\u001b');
    display.close();
  });
});

/** The lines that are on a terminal after `text`: it knows to go up and to clear below, and nothing else. */
function screenOf(text: string): string[] {
  const lines = [''];
  for (const part of text.replaceAll('\u001b', '<ESC>').split(/(<ESC>\[\d*[AJ]|\n)/)) {
    const up = /^<ESC>\[(\d+)A$/.exec(part)?.[1];
    if (up !== undefined) lines.splice(lines.length - 1 - Number(up), Number(up) + 1, '');
    else if (part === '\n') lines.push('');
    else if (!part.startsWith('<ESC>')) lines[lines.length - 1] += part;
  }
  return lines.filter((line) => line !== '');
}
