// Shared access signatures, made from the account's key as the service's documentation says. They
// are made here and not by a library, so that wrong ones can be made as well.

import { createHmac } from 'node:crypto';

const VERSION = '2022-11-02';

export type Grant = {
  /** `sp`, in the order that the service asks for: racwdl. */
  permissions?: string;
  startsAt?: Date;
  expiresAt?: Date;
  /** Signed with another key: well formed, and refused by the service. */
  forged?: boolean;
};

export type Account = { name: string; key: string };

/** The query of a SAS of one container, without the question mark. */
export function containerSas(account: Account, container: string, grant: Grant): URLSearchParams {
  const { permissions, starts, expires } = texts(grant);
  const signed = [
    permissions,
    starts,
    expires,
    `/blob/${account.name}/${container}`,
    '', // si
    '', // sip
    '', // spr
    VERSION,
    'c',
    '', // snapshot
    '', // ses
    '', // rscc
    '', // rscd
    '', // rsce
    '', // rscl
    '', // rsct
  ].join('\n');
  return new URLSearchParams({
    sv: VERSION,
    sr: 'c',
    sp: permissions,
    ...(starts === '' ? {} : { st: starts }),
    se: expires,
    sig: sign(account, signed, grant),
  });
}

/** The query of a SAS of the whole account's blobs, which may also make containers. */
export function accountSas(account: Account, grant: Grant): URLSearchParams {
  const { permissions, starts, expires } = texts(grant);
  const signed = [account.name, permissions, 'b', 'co', starts, expires, '', '', VERSION, '', ''].join('\n');
  return new URLSearchParams({
    sv: VERSION,
    ss: 'b',
    srt: 'co',
    sp: permissions,
    ...(starts === '' ? {} : { st: starts }),
    se: expires,
    sig: sign(account, signed, grant),
  });
}

function texts(grant: Grant): { permissions: string; starts: string; expires: string } {
  const inAYear = new Date(Date.now() + 365 * 86_400_000);
  return {
    permissions: grant.permissions ?? 'rwl',
    starts: grant.startsAt === undefined ? '' : stamp(grant.startsAt),
    expires: stamp(grant.expiresAt ?? inAYear),
  };
}

function stamp(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

function sign(account: Account, text: string, grant: Grant): string {
  const key = Buffer.from(account.key, 'base64');
  if (grant.forged === true) {
    key.reverse();
  }
  return createHmac('sha256', key).update(text, 'utf8').digest('base64');
}
