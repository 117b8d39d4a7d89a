/** Which models there are to talk to, and where: from the environment variables that providers agreed on. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { Environment } from '../system/environment.ts'
import { readSecret } from '../system/secret.ts'

export interface ModelEndpoint {
  readonly provider: ProviderName
  readonly model: string
  /** With the version in its path and no slash at the end: `https://api.openai.com/v1`. */
  readonly baseUrl: string
  /** Name or address without port and brackets, small letters. */
  readonly host: string
  /** null for a provider that asks for none. */
  readonly key: string | null
}

/** Local before remote: the portfolio goes from free to dear. */
export const PROVIDERS = ['ollama', 'openai', 'anthropic'] as const

export type ProviderName = (typeof PROVIDERS)[number]

const DEFAULT_MODEL: Record<ProviderName, string> = {
  ollama: 'llama3.2',
  openai: 'gpt-5.4-mini',
  anthropic: 'claude-haiku-4-5',
}

const CREDENTIAL: Record<ProviderName, string> = {
  ollama: 'OLLAMA_HOST',
  openai: 'OPENAI_API_KEY',
  anthropic: 'ANTHROPIC_API_KEY',
}

/** Handles of keys in the vault, for providers whose variable is not set. */
export type KeyHandles = Readonly<{ openai?: string | null; anthropic?: string | null }>

/**
 * The endpoints that `use` asks for.
 * @param use `auto`: every provider whose key or host is set, with its default model; `none`; or
 *   `provider:model`, such as `openai:gpt-5.4-mini`.
 * @throws CONFIG_INVALID for an unknown provider, a missing or unreadable key, an address that is none.
 */
export async function modelEndpoints(
  env: Environment,
  use: string,
  handles: KeyHandles = {},
): Promise<ModelEndpoint[]> {
  if (use === 'none') return []
  if (use === 'auto') {
    const found = await Promise.all(
      PROVIDERS.map((name) => endpointOf(env, name, DEFAULT_MODEL[name], handles)),
    )
    return found.filter((endpoint) => endpoint !== null)
  }
  const [, name, model] = /^([^:]+):(.+)$/.exec(use) ?? []
  const provider = PROVIDERS.find((known) => known === name)
  if (provider === undefined || model === undefined) throw unknownModel(use)
  const endpoint = await endpointOf(env, provider, model, handles)
  return [endpoint ?? (provider === 'ollama' ? ollama('', model) : missingKey(use, provider))]
}

/** null when the provider's key or host is not set. */
async function endpointOf(
  env: Environment,
  provider: ProviderName,
  model: string,
  handles: KeyHandles,
): Promise<ModelEndpoint | null> {
  if (provider === 'ollama') {
    const host = env.OLLAMA_HOST?.trim()
    return host ? ollama(host, model) : null
  }
  const key = (await readSecret(env, CREDENTIAL[provider])) ?? handles[provider] ?? null
  if (key === null) return null
  return { provider, model, key, ...(provider === 'openai' ? openAiAddress(env) : anthropicAddress(env)) }
}

/** As the provider's own client does: paths are added to what `OPENAI_BASE_URL` says. */
function openAiAddress(env: Environment) {
  return address(env.OPENAI_BASE_URL?.trim() || 'https://api.openai.com/v1', 'OPENAI_BASE_URL')
}

/** As the provider's own client does: `ANTHROPIC_BASE_URL` ends before `/v1`; with it is accepted too. */
function anthropicAddress(env: Environment) {
  const base = address(env.ANTHROPIC_BASE_URL?.trim() || 'https://api.anthropic.com', 'ANTHROPIC_BASE_URL')
  return base.baseUrl.endsWith('/v1') ? base : { ...base, baseUrl: `${base.baseUrl}/v1` }
}

/**
 * `OLLAMA_HOST` as Ollama reads it: `host`, `host:port`, `:port` or a URL; the port is 11434 unless a URL
 * says otherwise. 0.0.0.0, which tells a server to listen everywhere, means this machine.
 */
function ollama(host: string, model: string): ModelEndpoint {
  const hasScheme = /^https?:\/\//i.test(host)
  const text = hasScheme ? host : `http://${host.startsWith(':') || host === '' ? `127.0.0.1${host}` : host}`
  const url = parseUrl(text, 'OLLAMA_HOST')
  if (!hasScheme && !/:\d+(\/|$)/.test(host)) url.port = '11434'
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  if (url.hostname === '[::]') url.hostname = '[::1]'
  const base = address(url.href, 'OLLAMA_HOST')
  const baseUrl = base.baseUrl.endsWith('/v1') ? base.baseUrl : `${base.baseUrl}/v1`
  return { provider: 'ollama', model, key: null, ...base, baseUrl }
}

function address(text: string, variable: string): Pick<ModelEndpoint, 'baseUrl' | 'host'> {
  const url = parseUrl(text, variable)
  return {
    baseUrl: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    host: url.hostname.replace(/^\[|\]$/g, ''),
  }
}

function parseUrl(text: string, variable: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  const usable = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  if (usable) return url
  throw new HoldfastError(
    'CONFIG_INVALID',
    `${variable} is not an http or https address without a password`,
    {
      details: { variable },
      fix: `Set it to something like ${variable === 'OLLAMA_HOST' ? '127.0.0.1:11434' : 'https://api.example.com/v1'}.`,
    },
  )
}

function unknownModel(use: string): HoldfastError {
  return new HoldfastError('CONFIG_INVALID', `${JSON.stringify(use)} names no model`, {
    details: { use },
    fix: `Use auto, none, or provider:model with one of the providers ${PROVIDERS.join(', ')}.`,
  })
}

function missingKey(use: string, provider: ProviderName): never {
  const variable = CREDENTIAL[provider]
  throw new HoldfastError('CONFIG_INVALID', `The model ${use} is asked for, but ${variable} is not set`, {
    details: { use, variable },
    fix: `Set ${variable} or ${variable}_FILE, or choose another model.`,
  })
}
