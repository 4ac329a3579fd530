/** Says what went wrong, and offers to try again where that can help. */
import { ApiError } from "../api/client.ts";
export function Problem({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
  return (
    <div className="teach" role="alert">
      <h2>{refused ? "The server cannot answer this" : "This could not be loaded"}</h2>
      <p>{error.message}</p>
      {!refused && (
        <div className="teach-row">
          <button className="button" type="button" onClick={onRetry}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}
