/** Colours of the series, 0 to 7: told apart with any of the usual colour deficiencies, 4.5 : 1 or more on the paper. */
export const SERIES_COLOURS = {
  light: ['#2463eb', '#c2500a', '#0f7d6e', '#b5179e', '#5a3d08', '#4d10d8', '#0a4563', '#7d1a3a'],
  dark: ['#5a9dff', '#e2801f', '#6ee7a5', '#fb5fbe', '#f0d030', '#cdb2ff', '#aee3ea', '#ff5f70'],
} as const;

/** The other colours of both themes. */
export const THEMES = {
  light: {
    paper: '#ffffff',
    ink: '#16191d',
    faint: '#565e68',
    line: '#dde1e6',
    card: '#f4f6f8',
    good: '#0b6b3a',
    note: '#2463eb',
    bad: '#b3261e',
    unknown: '#5f6670',
  },
  dark: {
    paper: '#14171a',
    ink: '#e9ebee',
    faint: '#a6aeb8',
    line: '#343a41',
    card: '#1d2226',
    good: '#6ee7a5',
    note: '#7ab1ff',
    bad: '#ff8a80',
    unknown: '#a6aeb8',
  },
} as const;

/** Every colour of a theme, by the name of its variable. */
const coloursOf = (theme: 'light' | 'dark'): Readonly<Record<string, string>> => ({
  ...THEMES[theme],
  ...Object.fromEntries(SERIES_COLOURS[theme].map((colour, i) => [`c${i}`, colour])),
});

const variables = (theme: 'light' | 'dark'): string =>
  Object.entries(coloursOf(theme))
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ');

/** How the parts of a drawing look; colours are those of the theme. */
const SVG_RULES = `svg text { fill: var(--faint); font-size: 13px; font-variant-numeric: tabular-nums; }
svg text.axis { fill: var(--ink); } svg text.own { fill: currentColor; font-weight: 600; } svg text.note { font-size: 12px; }
svg line { stroke: var(--line); } svg .zero { stroke: var(--faint); } svg .base { stroke: var(--line); }
svg line.limit { stroke: var(--bad); stroke-dasharray: 5 4; } svg text.limit { fill: var(--bad); }
svg line.point { stroke: var(--faint); stroke-dasharray: 5 4; } svg text.point { fill: var(--ink); }
svg text.limit, svg text.point { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; }
svg line.old { stroke: var(--faint); stroke-dasharray: 1 4; }
svg .line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; } svg .dashed { stroke-dasharray: 7 5; }
svg .bars { fill: none; stroke: currentColor; stroke-width: 1.4; opacity: .75; }
svg .leader { fill: none; stroke: currentColor; stroke-width: 1; opacity: .5; } svg .area { fill: currentColor; opacity: .75; }
svg .event { fill: none; stroke: currentColor; stroke-width: 2.5; } svg .mark, svg rect { fill: currentColor; }
svg .spot { fill: transparent; } svg .spot:hover { fill: currentColor; opacity: .35; }
svg rect.band { fill: var(--card); stroke: var(--line); } svg rect.busy { fill: currentColor; opacity: .38; }
svg .mark.hollow { fill: var(--paper); stroke: currentColor; stroke-width: 1.6; }
${SERIES_COLOURS.light.map((_, i) => `.s${i} { color: var(--c${i}); }`).join(' ')} .plain { color: var(--ink); }`;

/** The style of a drawing as a file of its own: the light theme, spelled out for programs that know no variables. */
export const SVG_STYLE = SVG_RULES.replace(
  /var\(--(\w+)\)/g,
  (_, name: string) => coloursOf('light')[name] ?? '',
);

/** The one style sheet of every page: light and dark, printable, narrow screens. */
export const STYLE = `
:root { color-scheme: light dark; ${variables('light')} }
@media screen and (prefers-color-scheme: dark) { :root { ${variables('dark')} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { margin: 0 auto; max-width: 952px; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 3.2rem 0 .6rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.8rem 0 .3rem; }
p { margin: .5rem 0; } p, li, figcaption { max-width: 72ch; overflow-wrap: anywhere; }
.lead { font-size: 1.06rem; } .faint, figcaption, .empty { color: var(--faint); font-size: .9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; list-style: none; margin: 1.1rem 0 0; padding: 0; font-size: .95rem; }
a { color: var(--note); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--note); outline-offset: 2px; }
.verdicts { padding: 0; margin: 1.4rem 0; list-style: none; display: grid; gap: .55rem; }
.verdicts li { background: var(--card); border-left: 5px solid var(--unknown); border-radius: 3px; padding: .6rem .9rem .65rem;
  max-width: none; }
.verdicts b { display: block; font-size: .82rem; letter-spacing: .02em; color: var(--unknown); }
${['good', 'note', 'bad'].map((level) => `.verdicts li.${level} { border-color: var(--${level}); } .verdicts .${level} b { color: var(--${level}); }`).join('\n')}
.facts { display: grid; grid-template-columns: 11rem 1fr 1fr; margin: .4rem 0 1rem; font-size: .93rem; }
.facts > div { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; gap: 0 1rem; padding: .28rem 0;
  border-bottom: 1px solid var(--line); }
.facts dt { color: var(--faint); } .facts dd { margin: 0; overflow-wrap: anywhere; } .facts dd + dd { color: var(--faint); }
.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .85rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td:last-child, th:last-child { padding-right: 0; }
table.cards { font-size: .86rem; } .cards th, .cards td { padding-right: .62rem; }
td.number, th.number { text-align: right; white-space: nowrap; } td.short, th.short { white-space: nowrap; }
thead th { color: var(--faint); font-weight: 600; vertical-align: bottom; }
figure { margin: 1.6rem 0 2rem; } figure h3 { margin: 0 0 .5rem; } figcaption { margin-top: .5rem; }
.links { font-size: .85rem; margin: .3rem 0 0; display: flex; gap: .9rem; }
figure > svg { display: block; width: 100%; max-width: 920px; height: auto; overflow: visible; }
svg.narrow, .legend { display: none; }
${SVG_RULES}
.legend { flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; margin: .4rem 0 0; padding: 0; font-size: .9rem; }
.legend svg { width: 14px; height: 14px; margin-right: .35rem; vertical-align: -2px; }
code, pre { font: .88em/1.5 ui-monospace, monospace; } code { overflow-wrap: anywhere; }
details { margin: .8rem 0; } summary { cursor: pointer; }
dl.how dt { font-weight: 600; margin-top: .8rem; } dl.how dd { margin: 0; max-width: 72ch; }
footer { margin-top: 3rem; color: var(--faint); font-size: .9rem; }
@media screen and (min-width: 1000px) { .report .scroll { margin-right: max(-9rem, (952px - 100vw) / 2 + 1rem); } }
@media not screen, (max-width: 999px) { td.number, th.number, td.short, th.short { white-space: normal; } }
@media screen and (max-width: 699px) {
  figure > svg.wide { display: none; } figure > svg.narrow { display: block; max-width: 460px; } .legend { display: flex; }
  table.cards, .cards tbody, .cards tr, .cards td { display: block; width: 100%; } .cards thead { display: none; }
  .cards tr { padding: .45rem 0; border-bottom: 1px solid var(--line); }
  .cards td { display: grid; grid-template-columns: 9.5rem 1fr; gap: .8rem; border: 0; padding: .08rem 0; text-align: left; white-space: normal; overflow-wrap: anywhere; }
  .cards td::before { content: attr(data-name); color: var(--faint); } .cards td:empty { display: none; }
  .cards td:first-child { font-weight: 600; }
  .facts { display: block; } .facts > div { display: block; } .facts dd + dd { font-size: .87rem; }
  h1 { font-size: 1.45rem; }
}
@media print {
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; } nav, .links, .saved, footer { display: none; }
  h1, h2, h3, dl.how dt, .lead { break-after: avoid; } p, figcaption { orphans: 3; widows: 3; }
  figure, tr, .facts > div, .verdicts li, .lead { break-inside: avoid; }
  a { color: inherit; text-decoration: none; }
  /* What a screen scrolls or folds away is wrapped and shown. */
  .scroll { overflow: visible; } table, table.cards { font-size: 8.5pt; }
  th, td, .cards th, .cards td { padding: .22rem .5rem .22rem 0; }
  table.wide { font-size: 7pt; } .wide th, .wide td { padding-right: .3rem; }
  summary { display: none; } details::details-content { content-visibility: visible; display: block; block-size: auto; }
}
`;
