/**
 * `connector check NAME`: the contract suite over one of the connectors, with folders of its own. `maildir`
 * touches nothing of the workspace; `smtp` sends a real mail by the configured server.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../../adapters/system/environment.ts'
import { vaultWithoutLog } from '../../adapters/vault/vault.ts'
import { maildirConnector } from '../../connectors/maildir/connector.ts'
import { smtpConnector } from '../../connectors/smtp/connector.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { OutgoingMail } from '../../mail/outgoing.ts'
import { type ConnectorCheck, type ContractReport, checkConnector } from '../../ports/connector.contract.ts'
import { type Redactor, secretNamed } from '../../ports/vault.ts'
import { loadConfig } from '../config/config.ts'
import { secretOrHandle } from '../config/secret-sources.ts'

export interface ConnectorChoice {
  readonly name: string
  readonly dir: string
  readonly env: Environment
  /** smtp: where its mail goes. */
  readonly to: string | undefined
  /** Gets to know the secret that is opened for it. */
  readonly redactor: Redactor
}

const NAMES = ['maildir', 'smtp']
const HANG_LIMIT_MS = 20_000

/** @throws CONNECTOR_UNKNOWN, USAGE, CONFIG_INVALID */
export async function checkConnectorNamed(choice: ConnectorChoice): Promise<ContractReport> {
  const scratch = await mkdtemp(join(tmpdir(), 'holdfast-check-'))
  try {
    if (choice.name === 'maildir') return await checkConnector(await maildirCheck(scratch))
    if (choice.name === 'smtp') return await checkSmtp(scratch, choice)
    throw new HoldfastError(
      'CONNECTOR_UNKNOWN',
      `There is no connector ${JSON.stringify(choice.name)}; there are ${NAMES.join(' and ')}`,
      { details: { name: choice.name, known: NAMES } },
    )
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function maildirCheck(scratch: string): Promise<ConnectorCheck> {
  const sentDir = join(scratch, 'Sent')
  const noFolder = join(scratch, 'file')
  await writeFile(noFolder, '')
  const at = (folder: string) =>
    maildirConnector({ sentDir: join(folder, 'Sent'), inboxDir: join(folder, 'Inbox'), now: Date.now })
  return {
    connector: at(scratch),
    broken: at(noFolder),
    samples: {
      send: { input: testMail('somebody@example.com'), seen: () => filesIn(join(sentDir, 'cur')) },
      receive: { input: {}, seen: async () => 0 },
    },
  }
}

async function checkSmtp(
  scratch: string,
  { dir, env, to, redactor }: ConnectorChoice,
): Promise<ContractReport> {
  const { config, settings } = await loadConfig({ dir, env })
  const { host, port, secure, user } = config.smtp
  if (host === null) {
    throw new HoldfastError('CONFIG_INVALID', 'smtp.host is not set in holdfast.yaml', {
      fix: 'Set smtp.host (HOLDFAST_SMTP_HOST), or check another connector.',
    })
  }
  if (to === undefined) {
    throw new HoldfastError('USAGE', `Checking smtp sends a real mail by ${host}`, {
      fix: 'Say where it goes, with --to ADDRESS.',
    })
  }
  const password = (await secretOrHandle('HOLDFAST_SMTP_PASSWORD', { dir, env, settings })) ?? ''
  const auth = user === null ? null : { user, pass: password }
  const secrets = auth === null ? {} : await openedFor(password, dir, env, redactor)
  const folders = { sentDir: join(scratch, 'Sent'), outboxDir: join(scratch, 'outbox'), now: Date.now }
  const silent = await listenSilently()
  const nowhere = await listenSilently()
  nowhere.close()
  const local = { host: '127.0.0.1', secure: false, auth: null, ...folders }
  try {
    return await checkConnector({
      connector: smtpConnector({ host, port, secure, auth, ...folders }),
      broken: smtpConnector({ ...local, port: nowhere.port }),
      hanging: smtpConnector({ ...local, port: silent.port }),
      samples: { send: { input: testMail(to, config.owner.addresses[0] ?? to) } },
      limitMs: HANG_LIMIT_MS,
      secrets,
    })
  } finally {
    silent.close()
  }
}

/** By its name, the secret that a handle stands for. @throws SECRET_UNKNOWN, VAULT_* */
async function openedFor(
  handle: string,
  dir: string,
  env: Environment,
  redactor: Redactor,
): Promise<Record<string, string>> {
  const name = secretNamed(handle)
  if (name === null) {
    redactor.know(handle, '[HOLDFAST_SMTP_PASSWORD]')
    return {}
  }
  const { value } = await (await vaultWithoutLog({ dir, env })).open(name)
  redactor.know(value, handle)
  return { [name]: value }
}

/** Takes connections and never says a word. */
async function listenSilently(): Promise<{ port: number; close(): void }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { port: typeof address === 'object' && address ? address.port : 0, close: () => server.close() }
}

async function filesIn(folder: string): Promise<number> {
  return (await readdir(folder).catch(() => [])).length
}

function testMail(to: string, from = 'owner@example.com'): OutgoingMail {
  return {
    from: { name: '', address: from },
    to: [{ name: '', address: to }],
    subject: 'Test of the mail connector',
    text: 'This is a test of Holdfast. You can delete it.',
    inReplyTo: null,
    references: [],
  }
}
