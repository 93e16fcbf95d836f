/** Drives the built page in an iframe by roles and names, as its users do. It needs no driver, so it works in every engine. */
import { computeAccessibleName, getRole, isInaccessible } from 'dom-accessibility-api';

/** The address of the built page. The harness is outside of it, so that the service worker does not control the harness. */
export const appPath = '/app/';

/** Longer than any step takes on a machine four times slower than a small one. */
const timeoutMs = 120_000;
const pollMs = 40;

/** The elements of the page that can have a role. A list of all roles would be long, and `*` would be slow. */
const candidates =
  'button, input, textarea, select, a, img, section, main, dialog, li, progress, summary, canvas, h1, h2, h3, h4, [role]';

type Name = string | RegExp;

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

const plainText = (text: string | null | undefined): string => (text ?? '').replace(/\s+/g, ' ').trim();

const matches = (text: string, wanted: Name): boolean =>
  typeof wanted === 'string' ? plainText(text) === wanted : wanted.test(plainText(text));

/** Waits for a value. If it does not come, the check fails with an error that names it and what was there instead. */
export async function until<T>(
  what: string,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  describe: () => string = () => '',
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs / 1000} s. ${describe()}`);
    await pause(pollMs);
  }
}

export interface OpenOptions {
  /** Width of the iframe, px. */
  readonly width?: number;
  /** True for another visit: settings, models and runs of the earlier visit are still there. */
  readonly again?: boolean;
}

export class App {
  /** Errors that the page reported since it was opened. A check with any of them fails. */
  readonly faults: string[] = [];
  private frame: HTMLIFrameElement | null = null;
  private address = '';

  get window(): Window & typeof globalThis {
    const inner = this.frame?.contentWindow;
    if (!inner) throw new Error('the page is not open');
    return inner as Window & typeof globalThis;
  }

  get document(): Document {
    return this.window.document;
  }

  /** Opens the page and waits for its engine. */
  async open(query: string, options: OpenOptions = {}): Promise<void> {
    this.close();
    if (options.again !== true) localStorage.clear();
    this.address = `${appPath}?${query}`;
    const frame = document.createElement('iframe');
    frame.style.width = `${options.width ?? 1280}px`;
    frame.style.height = '800px';
    frame.src = this.address;
    document.body.append(frame);
    this.frame = frame;
    await this.watch();
    await this.ready();
  }

  /** Reloads as a user does. Everything that is not stored is lost. */
  async reload(): Promise<void> {
    const before = this.document;
    this.window.location.reload();
    await until('the page reloads', () => this.document !== before);
    await this.watch();
    await this.ready();
  }

  close(): void {
    this.frame?.remove();
    this.frame = null;
  }

  /** Records errors from before the page's scripts run. */
  private async watch(): Promise<void> {
    await until('the page is fetched', () => this.document.URL.includes(this.address));
    const { window: inner } = this;
    inner.addEventListener('error', ({ message }) => this.faults.push(message));
    inner.addEventListener('unhandledrejection', ({ reason }) => this.faults.push(String(reason)));
    inner.console.error = (...parts: unknown[]) => void this.faults.push(parts.map(String).join(' '));
  }

  async ready(): Promise<void> {
    await until(
      'the engine is ready',
      () => this.document.querySelector('[data-engine-status=ready]'),
      () => {
        const from = this.window.navigator.serviceWorker?.controller == null ? 'host' : 'service worker';
        return `${this.address}, from the ${from}: ${this.text()}`;
      },
    );
  }

  /** The visible text of the page or of one of its parts. */
  text(part: Element = this.document.body): string {
    return plainText(part instanceof this.window.HTMLElement ? part.innerText : part.textContent);
  }

  all(role: string, name?: Name, within: ParentNode = this.document): HTMLElement[] {
    return [...within.querySelectorAll<HTMLElement>(candidates)].filter(
      (element) =>
        getRole(element) === role &&
        (name === undefined || matches(computeAccessibleName(element), name)) &&
        !isInaccessible(element),
    );
  }

  find(role: string, name?: Name, within?: ParentNode): HTMLElement | null {
    return this.all(role, name, within)[0] ?? null;
  }

  get(role: string, name?: Name, within?: ParentNode): Promise<HTMLElement> {
    return until(
      `a ${role} ${name ?? ''}`,
      () => this.find(role, name, within),
      () => `There is: ${this.text().slice(0, 600)}`,
    );
  }

  /** Waits until the text matches. */
  async reads(wanted: RegExp, part: () => Element | null = () => this.document.body): Promise<string> {
    return until(
      `the text ${wanted}`,
      () => {
        const found = part();
        return found !== null && wanted.exec(this.text(found))?.[0];
      },
      () => `There is: ${this.text(part() ?? undefined).slice(0, 600)}`,
    );
  }

  async press(name: Name, within?: ParentNode): Promise<void> {
    const button = (await this.get('button', name, within)) as HTMLButtonElement;
    await until(`the button ${name} can be pressed`, () => !button.disabled);
    button.click();
  }

  async choose(name: Name, within?: ParentNode): Promise<void> {
    (await this.get('radio', name, within)).click();
  }

  async switchTo(name: Name, isOn: boolean): Promise<void> {
    const box = (await this.get('switch', name)) as HTMLInputElement;
    if (box.checked !== isOn) box.click();
  }

  async fill(role: 'slider' | 'textbox', name: Name, value: number | string): Promise<void> {
    const field = (await this.get(role, name)) as HTMLInputElement;
    // React notices a value only if it is set by the element's own setter.
    const own = Object.getOwnPropertyDescriptor(this.window.HTMLInputElement.prototype, 'value');
    own?.set?.call(field, String(value));
    field.dispatchEvent(new this.window.Event('input', { bubbles: true }));
  }

  /** Presses a key on the focused element. */
  async key(key: string): Promise<void> {
    const target = this.document.activeElement ?? this.document.body;
    for (const type of ['keydown', 'keyup'])
      target.dispatchEvent(
        new this.window.KeyboardEvent(type, { key, bubbles: true, cancelable: true, composed: true }),
      );
    await this.nextFrame();
  }

  /** Adds files as a user does in the file dialog. */
  async give(...files: readonly File[]): Promise<void> {
    const input = await until('a file input', () =>
      this.document.querySelector<HTMLInputElement>('input[type=file][multiple]'),
    );
    const transfer = new this.window.DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new this.window.Event('change', { bubbles: true }));
  }

  /** What the page saves as a file while `work` runs. The browser's own download, which a page cannot see, does not happen. */
  async saved(work: () => Promise<void>): Promise<File> {
    const { URL: addresses, HTMLAnchorElement: links } = this.window;
    const { createObjectURL } = addresses;
    const { click } = links.prototype;
    let blob: Blob | null = null;
    let file: File | null = null;
    addresses.createObjectURL = (given) => {
      if (given instanceof this.window.Blob) blob = given;
      return createObjectURL(given);
    };
    links.prototype.click = function (this: HTMLAnchorElement): void {
      if (blob !== null) file = new File([blob], this.download);
    };
    try {
      await work();
      return await until('a file is saved', () => file);
    } finally {
      addresses.createObjectURL = createObjectURL;
      links.prototype.click = click;
    }
  }

  get stage(): HTMLElement | null {
    return this.find('region', 'Photograph');
  }

  /** Waits until this many photographs are there and each has its result. */
  async allDone(count: number): Promise<void> {
    const strip = await this.get('region', 'Film strip');
    await until(
      `${count} photographs are done`,
      () => this.all('radio', /: done$/, strip).length === count,
      () =>
        this.all('radio', undefined, strip)
          .map((frame) => computeAccessibleName(frame))
          .join('; '),
    );
  }

  async select(photo: string): Promise<void> {
    const strip = await this.get('region', 'Film strip');
    await this.choose(new RegExp(`^${photo.replaceAll('.', '\\.')}: `), strip);
    await this.get('heading', photo);
  }

  /** A value of a list of facts, by its term. */
  fact(term: string): string | null {
    const found = [...this.document.querySelectorAll('dt')].find(
      (each) => plainText(each.textContent) === term,
    );
    return found === undefined ? null : plainText(found.nextElementSibling?.textContent);
  }

  async factIs(term: string, wanted: Name): Promise<string> {
    return until(
      `${term} ${wanted}`,
      () => {
        const value = this.fact(term);
        return value !== null && matches(value, wanted) && value;
      },
      () => `It is ${this.fact(term)}`,
    );
  }

  /** The pixels of a layer of the stage, four bytes each. */
  async pixels(layer: 'photo' | 'overlay'): Promise<ImageData> {
    await this.nextFrame();
    const canvas = this.stage?.querySelector<HTMLCanvasElement>(`canvas[data-layer=${layer}]`);
    if (!canvas) throw new Error(`the stage has no layer ${layer}`);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {
      willReadFrequently: true,
    });
    if (copy === null) throw new Error('no 2D context');
    copy.drawImage(canvas, 0, 0);
    return copy.getImageData(0, 0, canvas.width, canvas.height);
  }

  /** A change is painted in the next frame. This waits one more, until it is on the screen. */
  async nextFrame(): Promise<void> {
    const { window: inner } = this;
    await new Promise((resolve) => inner.requestAnimationFrame(() => inner.requestAnimationFrame(resolve)));
  }
}
