/** Talking HTTP to the platform's API: one place where requests are framed and refusals become errors. */

export const API_BASE = "/api/v1";

const TIMEOUT_MS = 20_000;

export interface FieldProblem {
  field: string;
  message: string;
}

/** The members of an `application/problem+json` answer (RFC 9457) that this app reads. */
interface Problem {
  code?: string;
  request_id?: string;
  errors?: FieldProblem[];
}

/** The API answered, and the answer was no. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  readonly fields: readonly FieldProblem[];

  constructor(status: number, problem: Problem) {
    super(`${status} ${problem.code ?? "without a code"}`);
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "";
    this.requestId = problem.request_id ?? "";
    this.fields = problem.errors ?? [];
  }
}

/** No answer came: offline, refused, cut off, or too slow. */
export class NetworkError extends Error {
  constructor(cause: unknown) {
    super("no answer from the API", { cause });
    this.name = "NetworkError";
  }
}

export interface Request {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Sends one request below `API_BASE` and returns the decoded body, `undefined` for an empty one. An object that came
 * with an ETag (RFC 9110) carries it as its member `etag`.
 * Throws ApiError for an answer outside 2xx and NetworkError when none came.
 */
export async function send(fetch: Fetch, path: string, { method = "GET", body, headers = {} }: Request = {}): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(API_BASE + path, {
      method,
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      cache: "no-store",
      credentials: "same-origin",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (cause) {
    throw new NetworkError(cause);
  }
  const answer = parse(text);
  if (response.ok && answer !== NOT_JSON) {
    const etag = response.headers.get("ETag");
    return etag !== null && isObject(answer) ? { ...answer, etag } : answer;
  }
  const problem = isObject(answer) ? (answer as Problem) : {};
  throw new ApiError(response.status, { request_id: response.headers.get("X-Request-ID") ?? "", ...problem });
}

const NOT_JSON = Symbol("not JSON");

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return NOT_JSON;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
