/** The page's icons, drawn as lines of the text's colour; what they mean is said beside them. */
const PATHS = {
  events: 'M4 5h16v14H4zM4 15l4.5-4.5 4 4L15 12l5 5M15.5 8.5h.01',
  persons: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20a7.5 7.5 0 0 1 15 0',
  cameras: 'M3 7h12v10H3zM15 11l6-3.5v9L15 13',
  account:
    'M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM12 3v2.5M12 18.5V21M3 12h2.5M18.5 12H21M5.6 5.6l1.8 1.8M16.6 16.6l1.8 1.8M5.6 18.4l1.8-1.8M16.6 7.4l1.8-1.8',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  down: 'M6 9l6 6 6-6',
  up: 'M12 19V5M6 11l6-6 6 6',
  close: 'M6 6l12 12M18 6L6 18',
  calendar: 'M4 6h16v14H4zM4 10.5h16M8 3.5V7M16 3.5V7',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  boxes: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9h6v6H9z',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5.5M12 7.5h.01',
  play: 'M8 5.5v13l10.5-6.5z',
  pause: 'M8 5.5v13M16 5.5v13',
  burst: 'M4 8h12v12H4zM8 4h12v12',
  each: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  unusual: 'M12 3v11M12 19h.01',
  star: 'M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  select: 'M4 5h16v14H4zM8 12l3 3 5-6',
  warning: 'M12 4 2.8 20h18.4zM12 10v4.5M12 17.5h.01',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  offline: 'M3 4l18 16M8.5 15.5a5 5 0 0 1 6-.8M5 12a10 10 0 0 1 4-2.4M13 9.2a10 10 0 0 1 6 2.8M12 19h.01',
  missing: 'M4 5h16v14H4zM4 19L20 5',
  forget: 'M10 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM3 20a7 7 0 0 1 11-5.7M16 16l5 5M21 16l-5 5',
  edit: 'M5 19l1-4L16 5l3 3L9 18zM13.5 7.5l3 3',
  merge: 'M6 4v4c0 3 2 4 6 5s6 2 6 5v2M18 4v4c0 3-2 4-6 5s-6 2-6 5v2',
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** An icon in the size and colour of the text. Hidden from screen readers: its meaning must be written beside it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
