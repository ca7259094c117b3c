/**
 * The id of an AWS access key holds the account it belongs to: behind the four letters of its kind it is base32, and of
 * the first six bytes 40 bits are the account's number. Ids from before 2019 lack the mark (the first bit) and tell nothing.
 */

import type { CheckContext, Reading } from './check.ts';

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const largestAccount = 999_999_999_999n;

/** Passes where the id names an account that can be, or none. */
export function awsAccount(secret: string): boolean | Reading {
  const account = accountOf(secret);
  if (account === undefined) return true;
  return account <= largestAccount && { details: { account: account.toString().padStart(12, '0') } };
}

/** Passes every secret, and says the account that the id beside it names. */
export function awsAccountBeside(_secret: string, { beside }: CheckContext): boolean | Reading {
  const id = beside?.();
  return (id !== undefined && awsAccount(id)) || true;
}

/** Passes where the id names an account that can't be: a sample, or made up. */
export function noAwsAccount(secret: string): boolean {
  return awsAccount(secret) === false;
}

function accountOf(id: string): bigint | undefined {
  let bits = 0n;
  for (const char of id.slice(4, 14)) {
    const value = base32.indexOf(char);
    if (value === -1) return undefined;
    bits = (bits << 5n) | BigInt(value);
  }
  // Ten characters are 50 bits; the mark is the first, the account the 40 behind it.
  return bits >> 49n === 1n ? (bits >> 9n) & ((1n << 40n) - 1n) : undefined;
}
