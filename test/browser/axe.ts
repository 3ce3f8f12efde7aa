import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds on a page, a text each. */
export async function axeFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return await page.evaluate(
    // What runs in the page, where `axe` is; the types of this side do not know it.
    (tags) =>
      new Function('tags', 'return axe.run(document, { runOnly: tags })')(tags).then(
        ({ violations }: { violations: { id: string; nodes: { html: string }[] }[] }) =>
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
      ),
    TAGS,
  );
}
