import { expect } from 'chai';
import { printable } from '../../tasks/lib/printable';

describe('what is printed of a name that others chose', () => {
  it('is one line, and reaches no terminal as a command', () => {
    expect(printable('home/a\npublished john/b')).to.equal('home/a\\npublished john/b');
    expect(printable('\u001b]0;title\u0007\u009b31m')).to.equal('\\x1b]0;title\\x07\\x9b31m');
    expect(printable('a\r\tb\u2028c\u0085')).to.equal('a\\r\\tb\\u2028c\\x85');
    expect(printable('gpj.\u202eexe')).to.equal('gpj.\\u202eexe');
    expect(printable('\ud800')).to.equal('\\ud800');
  });

  it('stays as it is where it is an ordinary name, of any script', () => {
    for (const name of ['1429700000_6-1_front door_1-1-2-2_1_1.jpg', 'Haustür', '玄関', '🚪', 'a\\b']) {
      expect(printable(name)).to.equal(name);
    }
  });
});
