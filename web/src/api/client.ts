/** The only place that talks to the server: one GET, its errors translated into what a person can act on. */

/** What went wrong, in the server's words where it had some. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(message: string, code: string, status: number) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** GET a path of the API; an answer with the status `also` is one too. Throws ApiError. */
export async function get<T>(path: string, query: Query, signal: AbortSignal, also?: number): Promise<T> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  let response: Response;
  try {
    response = await fetch(text === "" ? path : `${path}?${text}`, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError("The spanglass server does not answer. Is `spanglass up` still running?", "unreachable", 0);
  }
  const body: unknown = await response.json().catch(() => null);
  // The server has a page that asks for its key.
  if (response.status === 401) location.assign("/login");
  if (!response.ok && !(response.status === also && isRecord(body))) throw refusal(response.status, body);
  return body as T;
}

function refusal(status: number, body: unknown): ApiError {
  const error = isRecord(body) && isRecord(body.error) ? body.error : {};
  const message = typeof error.message === "string" ? error.message : `The server answered with HTTP ${status}.`;
  return new ApiError(message, typeof error.code === "string" ? error.code : "http", status);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
