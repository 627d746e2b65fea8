// npm test: builds, and runs every test on the running binary.

import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

rmSync(new URL('dist', import.meta.url), { recursive: true, force: true })
await import('./build.js')
const tests = fileURLToPath(new URL('dist/test/', import.meta.url))
const files = readdirSync(tests).filter((name) => name.endsWith('.test.js')).map((name) => tests + name)
process.exitCode = spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...files], { stdio: 'inherit' }).status ?? 1
