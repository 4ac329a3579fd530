/** Ids, shortened in the middle. */

/** 4bf92f…0e4736. */
export function short(id: string, keep = 6): string {
  return id.length <= keep * 2 + 1 ? id : `${id.slice(0, keep)}…${id.slice(-keep)}`;
}
