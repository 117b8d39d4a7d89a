/**
 * Secrets in a text, by the rules of secretlint (its recommended preset: keys and tokens of some thirty services,
 * private keys, passwords in addresses of databases and web pages). The rules are asked one by one, without
 * secretlint's own runner, which answers later; they look at the text alone, so that the same text always gives the
 * same answer. Passwords of the vault are no pattern: the redactor knows them.
 */
import { rules } from '@secretlint/secretlint-rule-preset-recommend'

/** The part of a rule of secretlint that is used here. */
interface SecretRule {
  readonly meta: { readonly id: string }
  create(
    context: RuleContext,
    options: object,
  ): {
    file?(source: { filePath: string; content: string; contentType: 'text'; ext: string }): void
  }
}

interface RuleContext {
  readonly sharedOptions: object
  createTranslator(): (id: string) => { message: string; messageId: string }
  report(found: object): void
  ignore(): void
}

const PREFIX = '@secretlint/secretlint-rule-'
/** Where a rule looks for less by itself. */
const OPTIONS: Readonly<Record<string, object>> = { [`${PREFIX}aws`]: { enableIDScanRule: true } }

let found: string | null = null
let looks: readonly ((content: string) => void)[] | null = null

/** What sort of secret it holds: `github`, `privatekey`; null for none. */
export function secretIn(content: string): string | null {
  // Each is written without a space for at least so long, and most short texts have nothing of the kind.
  if (!/\S{16}/.test(content)) return null
  looks ??= made()
  found = null
  for (const look of looks) {
    look(content)
    if (found !== null) return found
  }
  return null
}

function made(): ((content: string) => void)[] {
  return (rules as unknown as readonly SecretRule[]).flatMap((rule) => {
    const { id } = rule.meta
    const context: RuleContext = {
      sharedOptions: {},
      createTranslator: () => (messageId) => ({ message: messageId, messageId }),
      report() {
        found = id.slice(PREFIX.length)
      },
      // By comments in the text: whoever writes it is not to say what is looked for.
      ignore() {},
    }
    const { file } = rule.create(context, OPTIONS[id] ?? {})
    if (file === undefined) return []
    return (content: string) => file({ filePath: 'text.txt', content, contentType: 'text', ext: '.txt' })
  })
}
