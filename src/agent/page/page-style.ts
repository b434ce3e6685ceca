/** What the live page adds to the reports' style sheet. */
export const PAGE_STYLE = `
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem; } header h1 { margin: 0; }
main > p { margin: .3rem 0 1rem; max-width: none; }
.state { margin: 0; padding: .1rem .7rem; border-radius: 1rem; font-size: .9rem; background: var(--card); }
.state::before { content: "\\25cf"; margin-right: .4rem; color: var(--faint); }
.state.live::before { color: var(--c2); } .state.lost::before { color: var(--bad); }
.trouble { background: var(--card); border-left: 4px solid var(--bad); border-radius: 4px; padding: .6rem .9rem; }
.problem { color: var(--bad); margin: 0; } .problem:empty { display: none; }
.range { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .9rem; margin: 1rem 0; display: flex;
  flex-wrap: wrap; gap: .6rem 1.5rem; align-items: center; }
.choices, .exact { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }
.choices label { position: relative; } .choices input { position: absolute; opacity: 0; inset: 0; margin: 0; cursor: pointer; }
.choices span { display: block; padding: .35rem .8rem; border: 1px solid var(--line); border-radius: 1rem; }
.choices input:checked + span { background: var(--ink); color: var(--paper); border-color: var(--ink); }
.choices input:focus-visible + span, .plot:focus-visible, button:focus-visible, .exact input:focus-visible {
  outline: 3px solid var(--c0); outline-offset: 2px; }
.exact label { font-size: .9rem; color: var(--faint); }
.exact input, button { font: inherit; font-size: .9rem; color: var(--ink); background: var(--paper); border: 1px solid var(--line);
  border-radius: 4px; padding: .3rem .5rem; } button { cursor: pointer; padding: .3rem .9rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(27rem, 100%), 1fr)); gap: 0 1.5rem; }
figure { min-width: 0; margin: .8rem 0 1.4rem; } figure h3 { font-size: 1rem; margin: 0; }
.reading { min-height: 1.5rem; margin: 0; font-size: .85rem; color: var(--faint); font-variant-numeric: tabular-nums; }
.plot { border-radius: 4px; } .plot .u-over { touch-action: pan-y; }
.u-select { background: color-mix(in srgb, var(--ink) 15%, transparent); }
.key { print-color-adjust: exact; display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .5rem; background: currentColor; }
.keys { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; margin: .4rem 0 0; padding: 0; font-size: .9rem; }
tbody th { color: var(--ink); font-weight: 600; white-space: nowrap; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem; }
[hidden] { display: none !important; }
@media screen and (max-width: 699px) {
  .cards tbody th { display: block; border: 0; padding: .08rem 0; } .cards td.number { text-align: left; }
  .cards td:first-child { font-weight: inherit; }
}
@media print { .range, .state, #steps, .reading, .by-hand { display: none; } .figures { display: block; } }
@media (min-width: 70rem) { main { max-width: 80rem; } }
`;
