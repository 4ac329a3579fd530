/** The filter language of the search (docs/search.md), as far as the UI must know it. Pure. */

/** A lower-case name and a comparison with something behind it, a quoted text, or the language's own words. */
const TERM = /(?:^|[\s(])-?(?:[a-z_][\w.]*|"[^"]+")(?::(?!\/\/)|!=|<=|>=|<|>|=)\s?["*\w\\-]/;
const WORDS = /(?:^|[\s(])(?:NOT\s+\S|-"|-?"[^"]+"(?:$|[\s)]))|\S\s(?:AND|OR)\s\S/;

/** Whether a text was meant as a query and not as words to find. */
export function isQuery(text: string): boolean {
  return TERM.test(text) || WORDS.test(text);
}

/** A term that holds of exactly this value, whatever is in it. */
export function term(field: string, value: string): string {
  return `${field}:"${value.replace(/["\\]/g, "\\$&")}"`;
}
