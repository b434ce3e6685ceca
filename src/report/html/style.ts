/** The one style sheet of every page: light and dark, printable, narrow screens. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1d21; --faint: #5a626c; --line: #d8dce1; --card: #f5f6f8;
  --bad: #b3261e; --c0: #0b62c4; --c1: #b3440c; --c2: #0a7a55; --c3: #8a2aa8; --c4: #8f6a00; --c5: #c2185b;
  --c6: #00707f; --c7: #565b9c; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e8eaed; --faint: #a3abb5; --line: #363c43;
  --card: #1d2125; --bad: #ff8a80; --c0: #7ab7ff; --c1: #ff9e66; --c2: #5fd3a6; --c3: #d9a0ee; --c4: #e5c15a;
  --c5: #ff8fb5; --c6: #64d3e0; --c7: #aab0f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p, li { max-width: 46rem; } .faint, figcaption { color: var(--faint); font-size: .9rem; }
.verdicts { padding: 0; list-style: none; display: grid; gap: .5rem; }
.verdicts li { background: var(--card); border-left: 4px solid var(--c0); border-radius: 4px; padding: .6rem .9rem;
  max-width: none; }
.verdicts li.bad { border-color: var(--bad); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; } thead th { color: var(--faint); font-weight: 600; }
figure { margin: 1rem 0; } svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--faint); font-size: 12px; } svg text.axis { fill: var(--ink); } svg .grid { stroke: var(--line); }
svg line.limit { stroke: var(--bad); stroke-dasharray: 4 4; } svg text.limit { fill: var(--bad); }
svg polyline { fill: none; stroke: currentColor; stroke-width: 2; } svg circle, svg rect { fill: currentColor; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; font-size: .9rem; }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .4rem;
  background: currentColor; }
${Array.from({ length: 8 }, (_, i) => `.s${i} { color: var(--c${i}); }`).join(' ')}
code { font-size: .9em; } a { color: var(--c0); }
@media print { body { max-width: none; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
`;
