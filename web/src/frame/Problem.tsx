/** Says what went wrong and offers to try again. */
export function Problem({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  return (
    <div className="teach" role="alert">
      <h2>This could not be loaded</h2>
      <p>{error.message}</p>
      <div className="teach-row">
        <button className="button" type="button" onClick={onRetry}>
          Try again
        </button>
      </div>
    </div>
  );
}
