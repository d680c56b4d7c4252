// A real blob service for one worker, and containers in it.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { end, freePort, until } from './process.ts';
import { type Account, type Grant, accountSas, containerSas } from './sas.ts';

/** The emulator's published account. */
const ACCOUNT: Account = {
  name: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
};

const packageFile = createRequire(import.meta.url).resolve('azurite/package.json');
const PROGRAM = join(dirname(packageFile), 'dist/src/blob/main.js');

export class Azurite {
  /** Signatures of all SAS URLs that were handed out: what must never show up anywhere. */
  readonly signatures = new Set<string>();
  private containers = 0;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private child: ChildProcess,
  ) {}

  static async start(): Promise<Azurite> {
    const folder = await mkdtemp(join(tmpdir(), 'end2end-azurite-'));
    const port = await freePort();
    const azurite = new Azurite(folder, port, launch(folder, port));
    await azurite.answers();
    return azurite;
  }

  /** Out of reach, with everything that it holds. */
  async pause(): Promise<void> {
    await end(this.child);
  }

  /** Back again at the same address. */
  async resume(): Promise<void> {
    this.child = launch(this.folder, this.port);
    await this.answers();
  }

  async stop(): Promise<void> {
    await end(this.child);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A new, empty container. */
  async container(): Promise<Container> {
    this.containers += 1;
    const name = `logs-${this.containers}-${process.pid}`;
    const query = accountSas(ACCOUNT, { permissions: 'rwdlc' });
    const answer = await fetch(`${this.base}/${name}?restype=container&${query}`, { method: 'PUT' });
    if (answer.status !== 201) {
      throw new Error(`no container: ${answer.status} ${await answer.text()}`);
    }
    return new Container(name, `${this.base}/${name}`, this.signatures);
  }

  private get base(): string {
    return `http://127.0.0.1:${this.port}/${ACCOUNT.name}`;
  }

  private async answers(): Promise<void> {
    await until('the blob service', async () => {
      if (this.child.exitCode !== null) {
        throw new Error(`the blob service ended with ${this.child.exitCode}`);
      }
      // any answer is one
      return fetch(this.base).then(
        () => true,
        () => undefined,
      );
    });
  }
}

function launch(folder: string, port: number): ChildProcess {
  const args = ['--silent', '--disableTelemetry', '--location', folder, '--blobPort', String(port)];
  return spawn(process.execPath, [PROGRAM, ...args], { stdio: 'ignore' });
}

export type Blob = { name: string; bytes: Buffer; sha256: string };

export class Container {
  constructor(
    readonly name: string,
    private readonly address: string,
    private readonly signatures: Set<string>,
  ) {}

  /** How the portal names it. */
  get place(): string {
    return `${ACCOUNT.name}/${this.name}`;
  }

  /** A SAS URL as support would hand it over. */
  sasUrl(grant: Grant = {}): string {
    const query = containerSas(ACCOUNT, this.name, grant);
    this.signatures.add(query.get('sig') ?? '');
    return `${this.address}?${query}`;
  }

  async names(): Promise<string[]> {
    const query = containerSas(ACCOUNT, this.name, { permissions: 'rl' });
    const answer = await fetch(`${this.address}?restype=container&comp=list&${query}`);
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`no list: ${answer.status} ${text}`);
    }
    return [...text.matchAll(/<Name>([^<]*)<\/Name>/g)].map((match) => match[1] ?? '').sort();
  }

  async read(name: string): Promise<Blob> {
    const query = containerSas(ACCOUNT, this.name, { permissions: 'rl' });
    const path = name.split('/').map(encodeURIComponent).join('/');
    const answer = await fetch(`${this.address}/${path}?${query}`);
    if (!answer.ok) {
      throw new Error(`no blob ${name}: ${answer.status}`);
    }
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { name, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  }
}
