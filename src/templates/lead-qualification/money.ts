/** Amounts of money in running text, as people of many countries write them. */

export interface Money {
  /** The exact words: `€4.000`, `40–50 tkr`, `50万円`. */
  readonly words: string
  /** Of a range its upper end. */
  readonly amount: number
  /** ISO 4217; null when none is named (`budget: 12k`). */
  readonly currency: string | null
}

const DIGIT = '[0-9０-９]'
const NUMBER = [
  String.raw`${DIGIT}{1,3}(?:[.,'’\u0020\u00a0\u2009\u202f，]${DIGIT}{3}){1,4}(?:[.,]${DIGIT}{1,2})?(?!${DIGIT})`,
  `${DIGIT}{1,9}(?:[.,]${DIGIT}{1,2})?(?!${DIGIT})`,
].join('|')

const MULTIPLIERS: readonly (readonly [RegExp, number])[] = [
  [/^億/, 1e8],
  [/^百万/, 1e6],
  [/^万/, 1e4],
  [/^千/, 1e3],
  [/^(?:mio|mill(?:i|o))/i, 1e6],
  [/^m$/i, 1e6],
  [/^[kt]/i, 1e3],
  [/^mil(?:le)?$/i, 1e3],
]
const MULTIPLIER = String.raw`百万|[億万千]|(?:k|tsd\.?|tausend|thousand|tusen|mil(?:le)?|mio\.?|million(?:en|er|s|es)?|millones|m)(?!\p{L})`

const BEFORE = String.raw`US\$|CA\$|AU?\$|€|\$|£|¥|￥|(?<!\p{L})(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|JPY|CAD|AUD|PLN)`
const AFTER = String.raw`€|\$|£|円|￥|(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|JPY|CAD|AUD|PLN|euros?|dollars?|dólares|pounds?|quid|Franken|francs|kronor|kroner|kr|yen)(?!\p{L})|:-`
const CURRENCIES: readonly (readonly [RegExp, string])[] = [
  [/€|eur/i, 'EUR'],
  [/CA\$|cad/i, 'CAD'],
  [/A(?:U)?\$|aud/i, 'AUD'],
  [/\$|usd|dollar|dólar/i, 'USD'],
  [/£|gbp|pound|quid/i, 'GBP'],
  [/[¥￥円]|jpy|yen/i, 'JPY'],
  [/chf|franken|francs/i, 'CHF'],
  [/nok/i, 'NOK'],
  [/dkk/i, 'DKK'],
  [/pln/i, 'PLN'],
]
/** What a krona is, by the language of the mail; Swedish where it does not tell. */
const KRONA: Readonly<Record<string, string>> = { nob: 'NOK', nno: 'NOK', dan: 'DKK' }

const DASH = String.raw`\s?(?:-|–|—|~|〜|to|bis|à|a|till|until)\s?`
const RANGE = (unit: string) =>
  String.raw`(?:(?:${NUMBER})\s?(?:${MULTIPLIER})?${DASH}(?:${unit})?\s?)?(?<number>${NUMBER})\s?(?<multiplier>${MULTIPLIER})?`
/** Ends that only decorate: `5.000,-`, `CHF 8'000.–`. */
const FLOURISH = '(?:[.,][-–—]{1,2})?'

const WITH_CURRENCY_BEFORE = new RegExp(
  String.raw`(?<currency>${BEFORE})\s?${RANGE(BEFORE)}${FLOURISH}`,
  'giu',
)
const WITH_CURRENCY_AFTER = new RegExp(
  String.raw`(?<![\p{sc=Latin}\p{N}.,])${RANGE(AFTER)}${FLOURISH}(?:\sde)?\s?(?:t(?=kr))?(?<currency>${AFTER})`,
  'giu',
)
/** Without a currency only right after a word for budget, and only where it can't be a year. */
const BUDGETED = new RegExp(
  String.raw`(?:budget\p{L}{0,3}|presupuesto|予算)[^.!?\n0-9０-９]{0,40}${RANGE('')}`,
  'giu',
)

/** A mail that names more than this is a price list. */
const MOST_AMOUNTS = 50

/** The amounts in the text, each once, in no particular order. `language` is ISO 639-3. */
export function findMoney(text: string, language = 'und'): Money[] {
  const found: Money[] = []
  const taken: [number, number][] = []
  for (const expression of [WITH_CURRENCY_BEFORE, WITH_CURRENCY_AFTER, BUDGETED]) {
    for (const match of text.matchAll(expression)) {
      const end = match.index + match[0].length
      if (taken.some(([from, to]) => match.index < to && end > from)) continue
      const money = moneyOf(match, language)
      if (money === null) continue
      if (found.length === MOST_AMOUNTS) return found
      taken.push([match.index, end])
      found.push(money)
    }
  }
  return found
}

function moneyOf(match: RegExpExecArray, language: string): Money | null {
  const { number = '', multiplier = '', currency } = match.groups ?? {}
  const thousands = /t\s?kr$/i.test(match[0]) ? 1000 : 1
  const amount = amountOf(number) * timesOf(multiplier) * thousands
  if (currency === undefined && mayBeYearOrCount(amount, multiplier)) return null
  const words = match[0].trim()
  return amount > 0 ? { words, amount, currency: currency ? currencyOf(currency, language) : null } : null
}

function mayBeYearOrCount(amount: number, multiplier: string): boolean {
  return multiplier === '' && (amount < 300 || (amount >= 1990 && amount <= 2100))
}

/** A last separator with three digits behind it separates thousands; with one or two, decimals. */
function amountOf(number: string): number {
  const plain = number.replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
  const decimals = /[.,](\d{1,2})$/.exec(plain)?.[1] ?? ''
  const whole = decimals === '' ? plain : plain.slice(0, -decimals.length - 1)
  return Number(`${whole.replace(/\D/g, '')}.${decimals || '0'}`)
}

function timesOf(multiplier: string): number {
  const word = multiplier.replace('.', '')
  return MULTIPLIERS.find(([expression]) => expression.test(word))?.[1] ?? 1
}

function currencyOf(unit: string, language: string): string {
  return CURRENCIES.find(([expression]) => expression.test(unit))?.[1] ?? KRONA[language] ?? 'SEK'
}
