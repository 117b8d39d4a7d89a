/**
 * The language of a text: by its trigrams (franc) when it is long enough for that, by its commonest words
 * when it is only a line or two, where trigrams are a guess.
 */
import { franc } from 'franc'

/** Languages that business mail comes in. More candidates would only make short texts ambiguous. */
const LANGUAGES = (
  'eng deu fra spa ita por nld swe dan nob fin pol ces slk hun ron bul ell tur rus ukr srp hrv slv est lav ' +
  'lit cat jpn cmn kor arb heb hin vie ind tha pes'
).split(' ')

const COMMON_WORDS = Object.entries({
  eng: 'the and to of is are you we i for with have can your our what how please thanks send me in it this on be would hi hello not from my',
  deu: 'der die das und ist sind sie wir ich für mit haben kann ihre unsere was wie bitte danke ein eine nicht auf zu von den im hallo uns',
  fra: 'le la les et est sont vous nous je pour avec avez peut votre notre que comment merci un une pas sur de des du bonjour au',
  spa: 'el la los y es son usted nosotros para con tiene puede su nuestro qué cómo por favor gracias un una no en de hola del al me',
  ita: 'il la gli e è sono voi noi io per con avete può vostro nostro che come grazie un una non su di buongiorno del al mi ciao',
  por: 'o a os e é são você nós eu para com tem pode seu nosso que como por favor obrigado um uma não em de olá do ao me',
  nld: 'de het en is zijn u wij we ik voor met hebben kan uw onze wat hoe graag bedankt een niet op van hallo aan naar',
  swe: 'och är vi jag för med har kan er vår vad hur tack en ett inte på av det att som hej till om du ni',
  dan: 'og er vi jeg for med har kan jeres vores hvad hvordan tak en et ikke på af det at som hej til om du af kunne',
  nob: 'og er vi jeg for med har kan deres vår hva hvordan takk en et ikke på av det å som hei til om du kunne',
}).map(([language, words]) => ({ language, words: new Set(words.split(' ')) }))

/** Below this many letters the common words decide, if they can. */
const SHORT = 160
/** Fewer letters than this tell nothing by trigrams; scripts with a sign per word or syllable need fewer. */
const MIN_LETTERS = 24
const MIN_SIGNS = 6
/** More than this changes no answer. */
const MAX_LENGTH = 1000

/** ISO 639-3 such as `eng`, `deu`; `und` when the text is too short to tell. */
export function languageOf(text: string): string {
  const words = text
    .slice(0, MAX_LENGTH)
    .replace(/\S+@\S+|\S*:\/\/\S+/g, ' ')
    .replace(/[^\p{L}\p{M}\s'’]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  const common = words.length < SHORT ? byCommonWords(words) : null
  if (common !== null) return common
  const isDense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(words)
  return franc(words, { minLength: isDense ? MIN_SIGNS : MIN_LETTERS, only: LANGUAGES })
}

/** The language with the most common words in the text: at least two, and more than any other has. */
function byCommonWords(text: string): string | null {
  const spoken = new Set(text.toLowerCase().split(' '))
  const [best, next] = COMMON_WORDS.map(({ language, words }) => ({
    language,
    count: spoken.intersection(words).size,
  })).sort((a, b) => b.count - a.count)
  return best !== undefined && best.count >= 2 && best.count > (next?.count ?? 0) ? best.language : null
}
