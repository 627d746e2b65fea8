// What a request can end in, besides success.

/** An RFC 9457 problem. Decide by its code; the list is in schemas/problems.json. */
export class Problem extends Error {
  constructor(
    readonly status: number, readonly code: string, readonly detail: string,
    readonly retryAfter: number | undefined, // seconds
    readonly headers: Headers, readonly body: unknown,
  ) {
    super(`${status} ${code}: ${detail}`)
  }
}

/** The session is too weak or too old for this (RFC 9470): log in again as it says, and give the same order, with the same key. */
export class StepUpNeeded extends Problem {
  readonly acrValues: string | undefined
  readonly maxAge: number | undefined

  constructor(...args: ConstructorParameters<typeof Problem>) {
    super(...args)
    const challenge = this.headers.get('WWW-Authenticate') ?? ''
    this.acrValues = /acr_values="([^"]*)"/.exec(challenge)?.[1]
    const age = /max_age="(\d+)"/.exec(challenge)?.[1]
    this.maxAge = age === undefined ? undefined : Number(age)
  }
}

/** Reads what was refused: a problem, or an error of RFC 6749. */
export async function refusal(response: Response): Promise<Problem> {
  const text = await response.text()
  let body: Record<string, unknown> = {}
  try {
    body = JSON.parse(text) as Record<string, unknown>
  } catch { /* not from the bank: a proxy's page, or nothing */ }
  const code = String(body['code'] ?? body['error'] ?? 'unreadable').replaceAll('_', '-')
  const after = Number(response.headers.get('Retry-After') ?? NaN)
  const kind = code === 'insufficient-user-authentication' ? StepUpNeeded : Problem
  return new kind(response.status, code, String(body['detail'] ?? body['error_description'] ?? ''), Number.isNaN(after) ? undefined : after, response.headers, body)
}
