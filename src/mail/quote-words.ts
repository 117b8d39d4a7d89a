/** The words by which mail programs of many languages mark quoted messages and their own footers. */

const anyOf = (words: readonly string[]) => `(?:${words.join('|')})`

/** The verb of an attribution line. */
export const WROTE = new RegExp(
  `(?:^|[\\s,(>])${anyOf([
    'wrote',
    'writes',
    'schrieb',
    'a écrit',
    'escribió',
    'ha scritto',
    'escreveu',
    'schreef',
    'heeft geschreven',
    'skrev',
    'skreiv',
    'kirjoitti',
    'napisał(?:\\(a\\)|a)?',
    'pisze',
    'napsal(?:\\(a\\)|a)?',
    'napísal(?:\\(a\\)|a)?',
    'ezt írta',
    'a scris',
    'va escriure',
    'yazdı',
    'şunu yazdı',
    'написал(?:\\(а\\)|а)?',
    'написав(?:\\(ла\\))?',
    'пишет',
    'пише',
    'написа',
    'έγραψε',
  ])}(?=[\\s:(,]|$)|(?:写道|寫道|님이 작성|書きました|のメール|כתב|كتب)`,
  'iu',
)

/** How an attribution begins, where no empty line stands before it. */
export const OPENING = new RegExp(
  `^${anyOf(['On', 'Am', 'Le', 'El', 'Il', 'Em', 'Op', 'Den', 'Dne', 'Dňa', 'W dniu', 'În', 'Pe', 'Στις'])}\\s.*\\d`,
  'u',
)

/** `-----Original Message-----` and its like. */
export const SEPARATOR = new RegExp(
  `^[-_=*\\s]{2,}${anyOf([
    'Original Message',
    'Original Appointment',
    'Forwarded message',
    'Ursprüngliche Nachricht',
    'Originalnachricht',
    'Ursprünglicher Termin',
    'Weitergeleitete Nachricht',
    "Message d['’]origine",
    'Message original',
    'Message transféré',
    'Mensaje original',
    'Mensaje reenviado',
    'Messaggio originale',
    'Messaggio inoltrato',
    'Mensagem original',
    'Mensagem encaminhada',
    'Oorspronkelijk bericht',
    'Doorgestuurd bericht',
    'Ursprungligt meddelande',
    'Ursprungsmeddelande',
    'Vidarebefordrat meddelande',
    'Oprindelig meddelelse',
    'Opprinnelig melding',
    'Alkuperäinen viesti',
    'Wiadomość oryginalna',
    'Původní zpráva',
    'Исходное сообщение',
  ])}[-_=*\\s]*$`,
  'iu',
)

/** Apple Mail's line above a forwarded message. */
export const FORWARD = new RegExp(
  `^${anyOf([
    'Begin forwarded message',
    'Anfang der weitergeleiteten Nachricht',
    'Début du message (?:réexpédié|transféré)',
    'Inicio del mensaje reenviado',
    'Inizio messaggio inoltrato',
    'Início da mensagem (?:re)?encaminhada',
    'Begin doorgestuurd bericht',
    'Vidarebefordrat brev',
    'Start på videresendt besked',
  ])}\\s*:$`,
  'iu',
)

/** The rule that Outlook draws above a header block. */
export const RULE = /^_{8,}$/

const label = (words: readonly string[]) => new RegExp(`^\\*{0,2}${anyOf(words)}\\s?:\\*{0,2}(?:\\s|$)`, 'iu')

export const HEADER_FROM = label(['From', 'Von', 'De', 'Från', 'Da', 'Van', 'Fra', 'Lähettäjä', 'Od', 'От'])
export const HEADER_SENT = label([
  'Sent',
  'Date',
  'Gesendet',
  'Datum',
  'Envoyé(?: le)?',
  'Enviado(?: el| em)?',
  'Enviada(?: em)?',
  'Fecha',
  'Skickat',
  'Inviato',
  'Data',
  'Verzonden',
  'Sendt',
  'Dato',
  'Lähetetty',
  'Päivämäärä',
  'Wysłano',
  'Odesláno',
  'Отправлено',
  'Дата',
])
export const HEADER_TO = label([
  'To',
  'An',
  'À',
  'A',
  'Para',
  'Till',
  'Aan',
  'Til',
  'Vastaanottaja',
  'Do',
  'Komu',
  'Кому',
])
export const HEADER_SUBJECT = label([
  'Subject',
  'Betreff',
  'Objet',
  'Asunto',
  'Ämne',
  'Oggetto',
  'Assunto',
  'Onderwerp',
  'Emne',
  'Aihe',
  'Temat',
  'Předmět',
  'Тема',
])

/** The line that a phone or a mail program adds by itself. */
export const FOOTER = new RegExp(
  `^${anyOf([
    'Sent from (?:my |Outlook|Yahoo|Mail for|Proton|Samsung|a mobile|Gmail)',
    'Sent (?:via|with) (?:Proton|Outlook|Superhuman|Spark|Airmail)',
    'Get Outlook for (?:iOS|Android)',
    'Von meinem .{2,40} gesendet$',
    'Gesendet (?:von (?:mein|Mail|Outlook|Yahoo)|mit (?:der|meinem|Proton|GMX|WEB|Outlook)|über)',
    'Diese Nachricht wurde von mein.{2,80}gesendet',
    'Envoyé (?:de|depuis) (?:mon |Outlook|Yahoo|l’|un )',
    'Obtenir Outlook pour',
    'Enviado (?:desde|do|de|a partir do) (?:mi |meu |Outlook|Yahoo|Correo)',
    'Obtener Outlook para',
    'Obter o Outlook para',
    'Inviato (?:da|dal mio) (?:iPhone|iPad|Outlook|Yahoo|Samsung|Libero)',
    'Scarica Outlook per',
    'Verzonden vanaf ',
    'Download Outlook voor',
    'Skickat från (?:min |Outlook|Yahoo|E-post)',
    'Skaffa Outlook för',
    'Hämta Outlook för',
    'Sendt fra (?:min |Outlook|Yahoo)',
    'Hent Outlook',
    'Lähetetty (?:iPhonesta|puhelimesta|Outlookista)',
    'Wysłan[eo] z (?:iPhone|iPad|mojego|telefonu)',
    'Odesláno z (?:iPhonu|mého)',
    'Отправлено (?:с|из) ',
  ])}`,
  'iu',
)
