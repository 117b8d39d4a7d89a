/**
 * What the operator should know before answering: words in a mail that try to give orders to an
 * assistant, hide from the reader, fish for secrets, or lead elsewhere than they say. They are shown, not
 * acted upon: what protects is that a mail's content is never an instruction, not that this list is long.
 */
import type { MailMessage } from '../../mail/message.ts'
import { domainOf, isFromForm, ownDomain } from './sender.ts'

export interface Warning {
  readonly kind:
    | 'instruction-to-assistant'
    | 'hidden-text'
    | 'asks-for-secrets'
    | 'reply-to-differs'
    | 'link-mismatch'
  /** The exact words of the mail; for hidden text, what the parser found odd. */
  readonly words: string
}

/** Up to a few words in between. */
const FEW = String.raw`\s(?:[^\s.!?]+\s){0,4}?`
const INSTRUCTIONS = [
  `(?:ignore|disregard|forget|override|bypass)${FEW}(?:instructions?|prompts?|rules|guidelines|directions|restrictions)`,
  `(?:ignorier\\p{L}*|missacht\\p{L}*|vergiss|vergessen)${FEW}(?:anweisungen?|instruktionen?|regeln|vorgaben|befehle)`,
  `(?:ignore[rz]?|oublie[rz]?)${FEW}(?:instructions?|consignes?|règles)`,
  `(?:ignor[ae]n?|olvid[ae]n?)${FEW}(?:instrucci(?:ón|ones)|reglas|indicaciones)`,
  `(?:ignorera|glöm|bortse från)${FEW}(?:instruktion\\p{L}*|regler\\p{L}*|anvisning\\p{L}*)`,
  '(?:指示|命令|ルール|プロンプト)(?:を|は)?(?:すべて|全て)?無視',
  'you are (?:now )?(?:an? )?(?:ai|llm|language model|assistant|chatbot|bot|dan|in \\p{L}+ mode)',
  '(?:if|when|since) you are (?:an? )?(?:ai|llm|language model|(?:ai |virtual |automated )?assistant)',
  '(?:to|for|dear|attention|attn|note to|message to)[ :]+(?:the |any |all )?(?:ai|llm|language model|ai assistant|email assistant|mail assistant|assistant|automated system)s?(?: reading| processing|[,:])',
  'as an? (?:ai|llm|language model|ai assistant)\\b[^.!?\\n]{0,40}\\b(?:you|your)',
  '(?:system prompt|prompt injection|jailbreak|developer mode|maintenance mode|admin override)',
  '(?:the )?(?:user|operator) (?:has )?(?:already )?(?:approved|authori[sz]ed|confirmed|agreed)',
  "(?:do not|don['’]t|never) (?:show|tell|mention|reveal|display|report)\\b[^.!?\\n]{0,40}\\b(?:user|operator|owner|human)",
  '(?:mark|classify|score|rate|label|qualify) (?:this|the) (?:e-?mail|mail|message|lead|conversation|sender|customer)\\b[^.!?\\n]{0,20}\\bas',
].map(asWords)
const MARKERS = [
  String.raw`<\|[a-z_]{2,20}\|>`,
  String.raw`\[\/?INST\]`,
  String.raw`<\/?(?:system|assistant|instructions?)>`,
  String.raw`^[ \t>#*]{0,20}(?:system|assistant|instructions?)[ \t]?(?:message|prompt|note)?[ \t]?:`,
]
const INSTRUCTION = new RegExp([...INSTRUCTIONS, ...MARKERS].join('|'), 'imu')

const YOUR = 'your|ihre?|ihren|deine?|votre|vos|ton|su|sus|tu|tus|ditt|din|dina|ert|er|era'
const SECRET =
  'passwords?|passcode|pin(?: code)?|api keys?|credentials|login(?: details| data)?|credit card|card number|cvv|bank details|' +
  'passwort|passwörter|zugangsdaten|kreditkarte\\p{L}*|bankdaten|mot de passe|identifiants|carte bancaire|' +
  'contraseñas?|tarjeta|lösenord|inloggning\\p{L}*|kortnummer|bankid'
const RECORDS =
  '(?:clients?|customers?|contacts?|invoices|e-?mails|mailbox|inbox|conversations|files|passwords)'
const SECRETS = new RegExp(
  [
    `(?:send|give|share|provide|confirm|enter|verify|update|forward|tell|schick\\p{L}*|send\\p{L}*|nenn\\p{L}*|bestätig\\p{L}*|envoy\\p{L}*|confirm\\p{L}*|envi\\p{L}*|skicka|bekräfta|ange)(?: [^ .!?]+){0,5}? (?:${YOUR}) (?:[^ .!?]+ ){0,2}?(?:${SECRET})`,
    `(?:${YOUR}) (?:${SECRET}) (?:has expired|will expire|expires|läuft ab|ist abgelaufen|expire|ha caducado|går ut)`,
    `(?:send|forward|export|e-?mail|share|upload) [^.!?]{0,60}?(?:list of|all|every|complete|entire|last \\d+) [^.!?]{0,60}?${RECORDS}`,
    '(?:buy|purchase|get|send)(?: [^ .!?]+){0,4}? gift ?cards?',
    '(?:パスワード|暗証番号)を(?:お知らせ|ご入力|教えて|送って)',
  ]
    .map(asWords)
    .join('|'),
  'iu',
)
/** A name of a host that is shown, and right behind it the address that the link goes to. */
const SHOWN_LINK =
  /(?<![a-z0-9.-])((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})(?:[/?#:][^\s[\](){}<>]{0,300})?\s?[[(<]https?:\/\/(?:[^\s@/]{1,50}@)?([a-z0-9.-]{1,200})[^\s\])>]{0,500}[\])>]/giu
const QUOTE_LIMIT = 200

/** Each kind at most once for each part of the mail it occurs in. */
export function findWarnings(message: MailMessage): Warning[] {
  const texts = [
    message.subject,
    message.text,
    message.from.name,
    ...message.attachments.map(({ filename }) => filename),
  ]
  return [
    ...texts.flatMap((text) => quoted('instruction-to-assistant', text, INSTRUCTION)),
    ...message.oddities
      .filter((oddity) => /^(?:hidden text|invisible characters)/.test(oddity))
      .map((words): Warning => ({ kind: 'hidden-text', words })),
    ...texts.flatMap((text) => quoted('asks-for-secrets', text, SECRETS)),
    ...replyElsewhere(message),
    ...mismatchedLinks(message.text),
  ]
}

/** A source in which a space stands for any white space, found at the beginning of a word. */
function asWords(source: string): string {
  return String.raw`(?<![\p{sc=Latin}\p{N}])(?:${source.replaceAll(' ', String.raw`\s`)})`
}

/** From the first match to the end of its sentence. */
function quoted(kind: Warning['kind'], text: string, expression: RegExp): Warning[] {
  const match = expression.exec(text)
  if (match === null) return []
  const after = text.slice(match.index + match[0].length, match.index + QUOTE_LIMIT)
  const sentence = match[0] + (/^[^.!?\n]*[.!?]?/.exec(after)?.[0] ?? '')
  return [{ kind, words: sentence.trim() }]
}

function replyElsewhere(message: MailMessage): Warning[] {
  const { from, replyTo } = message
  const same = ownDomain(domainOf(from.address)) === ownDomain(domainOf(replyTo.address))
  return same || isFromForm(message, []) ? [] : [{ kind: 'reply-to-differs', words: replyTo.address }]
}

function mismatchedLinks(text: string): Warning[] {
  const links = Array.from(text.matchAll(SHOWN_LINK))
  const wrong = links.find(([, shown = '', target = '']) => ownDomain(shown) !== ownDomain(target))
  return wrong ? [{ kind: 'link-mismatch', words: wrong[0] }] : []
}
