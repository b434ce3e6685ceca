/** Control characters, and those that reorder or hide text; not line ends and tabs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about.
const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu;

const escaped = (character: string): string => {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
};

/**
 * Text as it may go to a terminal: whatever a host's name, a file or an argument held, no escape sequence, no other
 * control character and nothing that reorders text is left; each is shown as `\x1b`. Lines and tabs stay.
 */
export const printable = (text: string): string => text.replace(UNSAFE, escaped);

/** The same for text that has to stay on one line. */
export const printableLine = (text: string): string => printable(text).replace(/\s*[\n\t]\s*/g, ' ');

/** The same for text that has to stay in its cell of a table and is shown as it is: line ends and tabs are escaped too. */
export const printableCell = (text: string): string => printable(text).replace(/[\n\t]/g, escaped);

/** A JSON document for a terminal: JSON.stringify escapes the lower control characters only. */
export const printableJson = (json: string): string =>
  json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
