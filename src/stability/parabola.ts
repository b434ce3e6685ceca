/**
 * `values` less their least-squares parabola over the index: a phase record without its offset, its frequency and its
 * drift. NaN stays NaN and has no weight.
 */
export function withoutParabola(values: Float64Array): Float64Array {
  const scale = 2 / Math.max(1, values.length - 1);
  const first = values.find((value) => !Number.isNaN(value)) ?? 0;
  // moments[k] is the sum of t^k, right[k] that of x t^k, with t from -1 to 1 so that the system is well conditioned.
  let [m0, m1, m2, m3, m4, r0, r1, r2] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = 0; k < values.length; k += 1) {
    const x = (values[k] as number) - first;
    if (Number.isNaN(x)) continue;
    const t = k * scale - 1;
    const square = t * t;
    m0 += 1;
    m1 += t;
    m2 += square;
    m3 += square * t;
    m4 += square * square;
    r0 += x;
    r1 += x * t;
    r2 += x * square;
  }
  const [c0, c1, c2] = solved([
    [m0, m1, m2, r0],
    [m1, m2, m3, r1],
    [m2, m3, m4, r2],
  ]);
  const residual = new Float64Array(values.length);
  for (let k = 0; k < values.length; k += 1) {
    const t = k * scale - 1;
    residual[k] = (values[k] as number) - first - (c0 + t * (c1 + t * c2));
  }
  return residual;
}

type Row = [number, number, number, number];

/** Gauss's elimination of three normal equations, whose matrix is positive: no pivoting. A singular one gives 0. */
function solved(rows: [Row, Row, Row]): [number, number, number] {
  const [a, b, c] = rows;
  const eliminate = (row: Row, by: Row, at: 0 | 1) => {
    const share = by[at] === 0 ? 0 : row[at] / by[at];
    for (let k = at; k < 4; k += 1) row[k] = (row[k] as number) - share * (by[k] as number);
  };
  eliminate(b, a, 0);
  eliminate(c, a, 0);
  eliminate(c, b, 1);
  const quotient = (value: number, by: number) => (by === 0 ? 0 : value / by);
  const z = quotient(c[3], c[2]);
  const y = quotient(b[3] - b[2] * z, b[1]);
  return [quotient(a[3] - a[1] * y - a[2] * z, a[0]), y, z];
}
