/** Amazon's own linter on what `sam deploy` is given: it transforms the template as SAM does, and knows every resource. */
import { join } from 'node:path';
import { expect } from 'chai';
import { missingProgram, run } from './programs';

describe('lambda/template.yaml', () => {
  const missing = missingProgram('cfn-lint');
  if (missing !== undefined) {
    it(`is not looked at by ${missing}: it is not on this machine`, function () {
      this.skip();
    });
    return;
  }

  it('is accepted by cfn-lint without a word', async () => {
    const template = join(__dirname, '..', '..', 'lambda', 'template.yaml');
    const { status, output } = await run('cfn-lint', [template]);
    expect(output.trim()).to.equal('');
    expect(status).to.equal(0);
  });
});
