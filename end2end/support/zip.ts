// Bundles as support opens them: with somebody else's program.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from './process.ts';

/** Content of each entry, by its name. */
export async function unzip(bytes: Buffer): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'end2end-zip-'));
  try {
    const file = join(folder, 'bundle.zip');
    await writeFile(file, bytes);
    const entries = new Map<string, string>();
    const names = (await bsdtar(['-tf', file])).split('\n').filter((name) => name !== '');
    for (const name of names) {
      entries.set(name, await bsdtar(['-xOf', file, name]));
    }
    return entries;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bsdtar(args: string[]): Promise<string> {
  const ran = await run('bsdtar', args);
  if (ran.code !== 0) {
    throw new Error(`bsdtar ${args.join(' ')}: ${ran.stderr}`);
  }
  return ran.stdout.toString();
}
