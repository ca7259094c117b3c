/**
 * Where hits lie: those of stream n from `hits + n * hitBytes` on, two words each (the position of a needle's last byte, and the state),
 * and how many there are in the words before `hits`, one for each stream.
 */

/** Streams through one block. */
// @ts-ignore: decorator
@inline
export const lanes: u32 = 4;

/** Bytes of a hit. */
// @ts-ignore: decorator
@inline
export const hitSize: u32 = 8;

/** Writes a hit down; gives back where the next one goes. */
// @ts-ignore: decorator
@inline
export function report(hits: u32, position: u32, state: u32): u32 {
  store<u32>(hits, position);
  store<u32>(hits, state, 4);
  return hits + hitSize;
}

/** Where the number of a stream's hits stands. */
// @ts-ignore: decorator
@inline
export function counterOf(hits: u32, lane: u32): u32 {
  return hits - ((lanes - lane) << 2);
}
