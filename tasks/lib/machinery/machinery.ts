/**
 * A machinery that behaves as the real one does, as far as whoever uploads its files can tell; what it sees is drawn.
 * It goes by the configuration that an instance has:
 *
 * - At its start, and when a setting was saved, it writes a reference picture.
 * - When something moves, Disk writes a picture at each detection, under its final name and in pieces; Video records
 *   until nothing has moved for a while (recording.ts).
 * - Where a disk gets full, the oldest files by name are deleted, finished or not, uploaded or not. (KiOS,
 *   board/common/overlay/etc/init.d/S85machinery)
 *
 * It may be killed at any moment, and leaves what the real one leaves.
 */
import { randomInt } from 'node:crypto';
import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../error-code';
import { DEFAULT_FILE_FORMAT } from '../event-name';
import { readDocument, textAt } from '../settings/xml';
import { saveSettings } from './configuration';
import { convert, type FilmFormat, type Recording, recordOnBoard, recordWithOpenCv } from './recording';
import { figureIn, jpegOf, type Moment, pixelsOf, yuvOf } from './scene';

/** What a machinery is told when it is started. */
export interface MachineryOptions {
  /** Configuration directory. */
  readonly config: string;
  /** Sizes in pixels; those of a film are multiples of 16. */
  readonly picture: { readonly width: number; readonly height: number };
  readonly film: { readonly width: number; readonly height: number };
  /** Ms of quiet between two events, at least and at most; absent where something moves only when it is told. */
  readonly quiet?: { readonly least: number; readonly most: number } | undefined;
  /** How often raw streams are looked for that are to be converted, in ms. */
  readonly convertEvery: number;
  /** Deletes the first `delete` files by name when more than `keep` lie in the capture directory; absent: never. */
  readonly cleanUp?: { readonly keep: number; readonly delete: number } | undefined;
}

/** Detections of one event, and ms between two of them. */
const BURST = { least: 3, most: 8, every: 250 };
/** Pieces in which a picture is written. */
const PIECES = 6;
/** Ms between two pieces. */
const PAUSE = 8;
/** Ms between two looks whether the settings were saved or the disk is full. */
const LOOK_EVERY = 200;

/** What the settings say. */
interface Settings {
  readonly name: string;
  readonly io: readonly string[];
  readonly isOnBoard: boolean;
  readonly pictures: { readonly directory: string; readonly format: string };
  readonly videos: { readonly directory: string; readonly format: string; readonly hardware: string };
  readonly film: FilmFormat;
  /** In ms. */
  readonly recordAfter: number;
  readonly maxDuration: number;
}

/** A machinery of one instance. */
export class Machinery {
  readonly #options: MachineryOptions;
  readonly #finished: (path: string) => Promise<void>;
  readonly #signal: AbortSignal;
  readonly #symbols: string;
  readonly #motions: Promise<void>[] = [];
  #isRecording = false;

  /** `finished` hears of each event's path when its last byte is written. Nothing new begins once `signal` aborts. */
  constructor(options: MachineryOptions, finished: (path: string) => Promise<void>, signal: AbortSignal) {
    this.#options = options;
    this.#finished = finished;
    this.#signal = signal;
    this.#symbols = join(dirname(options.config), 'symbols');
  }

  /** Runs until the signal aborts; then resolves as soon as what is being written is finished. */
  async run(): Promise<void> {
    const settings = await this.#read();
    for (const directory of [settings.pictures.directory, settings.videos.directory, settings.videos.hardware]) {
      await mkdir(directory, { recursive: true });
    }
    await mkdir(this.#symbols, { recursive: true });
    await Promise.all([this.#watchSettings(), this.#watchDisk(), this.#convert(), this.#film()]);
    await Promise.all(this.#motions);
    await this.#convertAll();
  }

  /** Something moves now: `run` takes and records it, also when it has been told to end meanwhile. */
  motion(): void {
    this.#motions.push(this.#event());
  }

  /** All of one event. Resolves when Disk and Video have finished with it. */
  async #event(): Promise<void> {
    const settings = await this.#read();
    const detections = randomInt(BURST.least, BURST.most + 1);
    const until = detections * BURST.every + settings.recordAfter;
    const recorded = settings.io.includes('Video')
      ? this.#record(settings, Math.min(until, settings.maxDuration))
      : undefined;
    if (settings.io.includes('Disk')) {
      for (let index = 0; index < detections && !this.#signal.aborted; index++) {
        await this.#takePicture(settings, index / detections);
        await this.#pause(BURST.every);
      }
    }
    await recorded;
  }

  /** The web interface saves a setting. */
  async save(): Promise<void> {
    await saveSettings(this.#options.config);
  }

  async #film(): Promise<void> {
    const { quiet } = this.#options;
    while (quiet !== undefined && !this.#signal.aborted) {
      await this.#event();
      await this.#pause(randomInt(quiet.least, quiet.most));
    }
  }

  async #record(settings: Settings, lasts: number): Promise<void> {
    if (this.#isRecording) return;
    this.#isRecording = true;
    const { videos, film, isOnBoard } = settings;
    const begun = performance.now();
    const progress = () => Math.min(1, (performance.now() - begun) / lasts);
    const name = this.#nameOf(settings, videos.format, this.#moment(settings, 0, this.#options.film));
    const recording = isOnBoard
      ? await recordOnBoard(join(videos.hardware, `${name}.h264`), this.#symbols, film)
      : await recordWithOpenCv(join(videos.directory, `${name}.mp4`), film);
    // The light and the grain of a film are those of its beginning.
    const time = new Date();
    await this.#frames(recording, { ...this.#moment(settings, 0, this.#options.film), time }, progress, film);
    const path = await recording.finish();
    this.#isRecording = false;
    if (path !== undefined) await this.#finished(path);
  }

  async #frames(recording: Recording, moment: Moment, progress: () => number, film: FilmFormat): Promise<void> {
    let due = performance.now();
    do {
      const frame = { ...moment, progress: progress() };
      await recording.write(yuvOf({ ...frame, data: pixelsOf(frame) }));
      due += 1000 / film.framesPerSecond;
      await this.#pause(Math.max(0, due - performance.now()));
    } while (progress() < 1 && !this.#signal.aborted);
  }

  async #takePicture(settings: Settings, progress: number | undefined): Promise<void> {
    const moment = this.#moment(settings, progress, this.#options.picture);
    await this.#write(
      join(settings.pictures.directory, this.#nameOf(settings, settings.pictures.format, moment)),
      moment,
    );
  }

  /** Under its final name, in pieces. */
  async #write(path: string, moment: Moment): Promise<void> {
    const bytes = jpegOf(moment);
    const file = await open(path, 'w');
    const size = Math.ceil(bytes.length / PIECES);
    for (let at = 0; at < bytes.length; at += size) {
      if (at > 0) await wait(PAUSE);
      await file.write(bytes.subarray(at, at + size));
    }
    await file.close();
    await this.#finished(path);
  }

  /** Nothing has been detected, so the words that only a detection has a value for stay as they are. */
  async #takeReference(settings: Settings): Promise<void> {
    const moment = this.#moment(settings, undefined, this.#options.picture);
    const directories = [
      ...(settings.io.includes('Disk') ? [settings.pictures.directory] : []),
      ...(settings.io.includes('Video') ? [settings.videos.directory] : []),
    ];
    for (const directory of directories) {
      await this.#write(join(directory, this.#nameOf(settings, settings.pictures.format, moment)), moment);
    }
  }

  #moment({ name }: Settings, progress: number | undefined, size: { width: number; height: number }): Moment {
    return { ...size, progress, time: new Date(), isFrontDoor: name === 'frontdoor' };
  }

  #nameOf({ name }: Settings, format: string, moment: Moment): string {
    return eventNameOf(format, { ...moment, instance: name });
  }

  /** Reference pictures: one at the start, one after each save. */
  async #watchSettings(): Promise<void> {
    let known = '';
    while (!this.#signal.aborted) {
      const written = await this.#lastChanges();
      if (written !== known) await this.#takeReference(await this.#read());
      known = written;
      await this.#pause(LOOK_EVERY);
    }
  }

  async #lastChanges(): Promise<string> {
    const names = (await readdir(this.#options.config)).filter((name) => name.endsWith('.xml'));
    const times = await Promise.all(names.map(async (name) => (await stat(join(this.#options.config, name))).mtimeMs));
    return times.join();
  }

  async #watchDisk(): Promise<void> {
    const { cleanUp } = this.#options;
    while (cleanUp !== undefined && !this.#signal.aborted) {
      const { directory } = (await this.#read()).pictures;
      const names = (await readdir(directory)).sort();
      if (names.length > cleanUp.keep) {
        for (const name of names.slice(0, cleanUp.delete)) {
          await unlink(join(directory, name)).catch((error: unknown) => {
            if (codeOf(error) !== 'ENOENT') throw error;
          });
        }
      }
      await this.#pause(LOOK_EVERY);
    }
  }

  async #convert(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#convertAll();
      await this.#pause(this.#options.convertEvery);
    }
  }

  async #convertAll(): Promise<void> {
    const { videos, film } = await this.#read();
    const parts = { isBusy: () => this.#isRecording, finished: this.#finished };
    await convert(this.#symbols, videos.directory, film, parts);
  }

  /** Reads the settings; a file that the web interface is just writing is read again. */
  async #read(): Promise<Settings> {
    const { config } = this.#options;
    for (;;) {
      const files = await Promise.all(['config.xml', 'io.xml'].map((name) => readDocument(join(config, name))));
      const [instance, io] = files.map((file) => (file.state === 'read' ? file.root : undefined));
      if (instance !== undefined && io !== undefined) return settingsIn(instance, io, this.#options);
      if (files.some(({ state }) => state !== 'cut' && state !== 'read'))
        throw new Error(`No configuration in ${config}.`);
      await wait(10);
    }
  }

  async #pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#signal }).catch(() => {});
  }
}

function settingsIn(instance: unknown, io: unknown, { config, film }: MachineryOptions): Settings {
  const ofInstance = (element: string) => textAt(instance, ['kerberos', 'instance', element]);
  const disk = (element: string) => textAt(io, ['ios', 'Disk', element]);
  const video = (element: string) => textAt(io, ['ios', 'Video', element]);
  const capture = disk('directory') ?? join(dirname(config), 'capture');
  const number = (text: string | undefined, otherwise: number) => (text === undefined ? otherwise : Number(text));
  const format = disk('fileFormat') ?? DEFAULT_FILE_FORMAT;
  return {
    name: ofInstance('name') ?? 'frontdoor',
    io: (ofInstance('io') ?? 'Disk').split(','),
    isOnBoard: ofInstance('capture') === 'RaspiCamera' && video('enableHardwareEncoding') === 'true',
    pictures: { directory: capture, format },
    videos: {
      directory: video('directory') ?? capture,
      format: video('fileFormat') ?? format.replace(/\.jpg$/, ''),
      hardware: video('hardwareDirectory') ?? join(dirname(config), 'h264'),
    },
    film: { ...film, framesPerSecond: number(video('fps'), 10) },
    recordAfter: number(video('recordAfter'), 5) * 1000,
    maxDuration: number(video('maxDuration'), 30) * 1000,
  };
}

/** The name that the machinery gives to what it saw; without a detection some words of the layout stay as they are. */
export function eventNameOf(format: string, moment: Moment & { readonly instance: string }): string {
  const { time, progress, instance } = moment;
  const microseconds = String((time.getTime() % 1000) * 1000 + randomInt(1000));
  const words: Readonly<Record<string, string>> = {
    timestamp: String(Math.floor(time.getTime() / 1000)),
    // The digits are counted, and not filled up with zeros.
    microseconds: `${microseconds.length}-${microseconds}`,
    instanceName: instance,
    token: String(randomInt(1000)),
    ...(progress === undefined
      ? {}
      : { regionCoordinates: figureIn(moment).join('-'), numberOfChanges: String(randomInt(500, 5000)) }),
  };
  return Object.entries(words).reduce((name, [word, text]) => name.replace(word, () => text), format);
}
