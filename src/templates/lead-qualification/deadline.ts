/**
 * The words of a text that say when something must be done: "by end of March", "bis Ende Januar",
 * "d'ici le 15 mai", "antes del verano", "senast 1 maj", "3月末まで". A date alone is not a deadline.
 *
 * The vocabulary is English, German, French, Spanish, Swedish and Japanese, with the names of months and
 * weekdays of a few more. In the sources below a space stands for any white space.
 */

const monthDays = Array.from({ length: 12 }, (_, i) => Date.UTC(2024, i, 15))
const weekDays = Array.from({ length: 7 }, (_, i) => Date.UTC(2024, 0, 1 + i))
const NAMED_IN = ['en', 'de', 'fr', 'es', 'sv', 'it', 'nl', 'pt', 'da', 'nb']

const month = anyOf(...namesOf({ month: 'long' }, monthDays), String.raw`${shortMonths()}\b\.?`)
const weekday = anyOf(...namesOf({ weekday: 'long' }, weekDays))
const year = String.raw`(?:,? (?:de )?20\d\d)?`
const day = String.raw`\d{1,2}(?:st|nd|rd|th|er|:a|:e|\.|º)?`
const season = anyOf(
  '(?:(?:late|early) )?(?:spring|summer|autumn|fall|winter)|frühjahr|frühling|sommer(?:ferien)?|herbst',
  'printemps|été|automne|hiver|rentrée|verano|otoño|invierno|primavera|våren|sommaren|hösten|vintern',
)
const feast = anyOf(
  'christmas|easter|new year|weihnachten|ostern|jahresende|jahreswechsel|noël|pâques',
  'navidad|semana santa|jul|påsk|årsskiftet',
)
const unit = anyOf(
  'week|month|quarter|year|woche|monats?|quartals?|jahre?s?|semaine|mois|trimestre|année',
  'semana|mes|año|vecka|månad(?:en)?|kvartal(?:et)?|året?',
)
const next = anyOf(
  `(?:next|this|nächste[nrs]?|kommende[nrs]?|diese[nrs]?|este|esta|nästa) ${anyOf(unit, weekday, season)}`,
  'semaine prochaine|mois prochain|semana que viene|próxima semana|próximo mes',
)
const part = `${anyOf(
  'end|beginning|start|middle|mid|ende|anfang|mitte|fin|début|mi|finales|principios|mediados',
  'slutet|början|mitten',
)}(?: |-)(?:(?:of|de|des|du|del|av|der) )?(?:(?:the|la|el) )?`
const date = anyOf(
  String.raw`20\d\d-\d\d-\d\d`,
  String.raw`\d{1,2}[./]\d{1,2}(?:[./](?:20)?\d\d|\.)?(?!\d)`,
  `(?:${weekday},? )?${day} (?:(?:of|de) )?${month}${year}`,
  String.raw`${month} ${day}(?!\d)${year}`,
  `(?:${part})?${anyOf(`${anyOf(month, 'Q[1-4]', season, feast)}${year}`, next, weekday)}`,
  `${part}${unit}`,
  'year[- ]end',
)
const article = anyOf(
  '(?:the|den|dem|der|le|la|les|el|los|al|am|zum) ',
  "(?:spätestens|senast|au plus tard) |l['’]",
)
/** What a date of its own is a deadline after; and how forms ask for it: `When should it be ready? May`. */
const until = anyOf(
  'by|before|until|till|no later than|not later than|due|deadline(?: (?:is|ist|est|es|är))?:?',
  "bis|spätestens|vor|zum|avant|d['’]ici(?: à)?|pour|jusqu['’]à|au plus tard",
  'antes del?|para|hasta|a más tardar|före|innan|senast|till|between|zwischen|entre|mellan',
  '(?:deadline|ready|when|termin|wann|quand|échéance|cuándo|plazo|när)(?: [^.!?:]{0,30})?[?:]',
)
const start = anyOf(
  '(?:re)?launch(?:es|ing)?|(?:go|going|be) live|online|open(?:s|ing)?|ready|finish(?:ed|ing)?',
  'begin(?:s|ning)?|beginnen|eröffne[nt]|eröffnung|fertig|starten|lancer|lançons|lancement|ouvrons|ouverture|ouvrir',
  'lanzar|lanzamiento|abrir|abrimos|inauguramos|lansera[rs]?|lansering|öppna[rs]?|klar[at]?|starta[rs]?|börjar',
)
const at = anyOf('in|im|ab|on|am|en|le|el|i|den|from|à partir de|från')
const count = anyOf(
  String.raw`\d{1,2}(?: ?(?:-|–|to|bis|à|a|till) ?\d{1,2})?|one|two|three|four|six|eight|einem|einer`,
  'zwei|drei|vier|sechs|acht|une?|deux|trois|quatre|six|dos|tres|cuatro|seis|två|tre|fyra|sex',
)
const within = anyOf(
  `(?:within|in|over) (?:the next )?${count} (?:days|weeks?|months?)`,
  `(?:in|innerhalb(?: von)?|binnen) (?:den nächsten )?${count} (?:tagen?|wochen?|monate?n?)`,
  `(?:d['’]ici|sous|dans) (?:les )?${count} (?:jours|semaines?|mois)`,
  `en (?:las próximas |los próximos )?${count} (?:días|semanas?|mes(?:es)?)`,
  `(?:inom|om) ${count} (?:dagar|veckor|vecka|månader|månad)`,
)
const japanese = anyOf(
  String.raw`(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日|末|上旬|中旬|下旬)?(?:までに?|中に|頃|ごろ|を希望|を予定)`,
  '(?:[今来]月|[今来]週|[今来]年|年内|年度[内末]|来春|[春夏秋冬])(?:末|中)?までに?|(?:年|年度)内に|[今来]月中',
  String.raw`\d{1,2}(?:日|週間|[ヶか]月)以内`,
)

const BEFORE_DATE = compiled(`(?<!\\p{L})(?:(?<until>${until})|${at}) ${article}{0,2}`, 'g')
const DATE = compiled(`${date}(?!\\p{L})`, 'y')
const AND = compiled(` (?:and|und|et|y|och) ${article}?`, 'y')
const START = compiled(`(?<!\\p{L})${start}(?!\\p{L})`, '')
const WITHIN = compiled(`(?<!\\p{L})${within}(?!\\p{L})|${japanese}`, '')
/** How far from a date the word may stand that makes it the date of a start. */
const NEAR = 60

/** The first words that name a deadline, exactly as they stand in the text; null when there are none. */
export function findDeadline(text: string): string | null {
  for (const lead of text.matchAll(BEFORE_DATE)) {
    const begin = lead.index + lead[0].length
    const end = endOfDate(text, begin)
    if (end === null) continue
    if (lead.groups?.until) return text.slice(/[?:]\s$/.test(lead[0]) ? begin : lead.index, end)
    const started = aroundStart(text, lead.index, end)
    if (started) return started
  }
  return WITHIN.exec(text)?.[0] ?? null
}

/** Where a date that begins here ends, with a second one after "and"; null when none begins here. */
function endOfDate(text: string, index: number): number | null {
  const end = matchAt(DATE, text, index)
  const next = end === null ? null : matchAt(AND, text, end)
  return (next === null ? null : matchAt(DATE, text, next)) ?? end
}

/** From a word such as "launch" to the date, or from the date to it, within one sentence. */
function aroundStart(text: string, from: number, to: number): string | null {
  const before = /[^.!?]*$/.exec(text.slice(Math.max(0, from - NEAR), from))?.[0] ?? ''
  const started = START.exec(before)
  if (started) return text.slice(from - before.length + started.index, to)
  const after = /^[^.!?]*/.exec(text.slice(to, to + NEAR))?.[0] ?? ''
  const starts = START.exec(after)
  return starts ? text.slice(from, to + starts.index + starts[0].length) : null
}

function matchAt(sticky: RegExp, text: string, index: number): number | null {
  sticky.lastIndex = index
  const match = sticky.exec(text)
  return match ? index + match[0].length : null
}

function compiled(source: string, flags: '' | 'g' | 'y'): RegExp {
  return new RegExp(source.replaceAll(' ', String.raw`\s`), `iu${flags}`)
}

function anyOf(...sources: readonly string[]): string {
  return `(?:${sources.join('|')})`
}

function shortMonths(): string {
  return anyOf('jan|feb|mar|mär|mrz|apr|jun|jul|aug|sept?|okt|oct|nov|dec|dez')
}

/** What these days are called in all of the languages, the longest first. */
function namesOf(format: Intl.DateTimeFormatOptions, days: readonly number[]): string[] {
  const names = NAMED_IN.flatMap((language) => {
    const formatter = new Intl.DateTimeFormat(language, { ...format, timeZone: 'UTC' })
    return days.map((each) => formatter.format(each).toLowerCase())
  })
  return [...new Set(names)].toSorted((a, b) => b.length - a.length)
}
