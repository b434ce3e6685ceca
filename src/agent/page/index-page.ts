/** Ranges to choose from, s. */
const RANGES: ReadonlyArray<readonly [seconds: number, label: string]> = [
  [900, '15 min'],
  [3600, '1 h'],
  [6 * 3600, '6 h'],
  [86_400, '24 h'],
  [7 * 86_400, '7 d'],
  [30 * 86_400, '30 d'],
];

const ranges = RANGES.map(
  ([seconds, label]) =>
    `<label><input type="radio" name="last" value="${seconds}"><span>${label}</span></label>`,
).join('');

/** The live page. Everything in it that changes is filled in by the scripts. */
export const INDEX_PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>tscope</title>
<link rel="stylesheet" href="/style.css">
<script src="/uplot.js" defer></script><script type="module" src="/js/agent/browser/main.js"></script></head>
<body><main>
<header><h1 id="host">tscope</h1><p class="state" id="state" role="status">connecting</p></header>
<p class="faint" id="facts"></p>
<noscript><p>The drawings need scripts. The same data: <a href="/api/v1/now">/api/v1/now</a>,
<a href="/metrics">/metrics</a>.</p></noscript>
<p class="trouble" id="trouble" role="alert" hidden></p>
<fieldset class="range"><legend>Range</legend>
<div class="choices">${ranges}</div>
<div class="exact"><label>from <input type="datetime-local" id="from" step="1"></label>
<label>to <input type="datetime-local" id="to" step="1"></label>
<button type="button" id="apply">Show</button>
<button type="button" id="back" hidden>Zoom out</button></div>
<p class="problem" id="range-problem" role="alert"></p></fieldset>
<section aria-labelledby="now-title"><h2 id="now-title">Now</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Table of pairs"><table class="cards"><thead><tr><th scope="col">Pair</th>
<th scope="col" class="number">Rate</th><th scope="col" class="number">Time error</th>
<th scope="col" class="number">Drift in range</th><th scope="col">Independent</th></tr></thead>
<tbody id="now"></tbody></table></div></section>
<section aria-labelledby="time-title"><h2 id="time-title">Over time</h2>
<p class="faint">Dashed lines mark events. <span class="by-hand">To look closer, drag across a drawing, pinch it, or turn the
wheel with Ctrl; a double click goes back.</span></p>
<p class="faint" id="since"></p>
<p id="steps" hidden><label><input type="checkbox" id="without-steps"> Draw the time error without the steps</label></p>
<p id="empty" hidden>Nothing was stored in this range.</p><div class="figures" id="pairs"></div></section>
<section aria-labelledby="events-title"><h2 id="events-title">Events</h2><p id="events-count" class="faint"></p>
<div class="scroll" id="events-table" tabindex="0" role="region" aria-label="List of events" hidden><table class="cards"><thead><tr>
<th scope="col">Time</th><th scope="col">Kind</th><th scope="col">Clock</th><th scope="col">What happened</th></tr></thead>
<tbody id="events"></tbody></table></div></section>
<section aria-labelledby="stability-title"><h2 id="stability-title">Stability</h2><div id="stability"></div></section>
<footer class="faint">Data: <a href="/metrics">metrics</a>, <a href="/healthz">health</a>,
<a href="/api/v1/now">now</a>, <a href="/api/v1/host">host</a>, <a href="/api/v1/runs">runs</a>,
<a href="/api/v1/events">events</a>, <a href="/api/v1/stability">stability</a>.</footer>
</main></body></html>
`;
