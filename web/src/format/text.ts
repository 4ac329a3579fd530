/** Text that others sent, made safe to look at. */

// Control characters, and those that turn the direction of all text after them: they can make a text look like another.
// eslint-disable-next-line no-control-regex -- control characters are what this finds
const INVISIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text with what would act unseen written out, such as \u202e. */
export function seen(text: string): string {
  return text.replace(INVISIBLE, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The type of an error in words: a number alone is an HTTP status. */
export function errorType(type: string | null): string {
  if (type === null) return "Error";
  return /^\d{3}$/.test(type) ? `HTTP ${type}` : type;
}

/** The start of a text, for where one line is all there is. */
export function headline(text: string, limit = 300): string {
  return seen(text.length > limit ? `${text.slice(0, limit)}…` : text);
}
