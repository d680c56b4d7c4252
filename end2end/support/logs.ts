// The logs of the stack under test: real files, with stamps around now that the test knows.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const MINUTE = 60_000;

/** In whole minutes, as the fields of the form are. */
export type Window = { start: Date; end: Date };

type Line = { at: number; text: string };
type LogFile = { stamp: (at: number) => string; lines: Line[] };

/** Secrets of several kinds, each with a line to plant it in. */
export const PLANTED = [
  { secret: 'hunter2-planted-Pa55', line: (it: string) => `login user=ops password=${it} ok` },
  { secret: 'tok3n-PLANTED-abcdef0123456789', line: (it: string) => `Authorization: Bearer ${it}` },
  {
    secret: 'PLANTEDkeyPLANTEDkeyPLANTEDkeyPLANTEDkey0000PLANTEDkeyPLANTED0000==',
    line: (it: string) => `AccountName=a;AccountKey=${it};EndpointSuffix=core.windows.net`,
  },
  {
    secret: 'PLANTEDsig%2Babcdefghijklmnopqrstuvwxyz012345%3D',
    line: (it: string) => `PUT https://a.blob.core.windows.net/c?sv=2022-11-02&sr=c&sp=rwl&sig=${it}&se=2027-01-01`,
  },
  { secret: 'urlPLANTEDpass', line: (it: string) => `clone https://bot:${it}@git.contoso.example/repo` },
] as const;

export class Logs {
  /** What tests ask for: fifty minutes that ended ten minutes ago. */
  readonly window: Window;
  private readonly files: Record<string, LogFile>;

  private constructor(private readonly folder: string) {
    const now = Math.floor(Date.now() / MINUTE) * MINUTE;
    const ago = (minutes: number) => now - minutes * MINUTE;
    this.window = { start: new Date(ago(60)), end: new Date(ago(10)) };
    this.files = {
      'storage/app.log': {
        stamp: iso,
        lines: [
          { at: ago(90), text: 'osd.0 long before' },
          { at: ago(60) - 1, text: 'osd.0 the last moment before the window' },
          { at: ago(60), text: 'osd.1 the first moment of the window' },
          { at: ago(45), text: 'osd.1 crashed\n  at read (disk.c:17)\n\n  at main (osd.c:3)' },
          { at: ago(30), text: 'osd.2 Grüße, 日本語' },
          { at: ago(10) - 1, text: 'osd.2 the last moment of the window' },
          { at: ago(10), text: 'osd.3 the first moment after the window\n  at main (osd.c:4)' },
          { at: ago(5), text: 'osd.3 after' },
        ],
      },
      'storage/app.log.1': {
        stamp: isoWithComma,
        lines: [
          { at: ago(100), text: 'rotated, too old' },
          { at: ago(59), text: 'rotated, within' },
        ],
      },
      'network/frr.log': {
        stamp: syslogInZurich,
        lines: [
          { at: ago(70), text: 'r1 zebra[7]: before' },
          { at: ago(60), text: 'r1 zebra[7]: within' },
          { at: ago(11), text: 'r1 bgpd[8]: within as well' },
          { at: ago(10), text: 'r1 bgpd[8]: after' },
        ],
      },
      'compute/host.log': {
        stamp: iso,
        lines: [
          { at: ago(20), text: 'host is well' },
          { at: ago(2), text: 'host is still well' },
        ],
      },
      'secrets/login.log': {
        stamp: iso,
        lines: PLANTED.map(({ secret, line }, place) => ({ at: ago(40 - place), text: line(secret) })),
      },
    };
  }

  static async write(folder: string): Promise<Logs> {
    const logs = new Logs(folder);
    for (const [name, file] of Object.entries(logs.files)) {
      const text = write(file, file.lines);
      // the rotated one lies there compressed
      await (name === 'storage/app.log.1' ? logs.put(`${name}.gz`, gzipSync(text)) : logs.put(name, text));
    }
    await logs.put('slow.sh', `while [ ! -e "${logs.gate}" ]; do /bin/sleep 0.05; done\necho through the gate\n`);
    return logs;
  }

  /** The roles, for the configuration that the program reads. */
  get roles(): string {
    const path = (name: string) => JSON.stringify(join(this.folder, name));
    return `
[[role]]
name = "Storage"
description = "Disks and their daemons"
[[role.source]]
kind = "files"
paths = [${path('storage/*.log*')}]
[[role.source]]
kind = "command"
name = "disks"
run = ["/bin/sh", "-c", "echo disk0 is well; echo disk1 is slow >&2; echo disk2 is well"]

[[role]]
name = "Networking"
description = "Routing"
[[role.source]]
kind = "files"
paths = [${path('network/*.log')}]
time_zone = "Europe/Zurich"

[[role]]
name = "Identity"
description = "Its logs hold secrets"
[[role.source]]
kind = "files"
paths = [${path('secrets/*.log')}]

[[role]]
name = "Compute"
description = "One of its files is not there"
[[role.source]]
kind = "files"
paths = [${path('compute/host.log')}, ${path('compute/agent.log')}]

[[role]]
name = "Slow"
description = "Ends when the test says so"
[[role.source]]
kind = "command"
name = "gate"
run = ["/bin/sh", ${path('slow.sh')}]
timeout = "5m"
`;
  }

  /** From here on the role *Slow* takes until the gate opens. */
  async closeGate(): Promise<void> {
    await rm(this.gate, { force: true });
  }

  async openGate(): Promise<void> {
    await writeFile(this.gate, '');
  }

  /** The command that stands at the gate, as it shows among the machine's processes. */
  get slowScript(): string {
    return join(this.folder, 'slow.sh');
  }

  /** The file that *Compute* misses. */
  get agentLog(): string {
    return join(this.folder, 'compute/agent.log');
  }

  async writeAgentLog(): Promise<void> {
    await this.put('compute/agent.log', `${iso(this.window.start.getTime() + MINUTE)} agent is back\n`);
  }

  /** Name of a file's entry in a bundle. */
  entry(name: string): string {
    return `files${join(this.folder, name)}`;
  }

  /** What of a file lies in the window, to the byte. */
  within(name: string): string {
    const file = this.files[name];
    if (file === undefined) {
      throw new Error(`no file ${name}`);
    }
    const [start, end] = [this.window.start.getTime(), this.window.end.getTime()];
    return write(
      file,
      file.lines.filter((line) => start <= line.at && line.at < end),
    );
  }

  private get gate(): string {
    return join(this.folder, 'gate');
  }

  private async put(name: string, content: string | Buffer): Promise<void> {
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

function write(file: LogFile, lines: Line[]): string {
  return lines.map((line) => `${file.stamp(line.at)} ${line.text}\n`).join('');
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function isoWithComma(at: number): string {
  return iso(at).replace('T', ' ').replace('.', ',');
}

/** `Nov 20 14:02:03`, as the wall clock of that zone reads. */
function syslogInZurich(at: number): string {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: 'Europe/Zurich',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (type: string) => parts.find((found) => found.type === type)?.value ?? '';
  return `${part('month')} ${part('day').padStart(2)} ${part('hour')}:${part('minute')}:${part('second')}`;
}
