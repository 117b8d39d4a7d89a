/** The `holdfast.yaml` that `init` writes: everything that can be set, most of it as a comment. */

export interface OwnerAnswers {
  readonly name?: string
  readonly addresses?: readonly string[]
  readonly business?: string
  /** Country of phone numbers without a country code: two capital letters. */
  readonly region?: string
}

export function defaultConfigText(owner: OwnerAnswers = {}): string {
  // JSON is YAML: quoted so, no name can break out of its place.
  const { name = '', addresses = [], business = '', region = 'US' } = owner
  return `# Configuration of this workspace.
# Variables (HOLDFAST_OWNER_NAME …) and flags go before what stands here; your own
# file in ~/.config/holdfast/config.yaml comes after it. Where each value comes from:
#   holdfast config show --origin

owner:
  name: ${JSON.stringify(name)}
  # Mail from these addresses is your own; replies are sent from the first one.
  addresses: ${JSON.stringify(addresses)}
  business: ${JSON.stringify(business)}
  # Country of phone numbers that are written without a country code.
  region: ${JSON.stringify(region)}

# Paths start at this folder, or at your home with ~/ in front.
mail:
  in:
    # A folder in Maildir format (new, cur, tmp) that anything may deliver to.
    maildir: mail/Inbox
  out:
    # maildir writes to sentDir and sends nothing; smtp sends by the server below.
    connector: maildir
    sentDir: mail/Sent

# smtp:
#   host: smtp.example.com
#   port: 587
#   secure: false             # true: TLS from the first byte (port 465)
#   user: you@example.com
#   password: vault:smtp-password    # holdfast vault set smtp-password; or HOLDFAST_SMTP_PASSWORD

# models:
#   # auto takes what the environment gives access to: OLLAMA_HOST, OPENAI_API_KEY,
#   # ANTHROPIC_API_KEY. none lets the playbook decide alone. Or name one:
#   use: openai:gpt-5.4-mini
#   keys:
#     openai: vault:openai-key   # or OPENAI_API_KEY
#   # For costs and budgets; without a price the cost of a call is unknown.
#   prices:
#     openai:gpt-5.4-mini: { inputPerMillionUsd: 0.75, outputPerMillionUsd: 4.5 }

# limits:
#   activeRuns: 64            # runs that advance at the same time

# webhooks:
#   # Others deliver to http://127.0.0.1:8787/webhooks/shop, signed with a secret of the vault.
#   listen: 127.0.0.1:8787
#   from:
#     shop: { secrets: [vault:shop-hook, vault:shop-hook-next], kind: order.placed, key: data.customer }
`
}
