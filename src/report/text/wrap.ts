const SPACE = '\u00a0';
const NUMBER_AND_UNIT = /(?<=\d) (?=(?:[num]?s|min|h|d|pp[bm]|[kM]?Hz|%|kB)\b|%)/g;

/** The text with a space that does not break between a number and its unit. */
export const keepUnits = (text: string): string => text.replace(NUMBER_AND_UNIT, SPACE);

/** Breaks a text into lines of at most `width` characters, at spaces but not before a unit; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of keepUnits(text).split(' ')) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((done) => done.replaceAll(SPACE, ' '));
}
