/** What three cameras see, drawn as SVG of 640 x 480 pixels: a front door, a garden and a drive, by day and by night. */
import { boxOf, SQUARE, STEP } from './site';

export type Camera = 'Front door' | 'Garden' | 'Drive';

/** What is to be seen beside what is always there. */
export interface Shown {
  /** Numbers of those who show their faces, 1 to 6. */
  faces?: number[];
  /** Somebody who shows no face. */
  somebody?: boolean;
  vehicle?: boolean;
  animal?: boolean;
}

interface Moment extends Shown {
  /** Of the day, 0 to 24. */
  hour: number;
  /** How far what moves has come, 0 to 1. */
  progress: number;
}

type Region = [number, number, number, number];

/** The picture, and where something moved on it. */
export function drawn(camera: Camera, moment: Moment): { svg: string; region: Region } {
  const { faces = [], hour, progress } = moment;
  const x = Math.round(60 + progress * 400);
  const [moving, region] = movingAt(x, moment);
  // The test's face engine reads who is there in these squares; a tile cuts them off.
  const squares = [0, 1, 2].map((i) => {
    const grey = (faces[i] ?? 0) * STEP;
    return `<rect x="${i * SQUARE}" width="${SQUARE}" height="${SQUARE}" fill="rgb(${grey},${grey},${grey})"/>`;
  });
  const dark = 0.72 * (1 - Math.max(0, Math.sin((Math.PI * (hour - 4.5)) / 16.5)) ** 0.4);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480" style="display:block">
    <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#86add6"/><stop offset="1" stop-color="#e4ebef"/>
    </linearGradient><linearGradient id="lawn" x2="0" y2="1"><stop stop-color="#86a563"/><stop offset="1" stop-color="#5d8145"/>
    </linearGradient></defs><rect width="640" height="480" fill="url(#sky)"/>
    ${SCENES[camera]}${moving}
    <rect width="640" height="480" fill="#081026" opacity="${dark.toFixed(3)}"/>${squares.join('')}</svg>`;
  return { svg, region };
}

function movingAt(x: number, { faces = [], somebody, vehicle, animal }: Moment): [string, Region] {
  if (faces.length > 0) {
    const boxes = faces.map((_, i) => boxOf(i));
    const right = Math.max(...boxes.map(([, , x2]) => x2)) + 50;
    return [faces.map((number, i) => visitor(number, boxOf(i))).join(''), [20, 120, right, 470]];
  }
  if (vehicle) return [car(x), [x - 10, 268, x + 220, 392]];
  if (animal) return [cat(x), [x - 12, 348, x + 92, 420]];
  if (somebody) return [figure(x), [x - 10, 196, x + 80, 420]];
  return ['', [200, 200, 400, 400]];
}

const SCENES: Record<Camera, string> = {
  'Front door': `<circle cx="596" cy="150" r="88" fill="#5d8a4c"/><circle cx="552" cy="214" r="64" fill="#4d7a40"/>
    <path d="M0 396H640V480H0Z" fill="#7f9a63"/><path d="M392 404h150l74 76H330Z" fill="#b9b2a4"/>
    <rect x="0" y="70" width="560" height="334" fill="#d8cdb8"/>
    <path d="M0 128h560M0 186h560M0 244h560M0 302h560M0 360h560" stroke="#0001" stroke-width="3"/>
    <path d="M-10 76L270 -40L590 76Z" fill="#7a4a3c"/><rect x="60" y="142" width="120" height="132" fill="#f1f3f3"/>
    <rect x="70" y="152" width="100" height="112" fill="#5b7186"/><path d="M120 152v112M70 208h100" stroke="#f1f3f3" stroke-width="6"/>
    <rect x="388" y="150" width="164" height="254" fill="#f3efe7"/><rect x="402" y="164" width="136" height="240" fill="#2f5d62"/>
    <path d="M420 184h100v84h-100zM420 290h100v94h-100z" fill="none" stroke="#0004" stroke-width="4"/>
    <circle cx="524" cy="280" r="7" fill="#e8d9a0"/><rect x="374" y="400" width="192" height="14" fill="#8d877b"/>`,
  Garden: `<path d="M0 250H640V480H0Z" fill="url(#lawn)"/><path d="M0 196h640v62H0z" fill="#a5835c"/>
    <path d="${Array.from({ length: 33 }, (_, i) => `M${i * 20} 196v62`).join('')}" stroke="#7d6142" stroke-width="3"/>
    <rect x="92" y="150" width="26" height="170" fill="#6a4d35"/><circle cx="104" cy="112" r="86" fill="#4f7d41"/>
    <circle cx="160" cy="150" r="58" fill="#5d8a4c"/><rect x="446" y="150" width="150" height="136" fill="#96705a"/>
    <path d="M430 156l92-62 92 62Z" fill="#5f4539"/><rect x="492" y="196" width="58" height="90" fill="#4b372d"/>
    <ellipse cx="330" cy="300" rx="90" ry="16" fill="#4f7440"/><g fill="#d9748a"><circle cx="280" cy="292" r="8"/>
    <circle cx="318" cy="286" r="8"/><circle cx="356" cy="290" r="8"/><circle cx="388" cy="296" r="8"/></g>`,
  Drive: `<path d="M0 260H640V480H0Z" fill="url(#lawn)"/><path d="M0 330H640V430H0Z" fill="#8b8d90"/>
    <path d="M0 380h640" stroke="#e8e4d4" stroke-width="5" stroke-dasharray="44 32"/>
    <rect x="330" y="110" width="280" height="220" fill="#cfc4b2"/><path d="M310 116L470 34L630 116Z" fill="#6b4a40"/>
    <rect x="372" y="176" width="196" height="154" fill="#eef0f0"/>
    <path d="M372 206h196M372 238h196M372 270h196M372 302h196" stroke="#b9bdc0" stroke-width="4"/>
    <circle cx="84" cy="176" r="74" fill="#567f46"/><rect x="74" y="220" width="22" height="112" fill="#6a4d35"/>
    <circle cx="216" cy="226" r="48" fill="#4d7a40"/><rect x="208" y="256" width="16" height="76" fill="#6a4d35"/>`,
};

/** Somebody whose head fills a box. */
function visitor(number: number, [x1, y1, x2, y2]: readonly [number, number, number, number]): string {
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const [coat, skin, hair] = [(number * 97) % 360, 80 - number * 8, (number * 61) % 360];
  return `<path d="M${x - 118} 480c0-130 50-168 118-168s118 38 118 168z" fill="hsl(${coat},38%,36%)"/>
    <rect x="${x - 22}" y="${y + 48}" width="44" height="50" fill="hsl(26,42%,${skin - 12}%)"/>
    <ellipse cx="${x}" cy="${y}" rx="54" ry="70" fill="hsl(28,48%,${skin}%)"/>
    <path d="M${x - 58} ${y - 8}c-6-96 122-96 116 0c-12-40-30-46-58-44s-46 8-58 44z" fill="hsl(${hair},28%,20%)"/>
    <g fill="#2b1f1a"><circle cx="${x - 20}" cy="${y - 2}" r="5"/><circle cx="${x + 20}" cy="${y - 2}" r="5"/></g>
    <path d="M${x - 18} ${y + 34}q18 14 36 0" fill="none" stroke="#8a4038" stroke-width="5" stroke-linecap="round"/>`;
}

function car(x: number): string {
  return `<path d="M${x + 38} 318c14-34 24-42 52-42h44c26 0 40 12 56 42z" fill="#33414f"/>
    <path d="M${x} 366v-26c0-18 16-24 40-24h132c26 0 40 10 40 30v20z" fill="#a33a32"/>
    <g fill="#1d1f22"><circle cx="${x + 50}" cy="368" r="22"/><circle cx="${x + 162}" cy="368" r="22"/></g>
    <g fill="#b8bcc0"><circle cx="${x + 50}" cy="368" r="9"/><circle cx="${x + 162}" cy="368" r="9"/></g>
    <circle cx="${x + 206}" cy="338" r="7" fill="#fff2c4"/>`;
}

function cat(x: number): string {
  return `<path d="M${x} 372c-10-24 0-22 6-4c16-10 40-10 52 0v40h-10v-20h-30v20h-10z" fill="#2f2c2b"/>
    <circle cx="${x + 66}" cy="370" r="15" fill="#2f2c2b"/><path d="M${x + 54} 362l2-16l9 10zM${x + 78} 362l-2-16l-9 10z" fill="#2f2c2b"/>`;
}

function figure(x: number): string {
  return `<circle cx="${x + 36}" cy="226" r="22" fill="#26282c"/><path d="M${x + 8} 336c0-66 8-84 28-84s28 18 28 84z" fill="#31343a"/>
    <path d="M${x + 14} 334h18v74h-18zM${x + 40} 334h18v74h-18z" fill="#22242a"/>`;
}
