/** The one picture of the results: files a second and CPU a file of each program, as bars. */
import type { Section } from './report';

const WIDTH = 720;
const ROW = 26;
const NAMES = 230;

/** An SVG of a section whose rows are: program, files/s, ratio, CPU ms a file, ratio, … */
export function plot({ title, rows }: Section): string {
  const panels = [
    { column: 1, caption: 'files a second (longer is better)' },
    { column: 3, caption: 'ms of CPU a file (shorter is better)' },
  ];
  const parts: string[] = [];
  let y = 40;
  for (const { column, caption } of panels) {
    parts.push(`<text x="${NAMES}" y="${y + 14}" class="caption">${caption}</text>`);
    y += 24;
    const most = Math.max(...rows.map((row) => Number(row[column])));
    for (const [at, row] of rows.entries()) {
      const length = Math.max(1, Math.round((Number(row[column]) / most) * (WIDTH - NAMES - 80)));
      const middle = y + ROW / 2 + 5;
      parts.push(
        `<text x="${NAMES - 8}" y="${middle}" text-anchor="end">${escaped(row[0] ?? '')}</text>`,
        `<rect x="${NAMES}" y="${y + 4}" width="${length}" height="${ROW - 8}" class="${at === 0 ? 'ours' : 'peer'}"/>`,
        `<text x="${NAMES + length + 6}" y="${middle}">${row[column]}</text>`,
      );
      y += ROW;
    }
    y += 16;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${escaped(title)}">
<style>text { font: 13px sans-serif; fill: #333 } .title { font-weight: bold } .caption { fill: #666 } .ours { fill: #1b7f5a } .peer { fill: #9aa5b1 }</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="24" class="title">${escaped(title)}</text>
${parts.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
