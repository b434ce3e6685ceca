/** Columns set under their heads; the first one to the left, numbers (a head that starts with `#`) to the right. */
export function textTable(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const heads = head.map((name) => name.replace(/^#/, ''));
  const widths = heads.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) =>
        head[i]?.startsWith('#') ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [heads, ...rows].map(line).join('\n');
}
