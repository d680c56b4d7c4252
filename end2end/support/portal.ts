// The real program on a stack of its own: a temporary directory with configuration, data and logs.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Logs } from './logs.ts';
import { type Ran, end, freePort, run, until } from './process.ts';

export const STACK = 'contoso-east';

export type Person = 'operator' | 'support';

/** User names and passwords; both people are there from the start. */
export const PEOPLE: Record<Person, { user: string; password: string }> = {
  operator: { user: 'olga', password: 'correct horse battery' },
  support: { user: 'sam', password: 'staple of the support' },
};

export type StackOptions = {
  /** Tells stacks apart: files with the same options share one. */
  name: string;
  /** Lines of the table `[collection]`. */
  collection?: string;
  /** Further tables; `$STACK` in them is the stack's directory. */
  tables?: string;
};

export class Portal {
  url = '';
  /** What the program wrote to its log. */
  log = '';
  private child: ChildProcess | undefined;
  private readonly sessions = new Map<Person, string>();

  private constructor(
    readonly folder: string,
    readonly logs: Logs,
    private readonly port: number,
  ) {}

  static async start(options: StackOptions): Promise<Portal> {
    const folder = await mkdtemp(join(tmpdir(), `end2end-${options.name}-`));
    const portal = new Portal(folder, await Logs.write(join(folder, 'logs')), await freePort());
    await writeFile(portal.path('help-support.toml'), portal.configuration(options));
    for (const [role, { user, password }] of Object.entries(PEOPLE)) {
      await portal.addUser(user, role, password);
    }
    await portal.serve();
    return portal;
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Runs another command of the program on this stack. */
  async command(args: string[], input?: string): Promise<Ran> {
    const all = [...args, '--config', this.path('help-support.toml')];
    return run(program(), all, { cwd: this.folder, env: environment(), ...(input === undefined ? {} : { input }) });
  }

  async addUser(user: string, role: string, password: string): Promise<void> {
    const ran = await this.command(['user', 'add', user, '--role', role, '--password-stdin'], `${password}\n`);
    if (ran.code !== 0) {
      throw new Error(`user add: ${ran.stderr}`);
    }
  }

  async serve(): Promise<void> {
    const child = spawn(program(), ['serve', '--config', this.path('help-support.toml')], {
      cwd: this.folder,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    this.url = await until('the portal', async () => {
      if (child.exitCode !== null) {
        throw new Error(`the program ended with ${child.exitCode}: ${this.log}`);
      }
      const url = /Listening on (http:\/\/\S+)/.exec(said)?.[1];
      if (url === undefined) {
        return undefined;
      }
      return fetch(`${url}/readyz`).then(
        (answer) => (answer.ok ? url : undefined),
        () => undefined,
      );
    });
  }

  /** Ends the program as its service manager does. */
  async halt(): Promise<void> {
    if (this.child !== undefined) {
      await end(this.child);
    }
  }

  /** Puts many copies of the newest collection into the history, which starts the program anew. */
  async seed(count: number): Promise<void> {
    await this.halt();
    const script = resolve(dirname(fileURLToPath(import.meta.url)), 'seed.py');
    const ran = await run('python3', [script, this.path('data', 'help-support.db'), String(count)]);
    if (ran.code !== 0) {
      throw new Error(`seed: ${ran.stderr}`);
    }
    await this.serve();
  }

  async stop(): Promise<void> {
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The cookie of a person's session, as `name=value`; signed in once per stack. */
  async session(person: Person): Promise<string> {
    const known = this.sessions.get(person);
    if (known !== undefined) {
      return known;
    }
    const { user, password } = PEOPLE[person];
    const answer = await fetch(`${this.url}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ user, password }),
    });
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0];
    if (answer.status !== 303 || cookie === undefined) {
      throw new Error(`${user} cannot sign in: ${answer.status}`);
    }
    this.sessions.set(person, cookie);
    return cookie;
  }

  /** Sends a form as the page's own would be sent; `form` may name a field more than once. */
  async post(person: Person | undefined, path: string, form: [string, string][]): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        'sec-fetch-site': 'same-origin',
        ...(person === undefined ? {} : { cookie: await this.session(person) }),
      },
      body: new URLSearchParams(form),
    });
  }

  /** All collections, newest first, as the command line tells them. */
  async history(): Promise<{ id: string; state: string }[]> {
    const ran = await this.command(['history', '--json']);
    return (JSON.parse(ran.stdout.toString()) as { collections: { id: string; state: string }[] }).collections;
  }

  /** Every file below a directory of the stack, by its path below that directory. */
  async files(...names: string[]): Promise<Map<string, Buffer>> {
    const folder = this.path(...names);
    const files = new Map<string, Buffer>();
    if (!existsSync(folder)) {
      return files;
    }
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) {
        const path = join(entry.parentPath, entry.name);
        files.set(path.slice(folder.length + 1), await readFile(path));
      }
    }
    return files;
  }

  private configuration(options: StackOptions): string {
    return `
[stack]
name = "${STACK}"
time_zone = "UTC"
[portal]
listen = "127.0.0.1:${this.port}"
[data]
directory = "data"
bundle_directory = "bundles"
[collection]
${options.collection ?? ''}
${(options.tables ?? '').replaceAll('$STACK', this.folder)}
${this.logs.roles}
`;
  }
}

/** The program under test: the release build, unless `HELP_SUPPORT_BIN` names another one. */
function program(): string {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
  const target = resolve(root, process.env['CARGO_TARGET_DIR'] ?? 'target');
  const built = process.env['HELP_SUPPORT_BIN'] ?? join(target, 'release/help-support');
  if (!existsSync(built)) {
    throw new Error(`${built} is not there: run make build`);
  }
  return built;
}

/** The log is as talkative as it can be, since it is searched for secrets. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, HELP_SUPPORT_LOG: 'trace' };
}
