import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { modelEndpoints } from './endpoint.ts'

async function only(env: Record<string, string>, use = 'auto') {
  const [endpoint, ...others] = await modelEndpoints(env, use)
  assert.deepEqual(others, [])
  assert.ok(endpoint)
  return endpoint
}

test('OLLAMA_HOST is read as Ollama reads it', async () => {
  const cases: [string, string, string][] = [
    ['localhost', 'http://localhost:11434/v1', 'localhost'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080/v1', '127.0.0.1'],
    [':8080', 'http://127.0.0.1:8080/v1', '127.0.0.1'],
    ['0.0.0.0', 'http://127.0.0.1:11434/v1', '127.0.0.1'],
    ['0.0.0.0:80', 'http://127.0.0.1/v1', '127.0.0.1'],
    ['[::]:11434', 'http://[::1]:11434/v1', '::1'],
    ['http://gpu.lan:11434/', 'http://gpu.lan:11434/v1', 'gpu.lan'],
    ['https://Models.Example/ollama', 'https://models.example/ollama/v1', 'models.example'],
    ['http://gpu.lan:11434/v1', 'http://gpu.lan:11434/v1', 'gpu.lan'],
  ]
  for (const [text, baseUrl, host] of cases) {
    const endpoint = await only({ OLLAMA_HOST: text })
    assert.deepEqual([endpoint.baseUrl, endpoint.host], [baseUrl, host], text)
  }
})

test('base addresses are read as the own clients of the providers read them', async () => {
  const openai = (env = {}) => only({ OPENAI_API_KEY: 'k', ...env })
  const anthropic = (env = {}) => only({ ANTHROPIC_API_KEY: 'k', ...env })
  assert.equal((await openai()).baseUrl, 'https://api.openai.com/v1')
  assert.equal((await openai({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1/' })).baseUrl, 'http://127.0.0.1:9/v1')
  assert.equal((await openai({ OPENAI_BASE_URL: '' })).host, 'api.openai.com')
  assert.equal((await anthropic()).baseUrl, 'https://api.anthropic.com/v1')
  for (const base of ['http://proxy.lan', 'http://proxy.lan/', 'http://proxy.lan/v1']) {
    assert.equal((await anthropic({ ANTHROPIC_BASE_URL: base })).baseUrl, 'http://proxy.lan/v1')
  }
})

test('auto takes every provider there is access to, local first; none takes none', async () => {
  const env = { ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o', OLLAMA_HOST: 'localhost' }
  const auto = await modelEndpoints(env, 'auto')
  assert.deepEqual(
    auto.map(({ provider }) => provider),
    ['ollama', 'openai', 'anthropic'],
  )
  assert.deepEqual(await modelEndpoints(env, 'none'), [])
  assert.deepEqual(await modelEndpoints({}, 'auto'), [])
})

test('provider:model takes that one; Ollama needs no variable, the model may hold a colon', async () => {
  const env = { OPENAI_API_KEY: 'o', OLLAMA_HOST: 'gpu.lan' }
  assert.equal((await only(env, 'openai:gpt-5.5')).model, 'gpt-5.5')
  const local = await only({}, 'ollama:qwen3:4b')
  assert.deepEqual([local.model, local.baseUrl], ['qwen3:4b', 'http://127.0.0.1:11434/v1'])
})

test('a key may come from a file', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'endpoint-'))
  t.after(() => rm(dir, { recursive: true }))
  const file = join(dir, 'key')
  await writeFile(file, 'sk-from-file\n')
  assert.equal((await only({ OPENAI_API_KEY_FILE: file })).key, 'sk-from-file')
  assert.equal((await only({ ANTHROPIC_API_KEY_FILE: file })).key, 'sk-from-file')
})

test('what can not work is refused at once, and no secret is in the message', async () => {
  const wrong: [Record<string, string>, string, RegExp][] = [
    [{}, 'openai:gpt-5.5', /OPENAI_API_KEY is not set/],
    [{}, 'gpt-5.5', /"gpt-5.5" names no model/],
    [{}, 'mistral:large', /"mistral:large" names no model/],
    [{ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'ftp://x' }, 'auto', /OPENAI_BASE_URL is not an http/],
    [{ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://me:hunter2@x' }, 'auto', /OPENAI_BASE_URL/],
    [{ OLLAMA_HOST: 'http://' }, 'auto', /OLLAMA_HOST/],
    [{ OPENAI_API_KEY_FILE: '/nowhere/key' }, 'auto', /OPENAI_API_KEY_FILE/],
  ]
  for (const [env, use, message] of wrong) {
    await assert.rejects(modelEndpoints(env, use), (error: Error & { code: string; fix: string }) => {
      assert.equal(error.code, 'CONFIG_INVALID')
      assert.match(error.message, message)
      assert.doesNotMatch(error.message + error.fix, /hunter2/)
      return true
    })
  }
})
