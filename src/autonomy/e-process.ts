/**
 * The test by which control is handed over: an e-process against "the rate of errors is the tolerance or more".
 *
 * For a rate q below the tolerance t, each answer multiplies a wealth by q/t when it was an error and by
 * (1 - q)/(1 - t) when it was not. When errors come at a rate of t or more, given all that was before, the wealth
 * is expected not to grow: it is a nonnegative supermartingale that begins at 1. So is a mixture over many q. By
 * Ville's inequality it ever reaches 1/alpha with probability alpha at most, however often and whenever one looks.
 *
 *     e(t; k errors of n) = Σ w(b) · b^k · ((1 - b·t) / (1 - t))^(n - k)        where q = b·t and 0 < b < 1
 *
 * The weights follow a beta distribution of b on a grid. Any weights that add up to 1 give a valid test; these were
 * chosen, by computing the chances exactly, so that a rate of a quarter of the tolerance is noticed soonest.
 *
 * It grows with t, so that the largest t at which it is below 1/alpha is an upper bound of the rate, valid at all
 * times together; the bound is at or below the tolerance exactly when the test is passed.
 *
 * Sources: Ville (1939); Robbins, "Statistical methods related to the law of the iterated logarithm" (1970), for
 * mixtures; Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences"
 * (2021); Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe anytime-valid inference" (2023);
 * Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (2024).
 */

/** What has been seen so far. */
export interface Tally {
  readonly reviews: number
  readonly errors: number
}

const GRID = 50
const [BETA_A, BETA_B] = [2, 5]

/** Rates to bet on, as parts of the tolerance, each with its weight. */
const MIXTURE: readonly { readonly part: number; readonly weight: number }[] = mixture()

function mixture(): { part: number; weight: number }[] {
  const parts = Array.from({ length: GRID }, (_, i) => (i + 0.5) / GRID)
  const weights = parts.map((part) => part ** (BETA_A - 1) * (1 - part) ** (BETA_B - 1))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return parts.map((part, i) => ({ part, weight: (weights[i] ?? 0) / sum }))
}

/** No more is counted, so that it stays a number; what is cut off above is a supermartingale still. */
const LIMIT = 1e12

/** The evidence that the rate of errors is below the tolerance: 1 for none, 20 for a chance of error of 1 in 20. */
export function eValue({ reviews, errors }: Tally, tolerance: number): number {
  const right = reviews - errors
  let sum = 0
  for (const { part, weight } of MIXTURE) {
    const log = errors * Math.log(part) + right * (Math.log1p(-part * tolerance) - Math.log1p(-tolerance))
    sum += weight * Math.exp(log)
  }
  return Math.min(LIMIT, sum)
}

/** Whether the rate of errors is shown to be below the tolerance. @param alpha chance of being wrong, such as 0.05 */
export function isShown(tally: Tally, tolerance: number, alpha: number): boolean {
  return eValue(tally, tolerance) >= 1 / alpha
}

/** Steps of the search for a bound: it is then exact to 1e-9. */
const STEPS = 30

/** The rate of errors is below it, at all times together but for a chance of `alpha`. 1 for nothing known. */
export function upperBound(tally: Tally, alpha: number): number {
  let [low, high] = [0, 1]
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2
    if (isShown(tally, middle, alpha)) high = middle
    else low = middle
  }
  return high
}

/** More than anybody will give. */
const MOST = 1_000_000

/** How many more answers without an error it takes; 0 when it is shown, null for more than a million. */
export function answersMissing({ reviews, errors }: Tally, tolerance: number, alpha: number): number | null {
  const shown = (more: number): boolean => isShown({ reviews: reviews + more, errors }, tolerance, alpha)
  if (!shown(MOST)) return null
  let [low, high] = [0, MOST]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (shown(middle)) high = middle
    else low = middle + 1
  }
  return low
}
